"""Whether to use a model, by a rule that the plan fixed beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.plan_sections import EvaluationPlan

USE = "use the model"
SIMPLER = "use the simpler comparator"
MORE = "more patients needed"


@dataclass(frozen=True)
class Verdict:
    """What to do, and every condition that decided it."""

    decision: str
    best_comparator: str | None
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        """The verdict in one sentence."""
        named = f": {self.best_comparator}" if self.decision != USE and self.best_comparator else ""
        return f"{self.decision}{named}. {' '.join(self.reasons)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**self.__dict__, "reasons": list(self.reasons), "text": self.text}


def verdict(evaluation: Mapping[str, Any], rule: EvaluationPlan) -> Verdict:
    """Decide from an evaluation table.

    The model is used if its log loss is below the best comparator's with an upper 90 % bound of the
    difference below `rule.worst_difference`, the interval of its calibration slope holds 1, and its
    same-day AUROC is not below the comparator's. With too few event patients, or nothing to compare
    with, nothing is decided.
    """
    best = best_comparator(evaluation["comparators"])
    events = evaluation["n_event_patients"]
    failed = _failed(evaluation, best, rule)
    if events < rule.min_event_patients:
        few = f"{events} patients have the event; at least {rule.min_event_patients} are asked for."
        return Verdict(MORE, best, (few, *failed))
    if failed:
        return Verdict(SIMPLER if best else MORE, best, failed)
    return Verdict(USE, best, (f"It passes every condition against {best}.",))


def best_comparator(comparators: Mapping[str, Any]) -> str | None:
    """Return the comparator with the lowest log loss; None where none could be computed."""
    losses = {
        name: figures["log_loss"]["estimate"]
        for name, figures in comparators.items()
        if figures["log_loss"]["estimate"] is not None
    }
    return min(losses, key=lambda name: losses[name]) if losses else None


def _failed(
    evaluation: Mapping[str, Any], best: str | None, rule: EvaluationPlan
) -> tuple[str, ...]:
    reasons = [*slope_reasons(evaluation["model"]["calibration_slope"])]
    if best is not None:
        gap = evaluation["differences"][best]
        reasons += [*loss_reasons(gap["log_loss"], best, rule), *same_day_reasons(gap, best)]
    else:
        reasons.append("No comparator was held against it on these rows.")
    return tuple(reasons)


def slope_reasons(slope: Mapping[str, float | None]) -> list[str]:
    """Say what speaks against the calibration slope; nothing where its interval holds 1."""
    low, high = slope["low"], slope["high"]
    if low is None or high is None:
        return ["The calibration slope cannot be computed."]
    if low <= 1.0 <= high:
        return []
    return [f"The interval of the calibration slope, {low:.2f} to {high:.2f}, does not hold 1."]


def loss_reasons(gap: Mapping[str, float | None], best: str, rule: EvaluationPlan) -> list[str]:
    """Say what speaks against a difference in log loss to `best`."""
    estimate, high = gap["estimate"], gap["high_90"]
    if estimate is None or high is None:
        return [f"The difference in log loss to {best} cannot be computed."]
    reasons = []
    if estimate >= 0:
        reasons.append(f"Its log loss is {_not_below(estimate, best)}.")
    if high >= rule.worst_difference:
        reasons.append(
            f"The upper 90 % bound of that difference, {high:+.4f}, is not below "
            f"{rule.worst_difference:+.4f}."
        )
    return reasons


def _not_below(estimate: float, best: str) -> str:
    above = f"{estimate:.4f}"
    if float(above) == 0.0:
        return f"not below that of {best}"
    return f"higher than that of {best} by {above}"


def same_day_reasons(gap: Mapping[str, Any], best: str) -> list[str]:
    """Say what speaks against the same-day AUROC, compared with `best`."""
    same_day = gap.get("same_day_auroc", {}).get("estimate")
    if same_day is None or same_day >= 0:
        return []
    return [f"Its same-day AUROC is {same_day:+.3f} from that of {best}."]
