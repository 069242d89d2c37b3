"""Two plans are compared on the same rows and folds, whatever folds the champion was made with."""

import numpy as np
import pytest

from features.errors import NotAssessable
from features.questions import question
from features.sources.synthetic import synthesize
from features.tables import Cohort
from training.default_plans import default_plan
from training.plan import EvaluationPlan, FoldPlan, Plan, TreePlan
from training.rematch import against_champion


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return synthesize(250, 5).cohort


def a_plan(asked: str = "severe-icans-72h", **changed: object) -> Plan:
    settings = {
        "trees": TreePlan(max_rounds=0),
        "folds": FoldPlan(outer=3, inner=2),
        "evaluation": EvaluationPlan(bootstrap=60, comparators=("current_grade",)),
    } | changed
    return default_plan(question(asked), **settings)


@pytest.mark.slow
def test_a_plan_against_itself_differs_by_nothing(cohort: Cohort) -> None:
    champion = a_plan(folds=FoldPlan(outer=4, inner=2), seed=99)
    gap = against_champion(cohort, a_plan(), champion)
    assert gap["log_loss"]["estimate"] == 0.0
    assert gap["log_loss"]["high_90"] == 0.0


@pytest.mark.slow
def test_a_plan_that_knows_less_has_a_higher_log_loss(cohort: Cohort) -> None:
    blind = a_plan(margin=a_plan().margin.__class__(terms=a_plan().margin.terms[1:2]))
    gap = against_champion(cohort, blind, a_plan())
    assert gap["log_loss"]["estimate"] > 0
    assert np.isfinite(gap["same_day_auroc"]["estimate"])


def test_other_rows_cannot_be_compared(cohort: Cohort) -> None:
    with pytest.raises(NotAssessable, match="different rows"):
        against_champion(cohort, a_plan(), a_plan("severe-crs-72h"))
