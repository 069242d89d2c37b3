"""The change-control plan says what the gate does, by asking the gate."""

import pytest

from tests.training.cards.made_evidence import (
    COHORT,
    a_gap,
    a_plan,
    an_audit,
    an_evaluation,
    evidence,
)
from training import gate
from training.cards.change_plan import change_plan, standing
from training.cards.markdown import markdown_of
from training.gate import GATE, Contest, refusals


@pytest.mark.parametrize(
    "e",
    [
        evidence(),
        evidence(an_evaluation(n_event_patients=12)),
        evidence(settings=a_plan(min_event_patients=31).to_dict()),
        evidence(settings=a_plan(worst_difference=-0.05).to_dict()),
        evidence(an_evaluation(differences={"grade_and_day": a_gap(loss=0.02),
                                            "current_grade": a_gap()})),
        evidence(audit=an_audit("overridden", overridden="ids were shuffled")),
        evidence(an_evaluation(cohort=COHORT | {"synthetic": True})),
    ],
)  # fmt: skip
def test_the_card_refuses_what_the_gate_refuses_and_nothing_else(e):
    refused = refusals(Contest(e.evaluation, e.synthetic, audit=e.audit, rule=e.plan.evaluation))
    said = {rule: text for rule, text in standing(e) if text.startswith("refuses")}
    assert said == {rule: f"refuses: {reason}" for rule, reason in refused.items()}


def test_every_rule_of_the_gate_is_on_the_card_and_a_new_one_comes_by_itself(monkeypatch):
    assert [rule for rule, _ in standing(evidence())] == list(GATE)

    def nobody_passes(contest):
        """Ask for the impossible."""
        return ["Nobody passes."]

    monkeypatch.setitem(gate.GATE, "nobody_passes", nobody_passes)
    text = markdown_of(change_plan(evidence())).replace("\\", "")
    assert "| nobody_passes | Ask for the impossible. |" in text
    assert "| nobody_passes | refuses: Nobody passes. |" in text


def test_what_needs_a_champion_is_not_called_passed():
    said = dict(standing(evidence()))
    open_until_then = {rule for rule, text in said.items() if text.startswith("decided at")}
    assert {"log_loss_is_below_the_champion", "same_day_auroc_is_not_below_the_champion"} <= (
        open_until_then
    )
    assert said["enough_patients_had_the_event"] == "passes"


def test_the_limits_are_those_of_the_plan():
    e = evidence(settings=a_plan(worst_difference=0.0123, min_event_patients=27).to_dict())
    text = markdown_of(change_plan(e)).replace("\\", "")
    assert "| worst_difference | 0.0123 |" in text
    assert "| min_event_patients | 27 |" in text


def test_what_no_rule_enforces_is_missing_until_a_person_says_it():
    assert change_plan(evidence()).missing == 4
    assert change_plan(evidence(said={"update_schedule": "Yearly, by the board."})).missing == 3
