"""`argo template`: template.yaml, and what else names an account, written for argo.toml's enabled accounts."""

from typing import Annotated

import typer

from console.failing import failing


@failing()
def template(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is not up to date.")
    ] = False,
) -> None:
    """Write template.yaml, samconfig.toml's parameters and the sample's accounts from argo.toml."""
    from argo.environment import load_configuration
    from console.docs import bring_up_to_date
    from worlds.containers import SAMPLE_CONFIGURATION
    from worlds.paths import CONFIGURATION, TEMPLATE
    from worlds.rendering import SAMCONFIG, rendered, with_accounts, with_credentials

    executors = load_configuration(CONFIGURATION).executors
    own, sample, samconfig = (
        path.read_text(encoding="utf-8") for path in (CONFIGURATION, SAMPLE_CONFIGURATION, SAMCONFIG)
    )
    generated = {
        TEMPLATE: rendered(executors),
        SAMCONFIG: with_credentials(samconfig, executors),
        SAMPLE_CONFIGURATION: with_accounts(sample, own, executors),
    }
    bring_up_to_date(generated, check=check, made_by="make template")
