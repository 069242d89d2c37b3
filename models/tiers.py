"""Tiers: action levels of one question at one site, which may only add monitoring.

Cut-offs are threshold probabilities that a clinician set for this question and horizon. Each tier
shows how often the event came among out-of-fold predictions in it, and the lowest is called low
only if the upper 95 % bound of that rate lies below its cut-off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.errors import PlanError
from models.columns import Floats

Z_95 = 1.959963984540054  # two-sided 95 %
HIGHEST_AT_CRS_GRADE = 2
HIGHEST_AT_ICANS_GRADE = 1
NOT_SHOWN_LOW = "not shown to be low"


@dataclass(frozen=True)
class Tier:
    """One action level.

    Parameters
    ----------
    name : str
        What it is called, for instance "intermediate".
    lower : float
        Cut-off: the tier holds risks of at least this.
    events, n : float
        Weighted event rows and rows among out-of-fold predictions in the tier.
    patients : int
        Distinct patients among them.
    upper_95 : float
        Upper 95 % bound of the observed rate (Wilson, with patients as the sample size, since rows
        of one patient are not independent); 1 where nobody fell into the tier.
    """

    name: str
    lower: float
    events: float = 0.0
    n: float = 0.0
    patients: int = 0
    upper_95: float = 1.0

    @property
    def observed_rate(self) -> float | None:
        """Events per row in the tier; None where it is empty."""
        return self.events / self.n if self.n > 0 else None


@dataclass(frozen=True)
class Tiers:
    """The tiers of one question, lowest first.

    Parameters
    ----------
    tiers : tuple of Tier
        Cut-offs ascending, the first 0.
    signed_by : str or None
        Who set the cut-offs; None until a clinician has.
    """

    tiers: tuple[Tier, ...]
    signed_by: str | None = None

    def __post_init__(self) -> None:
        cuts = [tier.lower for tier in self.tiers]
        ascending = all(a < b for a, b in pairwise(cuts))
        if not cuts or cuts[0] != 0.0 or not ascending or cuts[-1] >= 1.0:
            raise PlanError(f"tier cut-offs ascend from 0 and stay below 1; got {cuts}.")

    @property
    def bounds(self) -> dict[str, float]:
        """Lower bound of each tier, by name."""
        return {tier.name: tier.lower for tier in self.tiers}

    @property
    def low_is_shown(self) -> bool:
        """Whether the lowest tier's observed rate is shown to lie below its upper cut-off."""
        return len(self.tiers) > 1 and self.tiers[0].upper_95 < self.tiers[1].lower

    def position(
        self,
        probability: Floats,
        crs_grade: Floats | float = 0.0,
        icans_grade: Floats | float = 0.0,
    ) -> NDArray[np.intp]:
        """Tier number of each risk, 0 the lowest; a current CRS >= 2 or ICANS >= 1 is the highest.

        Parameters
        ----------
        probability : ndarray, shape (n,)
        crs_grade, icans_grade : float or ndarray, shape (n,)
            Current grades; NaN where not graded, which never lowers a tier.
        """
        cuts = np.array([tier.lower for tier in self.tiers])
        by_risk = np.searchsorted(cuts, probability, side="right") - 1
        ill = (np.asarray(crs_grade) >= HIGHEST_AT_CRS_GRADE) | (
            np.asarray(icans_grade) >= HIGHEST_AT_ICANS_GRADE
        )
        return np.where(ill, len(cuts) - 1, by_risk)

    def shown_name(self, position: int) -> str:
        """Name of a tier as it may be shown: the lowest is not called so until it is shown to be.

        A model with one tier makes no statement about being low.
        """
        if position == 0 and not self.low_is_shown:
            return NOT_SHOWN_LOW
        return self.tiers[position].name

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"signed_by": self.signed_by, "tiers": [dict(tier.__dict__) for tier in self.tiers]}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Tiers:
        """Read what :meth:`to_json` wrote."""
        return cls(tuple(Tier(**tier) for tier in saved["tiers"]), saved["signed_by"])


ONE_TIER = Tiers((Tier("all", 0.0),))


def observed_tiers(
    cut_offs: Mapping[str, float],
    probability: Floats,
    outcome: Floats,
    weight: Floats,
    patients: Sequence[Any] | NDArray[Any],
    signed_by: str | None = None,
) -> Tiers:
    """Tiers with what was observed in them.

    Parameters
    ----------
    cut_offs : mapping of tier name to lower bound
        For instance ``{"low": 0.0, "intermediate": 0.05, "high": 0.2}``.
    probability, outcome, weight : ndarray, shape (n,)
        Out-of-fold risks, outcomes (0 or 1) and weights; rows of weight 0 are left out.
    patients : sequence, length n
        Whose row it is.
    signed_by : str, optional

    Raises
    ------
    PlanError
        If cut-offs do not ascend from 0 or reach 1.
    """
    bare = Tiers(tuple(Tier(name, float(lower)) for name, lower in cut_offs.items()), signed_by)
    used = np.asarray(weight) > 0
    at = np.where(used, bare.position(np.asarray(probability)), -1)
    owner = np.asarray(patients)
    observed = []
    for position, tier in enumerate(bare.tiers):
        inside = at == position
        n = float(np.sum(np.asarray(weight)[inside]))
        events = float(np.sum((np.asarray(weight) * np.nan_to_num(outcome))[inside]))
        people = len(np.unique(owner[inside]))
        upper = upper_95_bound(events / n, people) if n > 0 else 1.0
        observed.append(Tier(tier.name, tier.lower, events, n, people, upper))
    return Tiers(tuple(observed), signed_by)


def with_cut_offs(own: Tiers, signed: Tiers) -> Tiers:
    """Put signed cut-offs in the place of a model's own, for the same question.

    What was observed belongs to its cut-offs: it stays where a signed tier has both bounds of one
    of the model's, and is otherwise not known (n = 0), so that such a tier is never called low.

    Parameters
    ----------
    own : Tiers
        With what was observed in them.
    signed : Tiers
        Names, cut-offs and who signed.
    """
    observed = dict(zip(_bounds(own), own.tiers, strict=True))
    tiers = (
        replace(observed[bounds], name=tier.name) if bounds in observed else tier
        for bounds, tier in zip(_bounds(signed), signed.tiers, strict=True)
    )
    return Tiers(tuple(tiers), signed.signed_by)


def _bounds(tiers: Tiers) -> list[tuple[float, float]]:
    cuts = [tier.lower for tier in tiers.tiers]
    return list(pairwise([*cuts, 1.0]))


def upper_95_bound(rate: float, n: int) -> float:
    """Upper end of the two-sided 95 % Wilson interval of a rate observed in n patients.

    Reference: Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    centre = rate + Z_95**2 / (2 * n)
    half = Z_95 * (rate * (1 - rate) / n + Z_95**2 / (4 * n**2)) ** 0.5
    return min(1.0, (centre + half) / (1 + Z_95**2 / n))
