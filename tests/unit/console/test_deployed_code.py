import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from argo.domain.tables import ConfigurationError
from console.doctor.deployed_code import differing_files, differing_resources
from worlds.paths import TEMPLATE
from worlds.template import read_template


@pytest.fixture
def source(tmp_path):
    """A package as this checkout has it."""
    package = tmp_path / "here" / "execution"
    package.mkdir(parents=True)
    (package / "gate.py").write_text("ALLOWED = 1\n")
    (package / "flow.py").write_text("STEPS = 1\n")
    return package


class Archive(BaseHTTPRequestHandler):
    """Serves an archive as S3 does: whole, or its end."""

    def __init__(self, archive, asked, *arguments):
        self.archive, self.asked = archive, asked
        super().__init__(*arguments)

    def do_GET(self):
        asked = self.headers.get("Range")
        self.asked.append(asked)
        size = len(self.archive)
        body = self.archive[-int(asked.removeprefix("bytes=-")) :] if asked else self.archive
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {size - len(body)}-{size - 1}/{size}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """Serve an archive; what was asked for of it is in the list that comes with its address."""
    servers = []

    def serve(archive):
        asked = []
        server = HTTPServer(("127.0.0.1", 0), partial(Archive, archive, asked))
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/code.zip?X-Amz-Signature=signed", asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def an_archive(directory: Path, **files: str) -> bytes:
    path = directory / "code.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, text in files.items():
            opened.writestr(f"execution/{name}.py", text)
        opened.writestr("numpy/core.py", "somebody else's\n")
        opened.writestr("execution/__pycache__/gate.cpython-313.pyc", "compiled")
    return path.read_bytes()


def test_the_same_files_do_not_differ_and_only_the_archives_end_is_fetched(source, served, tmp_path):
    url, asked = served(an_archive(tmp_path, gate="ALLOWED = 1\n", flow="STEPS = 1\n"))

    assert differing_files(url, {"execution": source}) == set()
    assert asked == ["bytes=-1000000"]


def test_a_changed_a_missing_and_a_surplus_file_are_named(source, served, tmp_path):
    url, _ = served(an_archive(tmp_path, gate="ALLOWED = 2\n", old="GONE = 1\n"))

    found = differing_files(url, {"execution": source})

    assert found == {"execution/gate.py", "execution/flow.py", "execution/old.py"}


def test_a_directory_that_begins_before_the_fetched_end_is_fetched_whole(source, served, tmp_path):
    url, asked = served(an_archive(tmp_path, gate="ALLOWED = 1\n", flow="STEPS = 1\n"))

    assert differing_files(url, {"execution": source}, end=100) == set()
    assert asked == ["bytes=-100", None]


def test_an_archive_that_is_none_is_named_without_its_signed_address(source, served):
    url, _ = served(b"not a zip")

    with pytest.raises(ConfigurationError) as caught:
        differing_files(url, {"execution": source})

    assert "signed" not in str(caught.value)


def test_what_is_deployed_as_it_stands_here_does_not_differ():
    assert differing_resources(TEMPLATE.read_text(encoding="utf-8")) == []


def test_a_template_that_sam_has_packaged_and_written_anew_does_not_differ():
    template = read_template(TEMPLATE)
    for resource in template["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][key] = "s3://bucket/0123456789abcdef"
        resource["Metadata"] = {"SamResourceId": "x"}

    assert differing_resources(yaml.safe_dump(template)) == []


def test_an_older_template_differs_by_its_resources():
    template = read_template(TEMPLATE)
    template["Resources"]["ArgoQueue"]["Properties"]["VisibilityTimeout"] = 30
    del template["Resources"]["Dashboard"]

    assert differing_resources(template) == ["ArgoQueue", "Dashboard"]
