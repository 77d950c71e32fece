"""Say what an audit of the dependencies found, and what it could not look at: pip-audit's JSON on stdin.

Exit code 1 for a package with a known vulnerability, 2 where nothing was audited, 0 otherwise: a package that the
index does not answer for is named, and stops nobody from hearing of the others (docs/failures.md, C89).
"""

import json
import sys


def say(line: str) -> None:
    """Write a line to stdout."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Print the findings and return the exit code."""
    found = json.load(sys.stdin)["dependencies"]
    unknown = [each for each in found if "skip_reason" in each]
    vulnerable = [each for each in found if each.get("vulns")]
    for each in vulnerable:
        for known in each["vulns"]:
            mended = ", ".join(known["fix_versions"]) or "no version yet"
            say(f"VULNERABLE   {each['name']} {each.get('version')}: {known['id']}, mended in {mended}")
    for each in unknown:
        say(f"not audited  {each['skip_reason']}")
    audited = len(found) - len(unknown)
    say(f"{audited} of {len(found)} packages audited, {len(vulnerable)} of them vulnerable")
    return 1 if vulnerable else 0 if audited else 2


if __name__ == "__main__":
    sys.exit(main())
