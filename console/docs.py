"""`argo docs`: docs/reference.md, policies.md and proof.md, written from the code."""

from pathlib import Path
from typing import Annotated

import typer


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a file is not up to date.")
    ] = False,
) -> None:
    """Write docs/reference.md, policies.md and proof.md from the code."""
    if not check:
        write_docs()
        return
    stale = _stale()
    for path in stale:
        typer.echo(f"docs/{path.name} is not up to date: run `make docs`", err=True)
    raise typer.Exit(1 if stale else 0)


def write_docs() -> None:
    """Write every generated file that is not up to date."""
    for path, text in _stale().items():
        path.write_text(text, encoding="utf-8")


def _stale() -> dict[Path, str]:
    """Return what the files that are not up to date should say."""
    from console.policies import policies
    from console.reference import reference
    from trials.proof import PROOF, proof, read_record

    generated = {
        PROOF.with_name("reference.md"): reference(),
        PROOF.with_name("policies.md"): policies(),
        PROOF: proof(read_record().caught),
    }
    return {
        path: text
        for path, text in generated.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
