import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_the_entry_points_are_the_verbs_of_the_command_line():
    project = yaml.safe_load((ROOT / "MLproject").read_text(encoding="utf-8"))
    shown = subprocess.run(
        [sys.executable, "-m", "training", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name, entry in project["entry_points"].items():
        verb = "demo" if name == "main" else name
        assert f"python -m training {verb}" in entry["command"]
        assert re.search(rf"^\s+{verb}\b", shown, re.M), verb


@pytest.mark.slow
def test_mlflow_run_fits_on_synthetic_courses(tmp_path):
    store = f"sqlite:///{tmp_path / 'runs.db'}"
    environment = os.environ | {
        "VIGICELL_WORK": str(tmp_path / "work"),
        "MLFLOW_TRACKING_URI": store,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = ["mlflow", "run", ".", "-e", "fit", "--env-manager", "local"]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "SYNTHETIC" in ran.stdout + ran.stderr
    assert (tmp_path / "work/models/first-fit-severe-crs-72h/risk_model").is_dir()
