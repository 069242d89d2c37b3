"""What is done with the model: tiers, the plan that was fixed, the gate it has to pass."""

from __future__ import annotations

from training.cards.answers.method import identity
from training.cards.evidence import Evidence
from training.figures_in_words import correction_in_words, counts
from training.gate import GATE
from training.synthetic_mark import mark

_PERSONAL = ("age", "sex")


def tiers(e: Evidence) -> str | None:
    """Say how the tiers were cut and who signed them."""
    found = e.model.tiers
    cuts = ", ".join(f"{tier.name} from {100 * tier.lower:.3g} %" for tier in found.tiers)
    signed = (
        f"signed by {found.signed_by}"
        if found.signed_by
        else "proposed from the cohort; no clinician has signed them"
    )
    return f"Tiers: {cuts}; {signed}."


def plan_fixed(e: Evidence) -> str | None:
    """Say by which plan, fixed before the fit, everything was decided."""
    if e.plan is None:
        return None
    return f"Every setting was fixed in a plan before the fit ({identity(e)})."


def gate(e: Evidence) -> str | None:
    """Say what a new version has to pass."""
    rules = ", ".join(rule.replace("_", " ") for rule in GATE)
    return (
        f"A new version enters only through the gate: {rules}. Limits in the change-control plan; "
        "who decided, when and why is recorded."
    )


def demographic_predictors(e: Evidence) -> str | None:
    """Name age and sex columns among the predictors; there are no others of that kind."""
    named = [name for name in e.model.predictors.names() if _is_personal(name)]
    others = "Race, ethnicity, language, orientation, identity and social facts are no predictors."
    return f"Among the columns offered: {', '.join(named) or 'neither age nor sex'}. {others}"


def recalibration(e: Evidence) -> str | None:
    """Say on whom the model was corrected after it was judged, where it was."""
    told = e.model.recalibrated
    if told is None:
        return None
    judged = e.evaluation.get("evaluated", {}).get("digest") == e.model.digest
    whose = "the figures are cross-fitted by patient there"
    if not judged:
        whose = "the figures of the fit are of the model before"
    return (
        f"Recalibrated on {mark(told.get('synthetic'))}{told['cohort']}, {counts(told)}, method "
        f"{correction_in_words(told)}; {whose}."
    )


def _is_personal(column: str) -> bool:
    return column.split("_")[0].rstrip("=") in _PERSONAL
