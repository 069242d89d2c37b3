"""What is said of a bedside score beside its formula: what it was made for, when it may be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.products import READ_TAGS

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Timing:
    """When a score may be read.

    Attributes
    ----------
    before_lymphodepletion : bool
        In the last days before lymphodepletion starts.
    days : tuple of int
        Whole days from infusion; day 1 goes from 1.0 to 2.0.
    any_day : bool
        At any time.
    """

    before_lymphodepletion: bool = True
    days: tuple[int, ...] = ()
    any_day: bool = False


@dataclass(frozen=True, slots=True)
class CutOff:
    """A published threshold; it is shown only where its source was read (`verified`).

    Attributes
    ----------
    strictly : bool
        High above `value`, not from it on.
    only_before_lymphodepletion : bool
        Derived there; it says nothing of a later reading.
    """

    value: float
    means: str
    tag: str
    strictly: bool = False
    only_before_lymphodepletion: bool = True

    @property
    def verified(self) -> bool:
        """Whether the source was read, so that a clinician may see it."""
        return self.tag in READ_TAGS

    def reached(self, points: float) -> bool:
        """Whether `points` count as high."""
        return points > self.value if self.strictly else points >= self.value


@dataclass(frozen=True, slots=True)
class Score:
    """What a score is, what it was made for, and when it may be read.

    Attributes
    ----------
    compute : callable
        The function; its arguments are the names in `inputs` and `findings`.
    inputs : tuple of str
        Inputs of :data:`features.inputs.INPUTS` that it needs.
    findings : tuple of str
        What else it needs, that no table holds.
    caution : str
        What must be read with it: what it was not made for.
    items_tag : str
        Whether the formula, or the thresholds of its items, were read in a source.
    youngest_years : float
        Of the patients in whom it was studied.
    """

    name: str
    label: str
    label_zh: str
    compute: Callable[..., Floats]
    inputs: tuple[str, ...]
    made_for: str
    population: str
    diagnoses: tuple[str, ...]
    doi: str
    timing: Timing
    caution: str
    items_tag: str = "L"
    cut_off: CutOff | None = None
    findings: tuple[str, ...] = ()
    log2: bool = False
    youngest_years: float = 18.0

    def of(self, readings: Mapping[str, Any]) -> Floats:
        """Compute the score from readings by input name; an absent one counts as missing."""
        return self.compute(
            **{name: readings.get(name, np.nan) for name in (*self.inputs, *self.findings)}
        )
