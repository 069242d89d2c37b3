"""The card of a comparator that is served shows its own figures, not those of the larger model."""

import pytest

from features.errors import CardError
from tests.training.cards.made_evidence import an_evaluation, evidence
from training.cards.markdown import markdown_of
from training.cards.model_facts import model_facts
from training.comparators_evaluation import LARGER, of_comparator


def test_its_figures_take_the_models_place_and_the_difference_is_mirrored():
    before = an_evaluation(subgroups={"sex": 0.7}, patient_weighted={"grade_and_day": {"auroc": 1}})
    found = of_comparator(before, "grade_and_day")
    assert found["model"] == before["comparators"]["grade_and_day"]
    assert found["comparators"] == {LARGER: before["model"]}
    gap, mirrored = before["differences"]["grade_and_day"], found["differences"][LARGER]
    assert mirrored["log_loss"]["estimate"] == -gap["log_loss"]["estimate"]
    assert mirrored["log_loss"]["low"] == -gap["log_loss"]["high"]
    assert mirrored["log_loss"]["high_90"] == -gap["log_loss"]["low_90"]
    assert found["patient_weighted"] == {"model": {"auroc": 1}}
    assert "subgroups" not in found, "those were the larger model's"


def test_mirroring_twice_changes_nothing():
    before = an_evaluation()
    once = of_comparator(before, "grade_and_day")
    again = of_comparator(once, LARGER)
    assert again["model"] == before["model"]
    assert again["differences"][LARGER] == before["differences"]["grade_and_day"]


def test_its_card_names_it():
    found = of_comparator(an_evaluation(), "grade_and_day")
    e = evidence(found, manifest={"comparator": "grade_and_day"})
    page = markdown_of(model_facts(e))
    assert "The comparator grade and day, served in place of a larger model" in page
    assert "This model minus the larger model" in page
    assert "on the larger model of the same fit: use the model" in page


def test_a_comparator_that_was_not_judged_is_refused():
    with pytest.raises(CardError, match="easix"):
        of_comparator(an_evaluation(), "easix")
