"""Whether to use a model, by a rule that the plan fixed beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from training.plan_sections import EvaluationPlan

USE = "use the model"
SIMPLER = "use the simpler comparator"
MORE = "more patients needed"
MOST_UNKNOWN = 0.2  # of the predictors it reads, known for no row, before it is another model


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
    difference below `rule.worst_difference`, the intervals of its calibration slope and of
    observed to expected events hold 1, its same-day AUROC is not below the comparator's, and at
    most a fifth of what it reads is known for no row. With too few event patients, or nothing to
    compare with, nothing is decided.
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
    model = evaluation["model"]
    reasons = [
        *slope_reasons(model["calibration_slope"]),
        *ratio_reasons(model["observed_to_expected"]),
        *unknown_reasons(evaluation),
    ]
    if best is not None:
        gap = evaluation["differences"][best]
        reasons += [*loss_reasons(gap["log_loss"], best, rule), *same_day_reasons(gap, best)]
    else:
        reasons.append("No comparator was held against it on these rows.")
    return tuple(reasons)


def slope_reasons(slope: Mapping[str, float | None]) -> list[str]:
    """Say what speaks against the calibration slope; nothing where its interval holds 1."""
    return _away_from_one("calibration slope", slope)


def ratio_reasons(ratio: Mapping[str, float | None]) -> list[str]:
    """Say what speaks against observed to expected events; nothing where the interval holds 1."""
    return _away_from_one("ratio of observed to expected events", ratio)


def _away_from_one(name: str, figure: Mapping[str, float | None]) -> list[str]:
    low, high = figure["low"], figure["high"]
    if low is None or high is None:
        return [f"The {name} cannot be computed."]
    if low <= 1.0 <= high:
        return []
    return [f"The interval of the {name}, {low:.2f} to {high:.2f}, does not hold 1."]


def unknown_reasons(evaluation: Mapping[str, Any]) -> list[str]:
    """Say that much of what the model reads was known for no row; nothing below the limit."""
    read, unknown = evaluation.get("n_predictors_read", 0), evaluation.get("unknown_predictors", ())
    if len(unknown) <= MOST_UNKNOWN * read:
        return []
    return [f"{len(unknown)} of the {read} predictors it reads are known for no row here."]


def loss_reasons(gap: Mapping[str, float | None], best: str, rule: EvaluationPlan) -> list[str]:
    """Say what speaks against a difference in log loss to `best`."""
    estimate, high = gap["estimate"], gap["high_90"]
    if estimate is None or high is None:
        return [f"The difference in log loss to {best} cannot be computed."]
    reasons = []
    if estimate >= 0:
        reasons.append(f"Its log loss is {_not_below(estimate, best)}{_interval(gap, '_90')}.")
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


def _interval(figure: Mapping[str, Any], level: str = "") -> str:
    """Return a difference's interval in brackets; nothing where there is none."""
    low, high = figure.get(f"low{level}"), figure.get(f"high{level}")
    if low is None or high is None:
        return ""
    named = "90 %: " if level else ""
    digits = 4 if level else 3
    return f" ({named}{low:+.{digits}f} to {high:+.{digits}f})"


def same_day_reasons(gap: Mapping[str, Any], best: str) -> list[str]:
    """Say what speaks against the same-day AUROC, compared with `best`."""
    found = gap.get("same_day_auroc", {})
    same_day = found.get("estimate")
    if same_day is None or same_day >= 0:
        return []
    return [f"Its same-day AUROC is {same_day:+.3f}{_interval(found)} from that of {best}."]
