import signal
import subprocess
import sys
from time import monotonic

import pytest

pytestmark = pytest.mark.sam

COMMAND = [sys.executable, "-c", "import typer; from console.serve import serve; typer.run(serve)"]


def serve(*arguments, cwd):
    command = [*COMMAND, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_termination_leaves_the_state_and_no_addresses(tmp_path, ending):
    env_vars = tmp_path / ".argo/sam-env.json"
    process = subprocess.Popen(COMMAND, cwd=tmp_path, stderr=subprocess.PIPE)  # noqa: S603
    give_up = monotonic() + 300
    while not env_vars.exists() and process.poll() is None and monotonic() < give_up:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    served = env_vars.exists()
    process.send_signal(ending)
    process.communicate(timeout=300)

    assert served
    assert process.returncode == 0
    assert not env_vars.exists()
    assert any((tmp_path / ".argo/served/aws").iterdir())


def test_a_command_is_served_while_it_runs_and_its_code_is_returned(tmp_path):
    done = serve("--", "sh", "-c", "grep -q :${AWS_ENDPOINT_URL##*:} .argo/sam-env.json && exit 7", cwd=tmp_path)

    assert done.returncode == 7
    assert not (tmp_path / ".argo/sam-env.json").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "8.8.8.8"])  # noqa: S104
def test_an_address_that_strangers_reach_is_refused(tmp_path, host):
    done = serve("--host", host, cwd=tmp_path)

    assert done.returncode == 2
    assert "only loopback and private addresses" in done.stderr
