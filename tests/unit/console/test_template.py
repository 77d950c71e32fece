import json

import pytest

from worlds.paths import TEMPLATE
from worlds.template import STATEFUL, read_template, stateful_part


def read(tmp_path, text):
    path = tmp_path / "template.yaml"
    path.write_text(f"value: {text}\n", encoding="utf-8")
    return read_template(path)["value"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref SignalTable", {"Ref": "SignalTable"}),
        ("!Condition IsLocal", {"Condition": "IsLocal"}),
        ("!GetAtt SignalTable.Arn", {"Fn::GetAtt": ["SignalTable", "Arn"]}),
        ("!GetAtt Stack.Outputs.Table", {"Fn::GetAtt": ["Stack", "Outputs.Table"]}),
        ("!GetAtt [SignalTable, Arn]", {"Fn::GetAtt": ["SignalTable", "Arn"]}),
        ("!Sub '${AWS::StackName}-x'", {"Fn::Sub": "${AWS::StackName}-x"}),
        ("!Sub ['${a}', {a: !Ref B}]", {"Fn::Sub": ["${a}", {"a": {"Ref": "B"}}]}),
        ("!Join ['-', [!Ref A, b]]", {"Fn::Join": ["-", [{"Ref": "A"}, "b"]]}),
        ("!Select [0, !GetAZs '']", {"Fn::Select": [0, {"Fn::GetAZs": ""}]}),
        ("!Split [',', !ImportValue list]", {"Fn::Split": [",", {"Fn::ImportValue": "list"}]}),
        ("!If [IsLocal, !Ref A, !Ref B]", {"Fn::If": ["IsLocal", {"Ref": "A"}, {"Ref": "B"}]}),
        ("!Equals [!Ref A, '']", {"Fn::Equals": [{"Ref": "A"}, ""]}),
        ("!Not [!Condition A]", {"Fn::Not": [{"Condition": "A"}]}),
        ("!And [!Condition A, !Condition B]", {"Fn::And": [{"Condition": "A"}, {"Condition": "B"}]}),
        ("!Or [!Condition A, !Condition B]", {"Fn::Or": [{"Condition": "A"}, {"Condition": "B"}]}),
        ("!FindInMap [Map, !Ref A, key]", {"Fn::FindInMap": ["Map", {"Ref": "A"}, "key"]}),
        ("!Base64 text", {"Fn::Base64": "text"}),
        ("!Cidr ['10.0.0.0/16', 2, 8]", {"Fn::Cidr": ["10.0.0.0/16", 2, 8]}),
        (
            "!Transform {Name: AWS::Include, Parameters: {Location: !Ref A}}",
            {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": {"Ref": "A"}}}},
        ),
        ("!Base64 {'Fn::Sub': text}", {"Fn::Base64": {"Fn::Sub": "text"}}),
    ],
)
def test_a_short_tag_is_read_as_its_long_form(tmp_path, text, value):
    found = read(tmp_path, text)

    assert found == value


def test_plain_values_stay_as_they_are(tmp_path):
    found = read(tmp_path, "{number: 3, text: '3', flag: true, nothing: null, list: [1, a]}")

    assert found == {"number": 3, "text": "3", "flag": True, "nothing": None, "list": [1, "a"]}


def references(node):
    """Yield the names that a template's part refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0]
            elif key == "Condition" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_the_stateful_part_is_the_table_and_the_queues_as_they_stand():
    whole = read_template(TEMPLATE)

    part = stateful_part(whole)

    assert {resource["Type"] for resource in part["Resources"].values()} == STATEFUL
    assert {"SignalTable", "ArgoQueue", "ArgoDeadLetterQueue", "PropFirmQueue"} <= set(part["Resources"])
    assert all(resource == whole["Resources"][name] for name, resource in part["Resources"].items())


def test_the_stateful_part_stands_alone():
    part = stateful_part(read_template(TEMPLATE))

    known = {*part["Resources"], *part["Parameters"], *part.get("Conditions", ())}
    assert {name for name in references(part) if not name.startswith("AWS::")} <= known
    assert json.loads(json.dumps(part)) == part


def test_the_stateful_part_puts_out_every_resource_and_whose_they_are():
    part = stateful_part(read_template(TEMPLATE))

    named = {"ArgoAccount": {"Value": "argo"}, "PropFirmAccount": {"Value": "prop_firm"}}
    assert part["Outputs"] == {name: {"Value": {"Ref": name}} for name in part["Resources"]} | named
