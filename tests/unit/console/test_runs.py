import pytest

from argo.domain.tables import ConfigurationError
from console.runs import RunRecord
from worlds.embedded_aws import Resources


class Sqs:
    """Answers with URLs of today's port."""

    def get_queue_url(self, *, QueueName):  # noqa: N803 - boto3's spelling
        return {"QueueUrl": f"http://now/{QueueName}"}


def test_resources_are_known_by_their_executor():
    outputs = {
        "SignalTable": "argo-table",
        "ArgoAccount": "argo",
        "PropFirmAccount": "prop_firm",
        "ArgoQueue": "http://before/a",
        "ArgoDeadLetterQueue": "http://before/a-dead",
        "PropFirmQueue": "http://before/p",
        "PropFirmDeadLetterQueue": "http://before/p-dead",
    }

    found = Resources.of(outputs, Sqs())

    assert found == Resources(
        table="argo-table",
        queues={"argo": "http://now/a", "prop_firm": "http://now/p"},
        dead_letter_queues={"argo": "http://now/a-dead", "prop_firm": "http://now/p-dead"},
    )
    assert found.environment("prop_firm")["ARGO_DLQ_URL"] == "http://now/p-dead"


def test_a01_an_account_without_a_queue_in_the_template_is_named():
    resources = Resources("table", queues={"argo": "url"}, dead_letter_queues={"argo": "url"})

    with pytest.raises(ConfigurationError, match=r"accounts\.my_swing.*no MySwingQueue"):
        resources.environment("my_swing")


def test_a_run_replaces_the_last_one_only_when_it_has_come_to_its_end(tmp_path):
    last, under_way = tmp_path / "last", RunRecord(tmp_path / "new")
    for directory, text in ((last, "old"), (under_way.directory, "new")):
        directory.mkdir()
        (directory / "log.jsonl").write_text(text, encoding="utf-8")

    kept = under_way.take_the_place_of(last)

    assert kept.log.read_text(encoding="utf-8") == "new"
    assert kept.directory == last
    assert not under_way.directory.exists()
