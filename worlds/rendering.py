"""template.yaml, and what else names an account, as argo.toml's enabled accounts make it."""

import re
from collections.abc import Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from argo.domain.config import parse_configuration
from argo.domain.naming import logical_name, namesakes
from argo.domain.tables import ConfigurationError
from worlds.paths import PROJECT

SAMCONFIG = PROJECT / "samconfig.toml"
MOST_ACCOUNTS = 13
"""A stack has at most 500 resources, of which SAM makes 34 an account and 45 besides:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html."""

_SOURCES = Environment(
    loader=FileSystemLoader(PROJECT / "template"),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 - it writes YAML
)
_BLANK_LINES = re.compile(r"\n{3,}")
_TABLE = re.compile(r"^(?=\[)", re.MULTILINE)
_ACCOUNT = re.compile(r"\[accounts\.(\w+)[.\]]")
_OVERRIDES = re.compile(r"^(parameter_overrides = .*?)((?: CredentialsParameter\w+=[^\s\"]+)+)", re.MULTILINE)
_CREDENTIALS = re.compile(r"CredentialsParameter(\w+)=([^\s\"]+)")


def rendered(executors: Sequence[str]) -> str:
    """Return template.yaml for these accounts.

    Raises:
        ConfigurationError: too many accounts for one stack, or two whose resources would have the same names.
    """
    if len(executors) > MOST_ACCOUNTS:
        raise ConfigurationError(f"argo.toml enables {len(executors)} accounts, and a stack holds {MOST_ACCOUNTS}")
    names = {executor: logical_name(executor) for executor in executors}
    if alike := namesakes(executors):
        raise ConfigurationError(f"accounts {' and '.join(alike)}: the resources of both are {names[alike[0]]}...")
    accounts = [
        {"name": executor, "Name": name, "dashed": executor.replace("_", "-")} for executor, name in names.items()
    ]
    of_accounts = [f"{work}{name}" for work in ("Execute", "Reconcile") for name in names.values()]
    written = _SOURCES.get_template("shared.yaml.j2").render(
        accounts=accounts, functions=["Generate", *of_accounts, "Api"]
    )
    return _BLANK_LINES.sub("\n\n", written)


def with_credentials(samconfig: str, executors: Sequence[str]) -> str:
    """Return samconfig.toml naming every account's parameter in each environment that names one's.

    An account that is new gets the path of the first one there, with its own name in it.

    Raises:
        ConfigurationError: that path does not say whose it is: two accounts would trade with one key.
    """

    def renamed(found: re.Match[str]) -> str:
        known = dict(_CREDENTIALS.findall(found[2]))
        first, path = next(iter(known.items()))
        # The part of the path that is the first account's name, the last where several are.
        parts = path.split("/")
        place = max((i for i, part in enumerate(parts) if part and logical_name(part) == first), default=None)
        for executor in executors:
            name = logical_name(executor)
            if name in known:
                continue
            if place is None:
                raise ConfigurationError(
                    f"samconfig.toml: CredentialsParameter{first}={path} tells no path for account {executor}: "
                    f"add CredentialsParameter{name}=... beside it"
                )
            known[name] = "/".join([*parts[:place], executor, *parts[place + 1 :]])
        owners: dict[str, str] = {}
        for name in map(logical_name, executors):
            if (other := owners.setdefault(known[name], name)) != name:
                both = f"CredentialsParameter{other} and CredentialsParameter{name}"
                raise ConfigurationError(f"samconfig.toml: {both} are both {known[name]}")
        named = (f" CredentialsParameter{name}={known[name]}" for name in map(logical_name, executors))
        return found[1] + "".join(named)

    return _OVERRIDES.sub(renamed, samconfig)


def with_accounts(sample: str, own: str, executors: Sequence[str]) -> str:
    """Return the sample configuration with its own rules for the accounts it knows, and argo.toml's for the rest.

    Raises:
        ConfigurationError: argo.toml has an account in another form than tables of its name, or what is written
            would not load.
    """
    tables = _tables_of_accounts(own) | _tables_of_accounts(sample)
    if missing := [executor for executor in executors if executor not in tables]:
        raise ConfigurationError(f"argo.toml: accounts.{missing[0]} is no table [accounts.{missing[0]}]")
    shared = [each for each in _TABLE.split(sample) if not _ACCOUNT.match(each)]
    written = "\n\n".join(each.strip("\n") for each in (*shared, *(tables[name] for name in executors))) + "\n"
    parse_configuration(written, "the sample's configuration")
    return written


def _tables_of_accounts(text: str) -> dict[str, str]:
    """Return each account's tables, as they stand."""
    tables: dict[str, str] = {}
    for table in _TABLE.split(text):
        if account := _ACCOUNT.match(table):
            tables[account[1]] = tables.get(account[1], "") + table
    return tables
