"""Every account of argo.toml has what the others have: in the template, in samconfig.toml, in the sample.

Whoever adds an account copies what another one has. What was forgotten, or still names the one it was copied
from, is said here by its place.
"""

import json
import re
import tomllib
from collections import Counter

import pytest

from console.stacks import logical_name
from worlds.containers import SAMPLE_CONFIGURATION
from worlds.paths import PROJECT, TEMPLATE
from worlds.rehearsal import RehearsalError, check_accounts
from worlds.template import read_template

ACCOUNTS = tuple(tomllib.loads((PROJECT / "argo.toml").read_text("utf-8"))["accounts"])
SAMCONFIG = tomllib.loads((PROJECT / "samconfig.toml").read_text("utf-8"))


def texts(value, path):
    """Yield every name and every text of the template with its place; JSON inside a text is read as well."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    match value:
        case dict():
            for key, each in value.items():
                yield path, key
                yield from texts(each, (*path, key))
        case list() if any(isinstance(each, str) for each in value):
            yield path, " ".join(each for each in value if isinstance(each, str))
        case list():
            for each in value:
                yield from texts(each, path)
        case _:
            yield path, str(value)


def places_of(executor, template):
    """Return the places that name an account, with a mark for its name."""
    name = logical_name(executor)
    # Parameter names begin with /argo, whatever the account.
    spelt = re.compile(rf"(?<![\w.])(?<!^/)({executor}|{executor.replace('_', '-')})(?![\w.])")
    joined = re.compile(rf"(?<=[a-z]){name}(?![a-z])|{name}(?=[A-Z])")

    def marked(text):
        return joined.sub("{Name}", spelt.sub("{name}", text))

    found = {(*map(marked, path), marked(text)) for path, text in texts(template, ())}
    return {place for place in found if "{name}" in " ".join(place) or "{Name}" in " ".join(place)}


def lacking(template, executors):
    """Return, by its place, what an account lacks and two others have."""
    places = {each: places_of(each, template) for each in executors}
    shared = {
        place for place, number in Counter(p for found in places.values() for p in found).items() if number > 1
    }
    return [
        ": ".join([".".join(place[:-1]), place[-1]])
        .replace("{name}", executor)
        .replace("{Name}", logical_name(executor))
        for executor in executors
        for place in sorted(shared - places[executor])
    ]


def told(missing):
    if missing:
        pytest.fail("\n".join(missing), pytrace=False)


def test_the_template_has_for_every_account_what_it_has_for_the_others():
    told([f"template.yaml lacks {each}" for each in lacking(read_template(TEMPLATE), ACCOUNTS)])


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_that_names_an_accounts_credentials_names_every_accounts(environment):
    overrides = SAMCONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    named = set(re.findall(r"(CredentialsParameter\w+)=", overrides))
    wanted = [f"CredentialsParameter{logical_name(each)}" for each in ACCOUNTS] if named else []

    told([f"samconfig.toml, {environment}: no {each}=..." for each in wanted if each not in named])


def test_the_sample_has_every_account():
    sample = tomllib.loads(SAMPLE_CONFIGURATION.read_text("utf-8"))["accounts"]

    told([f"{SAMPLE_CONFIGURATION.name} lacks [accounts.{each}]" for each in ACCOUNTS if each not in sample])


def test_a_rehearsal_without_an_account_is_refused_before_it_deploys():
    with pytest.raises(RehearsalError, match=r"events/argo-sample.toml lacks \[accounts.swing\]"):
        check_accounts(("argo", "swing"), ("argo",))


def test_what_was_forgotten_is_named_by_its_place():
    template, model = read_template(TEMPLATE), logical_name(ACCOUNTS[-1])
    for section in ("Parameters", "Resources", "Outputs"):
        for name in [each for each in template[section] if model in each]:
            entry = json.dumps(template[section][name]).replace(model, "Copied").replace(ACCOUNTS[-1], "copied")
            template[section][name.replace(model, "Copied")] = json.loads(entry)
    template["Resources"]["ReconcileCopiedFunction"]["Properties"]["Environment"]["Variables"]["ARGO_EXECUTOR"] = (
        "x"
    )
    del template["Resources"]["CopiedDeadLetterQueuePolicy"]

    missing = lacking(template, (*ACCOUNTS, "copied"))

    for place in (
        "Resources: CopiedDeadLetterQueuePolicy",
        "Resources.ReconcileCopiedFunction.Properties.Environment.Variables.ARGO_EXECUTOR: copied",
        "Resources.GenerateFunction.Properties.Environment.Variables.ARGO_QUEUE_URLS.Fn::Sub: copied",
        "Resources.ApiFunction.Properties.Policies.Statement.Resource.Fn::GetAtt: CopiedQueue Arn",
        "Resources.Dashboard.Properties.DashboardBody.Fn::Sub.widgets.properties.metrics: "
        "Argo Equity service reconcile executor copied mode ${Mode}",
    ):
        assert place in missing
