"""What a command cannot do is one line and an exit code."""

import pytest
import typer

from argo.domain.lists import Unreadable, UnreadableRecord
from console.failing import WRONG_INPUT, failing


def test_c17_a_record_that_cannot_be_read_is_a_line_and_no_traceback(capsys):
    @failing()
    def look():
        raise UnreadableRecord(Unreadable("signal abc", "schema_version 2"))

    with pytest.raises(typer.Exit) as ended:
        look()

    assert ended.value.exit_code == WRONG_INPUT
    assert capsys.readouterr().err == "signal abc: schema_version 2\n"
