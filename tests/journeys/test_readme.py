"""Every command of the README is run, in the order a reader would type them."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from itertools import groupby
from pathlib import Path

import pytest

from features.errors import PromotionRefused
from serving.access.rules import RULES
from tests.real_data import nulisa_path, unicar_path
from tests.serving.running import a_free_port, serve, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```bash\n(.*?)```", README, re.S)
    for line in block.splitlines()
    if line.strip()
]
MAKE = [command for command in COMMANDS if command.startswith("make ")]
REAL = [c for c in COMMANDS if "unicar" in c or "nulisa" in c or "public_cohorts" in c]
OWN = [c for c in COMMANDS if c not in (*MAKE, *REAL)]
KEY = "python -m serving keys add ward-7 --role clinician"
PARTS = ("features", "models", "training", "serving", "experiments", "MLproject", "bentofile.yaml")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder that looks like a fresh clone, so that what the commands write stays out of ours."""
    root = tmp_path_factory.mktemp("readme") / "vigicell"
    root.mkdir()
    for name in PARTS:
        (root / name).symlink_to(ROOT / name)
    return root


def environment_of(checkout, command=""):
    bin_folder = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "BENTOML_HOME": str(checkout / "bentoml"),
        "VIGICELL_HOME": str(checkout / "home"),
        "VIGICELL_LEDGER": str(checkout / "ledger.sqlite"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "OMP_NUM_THREADS": "1",
    }
    for name in (
        "MLFLOW_TRACKING_URI",
        "VIGICELL_WORK",
        "VIGICELL_RELEASE",
        "VIGICELL_SETTINGS",
        "VIGICELL_KEYS",
    ):
        environment.pop(name, None)
    if command.startswith("mlflow "):
        environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{checkout / 'runs.db'}"
    return environment


def run(command, checkout):
    words = shlex.split(command)
    if words[0] == "python":
        words[0] = sys.executable
    ran = subprocess.run(
        words,
        cwd=checkout,
        env=environment_of(checkout, command),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-1500:]}\n{ran.stderr[-1500:]}"
    return ran.stdout


def test_every_make_target_is_there_and_the_demo_is_what_a_test_runs():
    for command in MAKE:
        shown = subprocess.run(
            ["make", "-n", *shlex.split(command)[1:]],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "-m" in shown
    assert "make demo" in MAKE
    assert "make test" in MAKE
    assert re.search(
        r"^demo:.*\n\t\$\(RUN\) -m training demo$", (ROOT / "Makefile").read_text(), re.M
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_commands_for_your_own_records_work_in_order(checkout):
    assert len(OWN) >= 10
    said = {}
    for calls, commands in groupby(OWN, is_a_call):
        if calls:
            said |= called(list(commands), checkout, said[KEY].strip())
        else:
            said |= {command: run(command, checkout) for command in commands}
    answer = next(text for command, text in said.items() if "serving score" in command)
    assert "SYNTHETIC" in answer.upper()
    ward = next(json.loads(text) for command, text in said.items() if "/v1/ward" in command)
    assert [one["hospital_id"] for one in ward["courses"]] == ["made-up 17"]


def is_a_call(command):
    return command.startswith("curl ")


def called(commands, checkout, token):
    """Make calls to a service that runs as `make serve DEMO=1` would start it."""
    port, said = a_free_port(), {}
    environment = environment_of(checkout) | {"HOME": str(checkout), "VIGICELL_TOKEN": token}
    start = serve("--demo", "--port", str(port))
    with serving(start, port, checkout / "log", checkout, environment, keys=False):
        for command in commands:
            here = command.replace("127.0.0.1:3000", f"127.0.0.1:{port}")
            words = shlex.split(here.replace("$VIGICELL_TOKEN", token))
            said[command] = by_curl(words) if shutil.which("curl") else as_curl_would(words)
    return said


def by_curl(words):
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words}\n{ran.stdout[-1500:]}\n{ran.stderr[-1500:]}"
    return ran.stdout


def as_curl_would(words):
    """Make the call where curl is not installed; every option but the first takes a value."""
    (address,) = (one for one in words if one.startswith("http://"))
    given = [(words[at], words[at + 1]) for at in range(2, len(words) - 1)]
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    body = next((value.encode() for option, value in given if option == "-d"), None)
    method = next((value for option, value in given if option == "-X"), None)
    asked = urllib.request.Request(address, body, headers, method=method)  # noqa: S310 - loopback
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked) as reply:
        return reply.read().decode()


def test_the_table_of_roles_names_every_route():
    for _, path in RULES:
        assert f"`{path}`" in README, path


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(2400)
@pytest.mark.parametrize("command", REAL)
def test_the_commands_for_the_public_cohorts_work(command, checkout):
    for path in (unicar_path(), nulisa_path()):
        (checkout.parent / "shared" / "data").mkdir(parents=True, exist_ok=True)
        link = checkout.parent / "shared" / "data" / path.name
        if not link.exists():
            link.symlink_to(path)
    assert run(command, checkout)


def between(mark, text=README):
    return re.search(rf"<!-- {mark} -->\n(.*?)\n?<!-- /{mark} -->", text, re.S).group(1).strip()


def test_what_the_audit_finds_is_what_the_benchmark_found():
    power = ROOT / "experiments" / "benchmarks" / "audit_power"

    def printed(flag):
        command = [sys.executable, str(power / "run.py"), flag]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert between("audit-power") == printed("--summary")
    assert between("table", (power / "README.md").read_text("utf-8")) == printed("--table")


def test_a_refusal_of_the_gate_is_called_a_normal_end_with_its_exit_code():
    said = " ".join(README.split())
    assert f"exit code {PromotionRefused.exit_code}, a normal end" in said


def test_the_table_of_results_is_what_the_experiments_found():
    shown = subprocess.run(
        [sys.executable, "experiments/public_cohorts.py", "--table"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    table, _, verdicts = shown.strip().partition("\n\n")
    assert between("results") == table.strip()
    assert between("verdicts") == verdicts.strip()
