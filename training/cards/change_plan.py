"""The predetermined change-control plan: what may change, and the limits the gate enforces.

The text is made from the rules of `training.gate` and the numbers of the plan, and the standing of
a model is what those rules answer when they are asked, so that the card cannot disagree with the
gate. Frame: FDA, marketing submission recommendations for a predetermined change control plan,
December 2024, revised August 2025 [doc, secondary]: modifications, protocol, impact.
"""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

from training.cards.document import MISSING, Document, Section, Table, Text
from training.cards.evidence import Evidence
from training.gate import GATE, Contest, GateRule
from training.plan import EvaluationPlan
from training.plan_reading import plain

_TITLE = "Predetermined change-control plan"
_FRAME = (
    "After FDA, predetermined change control plans for AI-enabled device software functions, "
    "December 2024, revised August 2025 [doc, secondary]: planned modifications, protocol, impact. "
    "It is no submission."
)
_AT_PROMOTION = "decided at promotion, against the champion on the same rows and folds"


def change_plan(e: Evidence) -> Document:
    """Return the change-control plan of a model."""
    sections = (_modifications(e), _limits(e), _standing(e), _protocol(), _impact(e))
    missing = sum(
        isinstance(block, Text) and block.tone == "missing"
        for section in sections
        for block in section.blocks
    )
    return Document(_TITLE, "change_plan", sections, e.synthetic, missing, (_FRAME,))


def standing(e: Evidence) -> tuple[tuple[str, str], ...]:
    """Ask every rule of the gate about this model; return rule and answer.

    A rule that depends on a champion is found by setting a far better one beside the challenger.
    """
    contest = _contest(e)
    beaten = replace(contest, champion_is_synthetic=False, against_champion=_FAR_BETTER)
    return tuple((name, _answer(rule, contest, beaten)) for name, rule in GATE.items())


def _answer(rule: GateRule, contest: Contest, beaten: Contest) -> str:
    reasons = rule(contest)
    if reasons:
        return f"refuses: {' '.join(reasons)}"
    return _AT_PROMOTION if rule(beaten) else "passes"


_FAR_BETTER: dict[str, dict[str, float]] = {
    "log_loss": {"estimate": 1.0, "low": 1.0, "high": 1.0, "low_90": 1.0, "high_90": 1.0},
    "same_day_auroc": {"estimate": -1.0, "low": -1.0, "high": -1.0},
}


def _contest(e: Evidence) -> Contest:
    return Contest(
        evaluation=e.evaluation,
        synthetic=e.synthetic,
        audit=e.audit,
        rule=_rule(e),
    )


def _rule(e: Evidence) -> EvaluationPlan:
    return e.plan.evaluation if e.plan else EvaluationPlan()


def _modifications(e: Evidence) -> Section:
    if e.plan is None:
        return Section("1. Planned modifications", (Text(MISSING + " (the plan)", "missing"),))
    ranges = tuple((name, _range(plain(one))) for name, one in e.plan.trees.search.items())
    kept = (
        f"A refit of the plan `{e.plan.name}` (digest {e.plan.digest()[:16]}) on more patients: "
        "question, predictors, margin, folds and comparators stay; coefficients, trees, "
        f"calibrator ({e.plan.calibration.kind}) and the settings below may change inside their "
        "ranges. Any other change of the plan is outside of this one; no rule of the gate reads "
        "that, a person compares plan.json of both versions."
    )
    return Section("1. Planned modifications", (Text(kept), Table(("setting", "range"), ranges)))


def _range(search: dict[str, Any]) -> str:
    if search["choices"]:
        return ", ".join(map(str, search["choices"]))
    return f"{search['low']:g} to {search['high']:g}"


def _limits(e: Evidence) -> Section:
    rows = tuple(
        (name, str(number))
        for name, number in plain(_rule(e)).items()
        if isinstance(number, int | float)
    )
    rules = tuple((name, inspect.getdoc(rule) or "") for name, rule in GATE.items())
    return Section(
        "2. Limits that the gate enforces",
        (
            Table(("rule of the gate", "what it asks"), rules),
            Text("Their numbers, from [evaluation] of the plan:"),
            Table(("limit", "set to"), rows),
        ),
    )


def _standing(e: Evidence) -> Section:
    rows = standing(e)
    marked = frozenset(at for at, (_, said_) in enumerate(rows) if said_.startswith("refuses"))
    return Section("3. How this model stands", (Table(("rule", "answer"), rows, marked),))


def _protocol() -> Section:
    steps = (
        ("data", "the leakage audit runs before every fit and can refuse"),
        ("refit", "`fit` registers a challenger with digest, plan, cohort and code version"),
        ("evaluation", "nested cross-fitting by patient, on the same rows as every comparator"),
        ("decision", "`promote` asks every rule; who, when and why go into a chained record"),
        ("override", "only by rule and reason; it stands on every answer of that model"),
        ("update", "`export` makes a release chained to the one before; the service swaps whole"),
        (
            "way back",
            "`promote --back` brings the release before back: registry, chain and store together",
        ),
    )
    return Section("4. Protocol of a modification", (Table(("step", "how"), steps),))


def _impact(e: Evidence) -> Section:
    asked = (
        ("How often, and who decides: ", "update_schedule"),
        ("When validity or fairness fails: ", "correction"),
        ("How users learn of a change: ", "change_communication"),
        ("Benefits and risks of the changes: ", "change_impact"),
    )
    blocks = []
    for label, key in asked:
        text = e.statements.get(key)
        blocks.append(Text(label + text) if text else Text(label + MISSING, "missing"))
    return Section("5. Impact, which no rule enforces: for a person to say", tuple(blocks))
