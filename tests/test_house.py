"""What holds for the project as a whole."""

import ast
import re
import site
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "models", "training", "serving")


def tracked(*patterns):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of the project's files")
    return [ROOT / name for name in listed.stdout.split("\n") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_stranger_of_the_same_name_is_installed(package):
    for folder in site.getsitepackages():
        assert not (Path(folder) / package).exists()
        assert not (Path(folder) / f"{package}.py").exists()


@pytest.mark.parametrize(
    "module", ["models.risk_model", "models.release", "features.matrix", "serving.answer"]
)
def test_what_answers_at_the_bedside_loads_no_training_library(module):
    heavy = ("shap", "mlflow", "optuna", "training", "bentoml", "openpyxl", "duckdb", "psycopg")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


def test_nothing_is_loaded_that_could_run_code():
    for path in tracked("*.py"):
        if path.parent.name == "tests":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in {"pickle", "joblib", "cloudpickle", "dill"}, path


def test_no_file_holds_a_download_host_or_a_path_of_one_machine():
    host = re.compile(r"https?://\S+/simple\b|/packages/[0-9a-f]{2}/[0-9a-f]{2}/")
    home = re.compile(r"(?<![\w.{}])/(?:root|home)/\w")
    for path in tracked():
        if path.suffix in {".png", ".parquet"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert not host.search(text), path
        assert not home.search(text), path


def test_the_public_cohorts_are_not_among_the_files():
    for path in tracked():
        assert path.suffix not in {".xlsx", ".xls", ".pkl", ".joblib", ".sqlite", ".db"}, path
        assert path.name != "uv.lock"
        assert path.stat().st_size < 2_000_000, path


def test_the_lock_pins_every_line_by_hash():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][\w.-]*)==\S+.*?(?=^[a-z0-9]|\Z)", text, re.M | re.S)
    assert len(pins) > 100
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]:
        assert "--hash=sha256:" in block


def test_what_the_project_asks_for_is_in_the_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    locked = set(
        re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / "requirements.lock").read_text(), re.M)
    )
    for line in asked:
        assert re.sub(r"[._]", "-", re.split(r"[><=~!\[ ]", line)[0].lower()) in locked
