import pytest

from tests.failures import named_tests, rows


def test_the_table_has_every_row_once():
    assert list(rows()) == sorted(rows(), key=list(rows()).index)
    first = {f"A{row:02}" for row in range(1, 37)} | {f"B{row:02}" for row in range(1, 16)}
    learnt = {f"C{row:02}" for row in (*range(1, 21), 44, *range(80, 90))}
    assert first <= set(rows()) <= first | learnt


@pytest.mark.parametrize("row", rows())
def test_a_row_has_a_test(row):
    assert row in {named for named, _ in named_tests()}


def test_no_test_is_named_after_a_row_that_is_not_there():
    assert [test for row, test in named_tests() if row not in rows()] == []
