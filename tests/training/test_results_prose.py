"""What the prose calls better, worse or not to be told is what the paired intervals say."""

import json
from pathlib import Path

import pytest

from training.compare import BETTER, CANNOT_TELL, reading

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
POOLED = ("auroc", "auprc", "brier", "log_loss")
CLAIMS = [
    ("severe_crs_unicar", "results", "grade_and_day", ("auroc",), CANNOT_TELL,
     "the difference, +0.007 (-0.006 to +0.020), cannot be told from nothing"),
    ("severe_crs_unicar", "results", "grade_and_day", ("same_day_auroc",), BETTER,
     "telling *today's* patients apart"),
    ("severe_crs_unicar", "results", "grade_and_day", ("auprc", "brier", "log_loss"), CANNOT_TELL,
     "and log loss no difference can be told"),
    ("severe_crs_unicar", "results", "current_grade", ("auroc",), BETTER,
     "Over the current grade alone the AUROC rises by"),
    ("severe_crs_unicar", "results_ever", "penalised_logistic", (*POOLED, "same_day_auroc"),
     CANNOT_TELL, "whether it is better cannot be told (the paired interval holds 0"),
    ("icans_nulisa", "results", "current_grade", POOLED, CANNOT_TELL,
     "Against none of them can a pooled difference be told"),
    ("icans_nulisa", "results", "penalised_logistic", POOLED, CANNOT_TELL,
     "Against none of them can a pooled difference be told"),
    ("icans_nulisa", "results", "linear_margin", POOLED, CANNOT_TELL,
     "not of the trees against the linear part either"),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "file", "rival", "figures", "said", "words"), CLAIMS)
def test_a_claim_follows_its_paired_interval(folder, file, rival, figures, said, words):
    table = json.loads((EXPERIMENTS / folder / f"{file}.json").read_text("utf-8"))
    gaps = table["differences"][rival]
    for name in figures:
        assert reading(name, gaps[name]["low"], gaps[name]["high"]) == said, name
    assert words in " ".join((EXPERIMENTS / folder / "README.md").read_text("utf-8").split())


def test_of_what_was_tried_with_few_patients_one_thing_hurts_and_none_helps():
    rows = [
        line.split("|")[-2].strip()
        for line in (EXPERIMENTS / "few_patients" / "README.md").read_text("utf-8").splitlines()
        if line.startswith("|") and line.count("(") >= 3
    ]
    assert len(rows) == 26
    assert (rows.count("helps"), rows.count("hurts")) == (0, 1)
    readme = (EXPERIMENTS.parent / "README.md").read_text("utf-8")
    assert "nothing helps by that rule, one thing hurts" in " ".join(readme.split())
