"""The demonstration runs from nothing to three answers, as a person would start it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.release import verify_chain

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_demo_goes_from_nothing_to_three_answers(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training", "demo", "--courses", "500", "--trials", "2"],
        cwd=ROOT,
        env=os.environ | {"VIGICELL_WORK": str(tmp_path), "HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("SYNTHETIC severe-") >= 4
    assert "The service is stopped." in done.stdout
    assert "python -m training import csv" in done.stdout
    (release,) = verify_chain(tmp_path / "demo" / "releases")
    assert len(release.model_digests) == 4
    assert done.stdout.count("recorded as") == 3
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "home" / "bentoml").exists(), "it keeps out of the user's model store"
