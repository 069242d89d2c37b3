"""The experiment on how long silence lasts: what its README says is what was found."""

import importlib.util
import json
import re
from datetime import date
from pathlib import Path

from training.silent.limits import draft_limits, read_limits

FOLDER = Path(__file__).parents[3] / "experiments" / "silent_mode"


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"silent_mode_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_is_what_was_found(capsys):
    loaded("run").table()
    said = (FOLDER / "README.md").read_text("utf-8")
    told = re.search(r"<!-- table -->\n(.*?)\n<!-- /table -->", said, re.S).group(1)
    assert told.strip() == capsys.readouterr().out.strip()


def test_no_limit_at_the_truth_was_met_more_often_than_its_error():
    found = json.loads((FOLDER / "results.json").read_text("utf-8"))
    shares = [
        limit["ever_met_at_the_limit"]
        for one in found["scenarios"].values()
        for limit in one["limits"].values()
        if "ever_met_at_the_limit" in limit
    ]
    assert len(shares) == 24
    assert max(shares) <= found["about"]["error"]
    assert found["about"]["synthetic"]


def test_the_limits_of_the_draft_are_those_that_were_simulated(tmp_path):
    draft_limits(tmp_path / "draft.toml", date(2026, 1, 1))
    text = (
        (tmp_path / "draft.toml").read_text().replace('signed_by = ""', 'signed_by = "simulation"')
    )
    (tmp_path / "draft.toml").write_text(text)
    assert read_limits(tmp_path / "draft.toml")[0] == loaded("run").LIMITS


def test_the_limits_of_the_example_can_be_read():
    assert read_limits(FOLDER / "limits.toml")[0].question == "severe-crs-72h"
