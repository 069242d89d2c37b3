"""What a rule answers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Severity = Literal["note", "warn", "refuse"]
ORDER_OF_SEVERITY: dict[str, int] = {"refuse": 0, "warn": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """What one rule says about a cohort and a question; never a patient's value.

    Parameters
    ----------
    rule : str
        Name of the rule.
    severity : {"note", "warn", "refuse"}
        A note is a clean or unanswerable rule, a refusal stops a fit.
    text : str
        The evidence in one or two sentences.
    way_out : str
        What to do about it; empty for a note.
    statistic, low, high, threshold : float or None
        The figure, its 95 % interval by patient, and what it was held against.
    columns : tuple of str
        Predictors or inputs that show it.
    row_counts : dict
        Counts by what was counted.
    assessable : bool
        False where the data are too few to answer; that is not the same as clean.
    overridden : str
        The reason given in the plan, where a refusal was overridden.
    """

    rule: str
    severity: Severity
    text: str
    way_out: str = ""
    statistic: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    columns: tuple[str, ...] = ()
    row_counts: dict[str, int] = field(default_factory=dict)
    assessable: bool = True
    overridden: str = ""

    @property
    def figure(self) -> float:
        """The statistic, 0 where there is none."""
        return self.statistic or 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; a figure that is not finite becomes null."""
        plain = asdict(self) | {"columns": list(self.columns)}
        for name in ("statistic", "low", "high", "threshold"):
            figure = plain[name]
            if figure is not None:
                plain[name] = round(float(figure), 4) if math.isfinite(figure) else None
        return plain


def not_assessable(rule: str, why: str) -> Finding:
    """Return the note of a rule that these data cannot answer."""
    return Finding(rule, "note", f"Not assessable: {why}.", assessable=False)
