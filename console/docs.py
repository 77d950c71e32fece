"""`argo docs`: docs/keys.md, reference.md, policies.md and proof.md, written from the code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is not up to date.")
    ] = False,
) -> None:
    """Write docs/keys.md, reference.md, policies.md and proof.md from the code."""
    write_docs(check=check)


def write_docs(*, check: bool = False) -> None:
    """Write every generated page that is not up to date, or only say which are not."""
    from console.configuration_keys import configuration_keys
    from console.policies import policies
    from console.reference import reference
    from trials.proof import PROOF, proof, read_record

    pages = {
        PROOF.with_name("keys.md"): configuration_keys(),
        PROOF.with_name("reference.md"): reference(),
        PROOF.with_name("policies.md"): policies(),
        PROOF: proof(read_record().caught),
    }
    bring_up_to_date(pages, check=check, made_by="make docs")


def bring_up_to_date(generated: Mapping[Path, str], *, check: bool, made_by: str) -> None:
    """Write the files that are not up to date; with ``check``, name them and exit with 1 instead."""
    stale = {
        path: text
        for path, text in generated.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    for path, text in stale.items():
        if check:
            typer.echo(f"{path.name} is not up to date: run `{made_by}`", err=True)
        else:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        raise typer.Exit(1)
