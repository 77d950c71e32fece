"""What `argo doctor` found, by level."""

import re

NOT_OF_AN_IDLE_STACK = {"versions", "alarms"}
"""It lacks the template's alarms, and nobody subscribes to its topic."""


def levels(findings):
    """Return the names of the checks that found something, by level."""
    found = {}
    for name, finding in findings.items():
        found.setdefault(finding["level"], set()).add(name)
    return found


def broken(findings):
    return levels(findings).get("broken", set())


def warned(findings):
    return levels(findings).get("warning", set()) - NOT_OF_AN_IDLE_STACK


def assert_says(finding, seen, cure):
    assert re.search(seen, finding["seen"]), finding
    assert re.search(cure, finding["cure"]), finding
