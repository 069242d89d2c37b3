"""IEC-HS (Hines et al., TCT 2023;29:438): which criteria are met, not met or not known.

Never a diagnosis and never a grade. The text of the criteria was not seen in its source (tag Mh),
so none of it is shown to a clinician as a fact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np

from features.grading.assumptions import LABORATORY_DAYS
from features.grading.crs import has_fever
from features.grading.graded import VERIFIED
from features.grading.recorded import Recorded

TAG = "Mh"
Kind = Literal["required", "common", "also"]

JUDGED: Mapping[str, Kind] = MappingProxyType(
    {
        "ferritin_rapidly_rising": "required",
        "haemophagocytosis": "common",
        "cytopenia_new_or_worse": "common",
        "other_coagulopathy": "also",
        "direct_hyperbilirubinaemia": "also",
        "new_splenomegaly": "also",
        "neurotoxicity": "also",
        "lung_signs": "also",
        "new_renal_failure": "also",
    }
)
"""Criteria that no table holds: met only where a person says so."""


@dataclass(frozen=True, slots=True)
class Laboratory:
    """A result with what it is compared with, each None where not known."""

    value: float | None = None
    lower_limit: float | None = None
    upper_limit: float | None = None
    baseline: float | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion; `met` is None where the findings do not tell."""

    name: str
    kind: Kind
    met: bool | None
    tag: str = TAG

    @property
    def verified(self) -> bool:
        """Whether its source was read."""
        return self.tag in VERIFIED

    @property
    def shown_to_clinicians(self) -> bool:
        """Whether it may be shown."""
        return self.verified


@dataclass(frozen=True, slots=True)
class IecHs:
    """The criteria, in the order of the source."""

    criteria: tuple[Criterion, ...]
    advice: str = "No diagnosis. Assess by local protocol."

    @property
    def shown_to_clinicians(self) -> bool:
        """Whether it may be shown."""
        return all(one.shown_to_clinicians for one in self.criteria)

    def names(self, met: bool | None) -> tuple[str, ...]:
        """Return the criteria that are met, not met (False) or not known (None)."""
        return tuple(one.name for one in self.criteria if one.met is met)


@dataclass(frozen=True, slots=True)
class IecHsFindings:
    """What is known.

    Attributes
    ----------
    ferritin, ast, alt, fibrinogen, ldh, triglycerides : Laboratory
        ng/mL, U/L, U/L, mg/dL, U/L, mg/dL (fasting, which no table says).
    fever : bool or None
        New or persistent.
    judged : mapping
        Of the criteria of :data:`JUDGED`, what a person found.
    """

    ferritin: Laboratory = Laboratory()
    ast: Laboratory = Laboratory()
    alt: Laboratory = Laboratory()
    fibrinogen: Laboratory = Laboratory()
    ldh: Laboratory = Laboratory()
    triglycerides: Laboratory = Laboratory()
    fever: bool | None = None
    judged: Mapping[str, bool] = field(default_factory=dict)


def iec_hs_criteria(found: IecHsFindings) -> IecHs:
    """Return every criterion."""
    ferritin = _any(
        _above(found.ferritin.value, found.ferritin.upper_limit, 2.0),
        _above(found.ferritin.value, found.ferritin.baseline, 2.0),
    )
    fibrinogen = _any(
        _below(found.fibrinogen.value, 150.0),
        _below(found.fibrinogen.value, found.fibrinogen.lower_limit),
    )
    measured: dict[str, tuple[Kind, bool | None]] = {
        "ferritin above 2 x normal or baseline": ("required", ferritin),
        "AST or ALT above 5 x normal": ("common", _any(_liver(found.ast), _liver(found.alt))),
        "fibrinogen below 150 mg/dL or normal": ("common", fibrinogen),
        "LDH above normal": ("also", _above(found.ldh.value, found.ldh.upper_limit, 1.0)),
        "fever": ("also", found.fever),
        "triglycerides above 265 mg/dL": ("also", _above(found.triglycerides.value, 265.0, 1.0)),
    }
    criteria = [Criterion(name, kind, met) for name, (kind, met) in measured.items()]
    criteria += [Criterion(name, kind, found.judged.get(name)) for name, kind in JUDGED.items()]
    order = {"required": 0, "common": 1, "also": 2}
    return IecHs(tuple(sorted(criteria, key=lambda one: order[one.kind])))


def iec_hs_at(
    recorded: Recorded, instant: float, judged: Mapping[str, bool] | None = None
) -> IecHs:
    """Return the criteria of one course by what is known at an instant."""

    def of(name: str) -> Laboratory:
        return _laboratory(recorded, name, instant)

    temperature = of("temperature_c").value
    return iec_hs_criteria(
        IecHsFindings(
            ferritin=of("ferritin_ng_ml"),
            ast=of("ast_u_l"),
            alt=of("alt_u_l"),
            fibrinogen=of("fibrinogen_mg_dl"),
            ldh=of("ldh_u_l"),
            triglycerides=of("triglycerides_mg_dl"),
            fever=None if temperature is None else bool(has_fever(temperature)),
            judged=judged or {},
        )
    )


def _laboratory(recorded: Recorded, name: str, instant: float) -> Laboratory:
    rows = recorded.findings(name)
    order = np.lexsort((rows.severity, rows.visible, rows.day))
    seen = order[rows.visible[order] <= instant]
    after = seen[(rows.day[seen] > 0) & (rows.day[seen] >= instant - LABORATORY_DAYS)]
    before = seen[rows.day[seen] <= 0]
    low, high = recorded.limits(name, "low"), recorded.limits(name, "high")
    if not len(after):
        return Laboratory()
    last = after[-1]
    baseline = _known(rows.value[before[-1]]) if len(before) else None
    return Laboratory(_known(rows.value[last]), _known(low[last]), _known(high[last]), baseline)


def _known(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _above(value: float | None, limit: float | None, times: float) -> bool | None:
    return None if value is None or limit is None else value > times * limit


def _below(value: float | None, limit: float | None) -> bool | None:
    return None if value is None or limit is None else value < limit


def _any(*met: bool | None) -> bool | None:
    if any(one for one in met):
        return True
    return None if any(one is None for one in met) else False


def _liver(found: Laboratory) -> bool | None:
    """Compare with five times normal, or five times a baseline that was abnormal."""
    abnormal = _above(found.baseline, found.upper_limit, 1.0)
    return _above(found.value, found.baseline if abnormal else found.upper_limit, 5.0)
