"""A deployed stack on ministack in under a second: template.yaml's own resources, with the sources as their code.

Everything that an operator's command reads is there. Nothing runs by itself: the schedules fire in another
century, and the code lacks its dependencies.
"""

import io
import json
import zipfile
from pathlib import Path

from worlds.paths import CONFIGURATION, PROJECT, TEMPLATE
from worlds.template import read_template

KEPT = {
    "AWS::DynamoDB::Table",
    "AWS::Lambda::EventSourceMapping",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::Serverless::Function",
    "AWS::Serverless::LayerVersion",
}
NEVER = "cron(0 0 1 1 ? 2199)"
BUCKET = "idle-code"


def zipped(**sources: Path) -> bytes:
    """Zip files and the Python sources of directories under the names given."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, source in sources.items():
            if source.is_file():
                opened.write(source, name)
            for file in sorted(source.rglob("*.py")):
                opened.write(file, f"{name}/{file.relative_to(source)}")
    return archive.getvalue()


def idle_template(s3, argo_toml: Path) -> dict:
    """Return template.yaml without what an emulator lacks or a command never reads, its code in S3."""
    template = read_template(TEMPLATE)
    template["Globals"]["Function"].pop("DeploymentPreference", None)
    resources = {}
    for name, resource in template["Resources"].items():
        if resource["Type"] not in KEPT:
            continue
        properties = resource.setdefault("Properties", {})
        resource.pop("Metadata", None)
        match resource["Type"]:
            case "AWS::SNS::Topic":
                properties.clear()
            case "AWS::Serverless::LayerVersion":
                layer = {"python/argo": PROJECT / "layers" / "common" / "argo", "argo.toml": argo_toml}
                properties["ContentUri"] = stored(s3, name, zipped(**layer))
            case "AWS::Serverless::Function":
                package = properties["Handler"].partition(".")[0]
                code = zipped(**{package: PROJECT / properties["CodeUri"] / package})
                properties["CodeUri"] = stored(s3, name, code)
                for unused in ("DeploymentPreference", "LoggingConfig"):
                    properties.pop(unused, None)
                events = properties.pop("Events", {})
                properties["Events"] = {key: each for key, each in events.items() if each["Type"] == "ScheduleV2"}
                for event in properties["Events"].values():
                    event["Properties"]["ScheduleExpression"] = NEVER
        resources[name] = resource
    outputs = {name: each for name, each in template["Outputs"].items() if "HttpApi" not in json.dumps(each)}
    return template | {"Resources": resources, "Outputs": outputs}


def stored(s3, name: str, archive: bytes) -> dict[str, str]:
    s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=archive)
    return {"Bucket": BUCKET, "Key": f"{name}.zip"}


def deploy(aws, stack: str, *, argo_toml: Path | None = None, **parameters: str) -> None:
    """Create the stack, as on AWS and not as on an emulator: the table is protected from deletion."""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=json.dumps(idle_template(s3, argo_toml or CONFIGURATION)),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Tags=[{"Key": "project", "Value": "argo"}],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 0, "MaxAttempts": 5_000}
    )
