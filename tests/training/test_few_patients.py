"""The experiment's table is its results, and its verdicts follow its rule."""

import json

import pytest

from experiments.few_patients.run import HERE, RESULTS, decided, table


def test_the_table_of_the_readme_is_the_results():
    assert table() in (HERE / "README.md").read_text(encoding="utf-8")


def test_every_verdict_follows_the_rule_written_beforehand():
    for kept in json.loads(RESULTS.read_text(encoding="utf-8")).values():
        for name, gaps in kept["differences"].items():
            if name != "model":
                assert gaps["verdict"] == decided(gaps)


@pytest.mark.parametrize(
    ("low", "high", "auroc", "verdict"),
    [
        (-0.02, -0.001, 0.01, "helps"),
        (-0.02, -0.001, -0.01, "cannot tell"),
        (-0.02, 0.001, 0.01, "cannot tell"),
        (0.001, 0.02, 0.01, "hurts"),
    ],
)
def test_the_rule(low, high, auroc, verdict):
    gap = {
        "log_loss": {"estimate": (low + high) / 2, "low_90": low, "high_90": high},
        "auroc": {"estimate": auroc, "low_90": auroc - 0.01, "high_90": auroc + 0.01},
    }
    assert decided(gap) == verdict
