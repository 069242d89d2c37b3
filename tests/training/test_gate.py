"""Each rule of the gate refuses what it is there for, by its name, and nothing else."""

from typing import Any

import numpy as np
import pytest

from training.gate import GATE, Contest, refusals
from training.plan import EvaluationPlan
from training.subgroup_floors import fallen, watched


def estimate(middle: float, half: float = 0.1) -> dict[str, float]:
    return {
        "estimate": middle, "low": middle - half, "high": middle + half,
        "low_90": middle - half, "high_90": middle + half,
    }  # fmt: skip


def a_group(patients: int | None = 40, events: int | None = 12, **figures: Any) -> dict[str, Any]:
    found = {"auroc": estimate(0.75), "observed_to_expected": estimate(1.1, 0.4)} | figures
    counts = {"n_patients": patients, "n_event_patients": events}
    return {"group": "female", **counts, "model": found}


def an_evaluation(**changed: Any) -> dict[str, Any]:
    figures = {
        "loss_gap": estimate(-0.02, 0.01),
        "same_day_gap": estimate(0.03),
        "slope": estimate(1.05),
        "ratio": estimate(1.02),
        "events": 60,
        "group": a_group(),
    } | changed
    return {
        "n_event_patients": figures["events"],
        "subgroups": {"sex": [figures["group"], {"group": "male", "note": "few"}]},
        "model": {
            "calibration_slope": figures["slope"],
            "observed_to_expected": figures["ratio"],
        },
        "comparators": {
            "grade_and_day": {"log_loss": estimate(0.30)},
            "current_grade": {"log_loss": estimate(0.40)},
        },
        "differences": {
            "grade_and_day": {
                "log_loss": figures["loss_gap"],
                "same_day_auroc": figures["same_day_gap"],
            },
            "current_grade": {"log_loss": estimate(-0.12), "same_day_auroc": estimate(0.3)},
        },
    }


def an_audit(verdict: str = "clean", overridden: str = "") -> dict[str, Any]:
    return {"verdict": verdict, "findings": [{"rule": "a_rule", "overridden": overridden}]}


def a_contest(evaluation: dict[str, Any] | None = None, **changed: Any) -> Contest:
    given = {"evaluation": evaluation or an_evaluation(), "synthetic": False, "audit": an_audit()}
    given |= changed
    return Contest(**given)


def test_a_good_challenger_passes_where_there_is_no_champion() -> None:
    assert refusals(a_contest()) == {}


@pytest.mark.parametrize(
    ("rule", "contest"),
    [
        ("enough_patients_had_the_event", a_contest(an_evaluation(events=12))),
        ("audit_ran_and_did_not_refuse", a_contest(audit=None)),
        ("audit_ran_and_did_not_refuse", a_contest(audit=an_audit("refused"))),
        ("audit_was_not_overridden", a_contest(audit=an_audit("overridden", "a reason"))),
        (
            "no_subgroup_falls_through_a_floor",
            a_contest(an_evaluation(group=a_group(observed_to_expected=estimate(2.6, 0.5)))),
        ),
        (
            "no_subgroup_falls_through_a_floor",
            a_contest(an_evaluation(group=a_group(observed_to_expected=estimate(0.3, 0.1)))),
        ),
        (
            "no_subgroup_falls_through_a_floor",
            a_contest({k: v for k, v in an_evaluation().items() if k != "subgroups"}),
        ),
        (
            "no_subgroup_falls_through_a_floor",
            a_contest(an_evaluation(group=a_group(None, None, auroc=estimate(0.45)))),
        ),
        (
            "no_subgroup_falls_through_a_floor",
            a_contest(an_evaluation(group=a_group(auroc=estimate(0.45)))),
        ),
        ("calibration_slope_interval_holds_one", a_contest(an_evaluation(slope=estimate(0.7)))),
        ("observed_to_expected_interval_holds_one", a_contest(an_evaluation(ratio=estimate(1.2)))),
        (
            "log_loss_is_below_the_best_comparator",
            a_contest(an_evaluation(loss_gap=estimate(0.001, 0.002))),
        ),
        (
            "log_loss_is_below_the_best_comparator",
            a_contest(an_evaluation(loss_gap=estimate(-0.001, 0.012))),
        ),
        (
            "same_day_auroc_is_not_below_the_best_comparator",
            a_contest(an_evaluation(same_day_gap=estimate(-0.01))),
        ),
        ("log_loss_is_below_the_champion", a_contest(champion_is_synthetic=False)),
        (
            "log_loss_is_below_the_champion",
            a_contest(
                champion_is_synthetic=False, against_champion={"log_loss": estimate(0.01, 0.001)}
            ),
        ),
        (
            "same_day_auroc_is_not_below_the_champion",
            a_contest(
                champion_is_synthetic=False,
                against_champion={
                    "log_loss": estimate(-0.01, 0.001),
                    "same_day_auroc": estimate(-0.02),
                },
            ),
        ),
        (
            "synthetic_does_not_replace_real",
            a_contest(
                synthetic=True,
                champion_is_synthetic=False,
                against_champion={"log_loss": estimate(-0.01, 0.001)},
            ),
        ),
    ],
)
def test_a_rule_refuses_alone_and_says_why(rule: str, contest: Contest) -> None:
    refused = refusals(contest)
    assert list(refused) == [rule]
    assert refused[rule].endswith(".")


