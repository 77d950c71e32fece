import pytest

from argo.adapters.aws.parameters import Credentials
from argo.domain.addresses import LIVE_URL, PAPER_URL
from argo.domain.tables import ConfigurationError
from console.keys import mismatch, problem_of, read_secret

HUSH = "tell0nobody0of0this0one"


@pytest.mark.parametrize(
    ("key_id", "url", "mode", "words"),
    [
        ("PK123", PAPER_URL, "paper", None),
        ("AK123", LIVE_URL, "live", None),
        ("AK123", f"{LIVE_URL}/v2", "live", None),
        ("simulated-argo", "http://127.0.0.1:8000", "simulated", None),
        ("PK123", "http://127.0.0.1:8000", "simulated", None),
        ("CK123", PAPER_URL, "paper", None),
        ("PK123", LIVE_URL, "live", "a paper key"),
        ("PK123", f"{LIVE_URL}/v2/", "live", "a paper key"),
        ("AK123", PAPER_URL, "paper", "a live key"),
        ("AK123", LIVE_URL, "paper", "mode paper trades at"),
        ("PK123", PAPER_URL, "live", "mode live trades at"),
        ("simulated-argo", "http://127.0.0.1:8000", "live", "mode live trades at"),
    ],
)
def test_mode_address_and_key_are_of_one_world(key_id, url, mode, words):
    found = mismatch(key_id, url, mode)

    assert found is None if words is None else words in found


@pytest.mark.parametrize(
    ("key_id", "secret", "words"),
    [
        ("PKABCDEFGHIJKLMNOPQR", "aYouraaxxxaaReplaceaaxxxaaYouraa", None),
        ("simulated-argo", "simulated-argo", None),
        ("", HUSH, "key id is empty"),
        ("<key>", HUSH, "key id is a placeholder"),
        ("PK...", HUSH, "key id is a placeholder"),
        ("PKABCDEFGHIJKLMNOPQR", "changeme", "secret is a placeholder"),
        ("PKABCDEFGHIJKLMNOPQR", "your-secret-key", "secret is a placeholder"),
        ("PKABCDEFGHIJKLMNOPQR", "short", "secret is no key: 5 characters"),
        ("PKABCDEFGHIJKLMNOPQR", "tell0nobody\x00of0this", "secret is no key"),
        ("PKABCDEFGHIJKLMNOPQR", "tell0nobody0öf0this", "secret is no key"),
        ("PK ABCDEFGHIJKLMNOPQ", HUSH, "key id has a space in it"),
    ],
)
def test_what_is_plainly_no_key_is_named_and_not_shown(key_id, secret, words):
    found = problem_of(Credentials(key_id, secret))

    assert found is None if words is None else words in found
    assert found is None or HUSH not in found


@pytest.mark.parametrize("value", [HUSH, f'"{HUSH}"', f'["{HUSH}"]', f'{{"key_id": "{HUSH}"}}', "", "{", "null"])
def test_a_parameter_of_another_form_is_named_and_its_value_is_not(value):
    with pytest.raises(ConfigurationError, match="parameter /argo is not a JSON object") as caught:
        read_secret("/argo", value)

    assert HUSH not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_newline_pasted_with_a_key_is_taken_off():
    found = read_secret("/argo", f'{{"key_id": " PK1\\n", "secret_key": "{HUSH}\\n"}}')

    assert (found.key_id, found.secret_key) == ("PK1", HUSH)
