"""No library talks home: shown in a process of its own, with sockets watched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.telemetry import SWITCHES, switch_off_telemetry

ROOT = Path(__file__).resolve().parents[2]

# What tells MLflow that it runs under a test, where it would be silent anyway.
SILENCERS = ("PYTEST", "CI", "GITHUB", "GITLAB", "JENKINS", "BUILDKITE", "TRAVIS", "CIRCLECI")

ASKS = """
import sys
if "off" in sys.argv:
    from features.telemetry import switch_off_telemetry
    switch_off_telemetry()
from mlflow.telemetry.utils import is_telemetry_disabled
from bentoml._internal.utils.analytics.usage_stats import do_not_track
print(is_telemetry_disabled(), do_not_track())
"""

WORKS = """
import ipaddress, socket, sys, time
from pathlib import Path
work = Path(sys.argv[1])
spoken = []

def watched(name):
    original = getattr(socket.socket, name)
    def call(self, address, *rest):
        if isinstance(address, tuple) and not _loopback(address[0]):
            spoken.append(address[0])
            raise OSError("no network here")
        return original(self, address, *rest)
    return call

def _loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

def no_names(host, *rest, **kwargs):
    if host not in (None, "localhost", "127.0.0.1"):
        spoken.append(host)
        raise OSError("no names here")
    return looked_up(host, *rest, **kwargs)

looked_up = socket.getaddrinfo
socket.getaddrinfo = no_names
socket.socket.connect = watched("connect")
socket.socket.connect_ex = watched("connect_ex")

from training.tracking import MlflowTracker
from training.tracking_store import open_store
from training.work_folder import WorkFolder
tracker = MlflowTracker(open_store(WorkFolder(work), {}), "watched", "fit", {})
with tracker.child("trial 1", "trial") as child:
    child.metrics({"log_loss": 0.5})
tracker.end()

import optuna, shap, xgboost, bentoml
optuna.logging.set_verbosity(optuna.logging.ERROR)
optuna.create_study().optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
with bentoml.models.create("watched") as made:
    (Path(made.path) / "a.json").write_text("{}")
import fastapi
fastapi.FastAPI()
time.sleep(2)  # libraries report from threads
print("spoken to:", spoken)
"""


def run(code: str, *arguments: str, **more: str) -> str:
    environment = {
        key: text
        for key, text in os.environ.items()
        if key not in SWITCHES and not key.startswith(SILENCERS)
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(ROOT)} | more,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_libraries_would_report_and_the_switches_stop_them() -> None:
    assert run(ASKS).split() == ["False", "False"], "the libraries changed their default"
    assert run(ASKS, "off").split() == ["True", "True"]


@pytest.mark.slow
def test_a_tracked_run_and_a_stored_model_speak_to_nobody(tmp_path: Path) -> None:
    said = run(WORKS, str(tmp_path / "work"), BENTOML_HOME=str(tmp_path / "bentoml"))
    assert "spoken to: []" in said


def test_switches_reach_the_processes_that_are_started() -> None:
    environment = {"DO_NOT_TRACK": "0", "PATH": "x"}
    switch_off_telemetry(environment)
    assert environment == {"PATH": "x"} | SWITCHES