def test_every_rule_is_tried_above() -> None:
    mark = test_a_rule_refuses_alone_and_says_why.pytestmark[0]
    assert {case[0] for case in mark.args[1]} == set(GATE)


def test_a_figure_that_cannot_be_computed_refuses() -> None:
    nothing = {"estimate": None, "low": None, "high": None, "low_90": None, "high_90": None}
    refused = refusals(a_contest(an_evaluation(slope=nothing, loss_gap=nothing)))
    assert set(refused) == {
        "calibration_slope_interval_holds_one",
        "log_loss_is_below_the_best_comparator",
    }
    said = refusals(a_contest(an_evaluation(ratio=nothing)))
    assert list(said) == ["observed_to_expected_interval_holds_one"]


@pytest.mark.parametrize(
    "group",
    [
        a_group(patients=9, events=6, auroc=estimate(0.4)),
        a_group(events=0, observed_to_expected=estimate(0.0, 0.0)),
        a_group(observed_to_expected={"estimate": 2.3, "low": 0.98, "high": 4.1}),
        a_group(observed_to_expected={"estimate": 1.8, "low": 1.4, "high": 2.2}),
        a_group(auroc=estimate(0.55)),
        a_group(auroc={"estimate": None, "low": None, "high": None}),
        a_group(auroc=None),
        {"group": "female", "n_patients": None, "n_event_patients": None, "note": "few"},
    ],
)
def test_chance_and_few_patients_accuse_no_group(group: Any) -> None:
    assert refusals(a_contest(an_evaluation(group=group))) == {}


def test_a_group_is_named_with_its_counts_and_its_limit() -> None:
    bad = a_group(observed_to_expected=estimate(2.6, 0.5))
    said = refusals(a_contest(an_evaluation(group=bad)))["no_subgroup_falls_through_a_floor"]
    assert said.startswith("sex female (40 patients, 12 with the event): ")
    assert "2.60 (2.10 to 3.10), lies outside 0.50 to 2.00" in said


CHILDREN = {"estimate": 2.08, "low": 1.25, "high": 3.14}


def test_twice_the_events_that_were_told_fall_though_the_interval_begins_below_two() -> None:
    bad = an_evaluation(group=a_group(observed_to_expected=CHILDREN))
    assert "2.08 (1.25 to 3.14)" in refusals(a_contest(bad))["no_subgroup_falls_through_a_floor"]


def test_of_few_event_patients_the_same_interval_says_less_and_is_told_as_a_note() -> None:
    few = an_evaluation(group=a_group(events=6, observed_to_expected=CHILDREN))
    few["subgroups"]["site"] = [a_group() for _ in range(8)]
    assert refusals(a_contest(few)) == {}
    (said,) = watched(few["subgroups"], EvaluationPlan())
    assert said.startswith("sex female (40 patients, 6 with the event): ")
    assert "2.08 (1.25 to 3.14), lies beyond the limit" in said
    assert watched(an_evaluation()["subgroups"], EvaluationPlan()) == []


def test_an_interval_wholly_beyond_the_limit_falls_however_few_had_the_event() -> None:
    few = an_evaluation(
        group=a_group(events=5, observed_to_expected={"estimate": 4.0, "low": 2.2, "high": 7.0})
    )
    few["subgroups"]["site"] = [a_group() for _ in range(14)]
    assert "4.00 (2.20 to 7.00)" in refusals(a_contest(few))["no_subgroup_falls_through_a_floor"]


def test_chance_alone_seldom_accuses_any_of_fifteen_groups() -> None:
    """Fifteen groups whose risks are true, 60 times over: 5 % are expected to fall, a tenth may."""
    rng = np.random.default_rng(11)
    accused = 0
    for _ in range(60):
        groups = []
        for _ in range(15):
            n = int(rng.integers(20, 60))
            risk = rng.uniform(0.05, 0.5, n)
            y = rng.random(n) < risk
            drawn = rng.integers(0, n, (300, n))
            ratio = y[drawn].sum(axis=1) / risk[drawn].sum(axis=1)
            low, high = np.quantile(ratio, [0.025, 0.975])
            figure = {"estimate": y.sum() / risk.sum(), "low": low, "high": high}
            groups.append(a_group(n, int(y.sum()), observed_to_expected=figure))
        accused += bool(fallen({"site": groups}, EvaluationPlan()))
    assert accused <= 6


def test_the_more_groups_are_looked_at_the_more_it_takes_to_accuse_one() -> None:
    by_chance = {"estimate": 2.05, "low": 1.06, "high": 3.8}
    alone = an_evaluation(group=a_group(observed_to_expected=by_chance))
    assert "no_subgroup_falls_through_a_floor" in refusals(a_contest(alone))
    alone["subgroups"]["site"] = [a_group() for _ in range(8)]
    assert refusals(a_contest(alone)) == {}


def test_the_floors_are_those_of_the_plan() -> None:
    bad = an_evaluation(group=a_group(observed_to_expected=estimate(2.6, 0.5)))
    assert refusals(a_contest(bad, rule=EvaluationPlan(subgroup_observed_to_expected=3.0))) == {}
