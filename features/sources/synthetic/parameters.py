"""The calibration files as typed, immutable values."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_HERE = Path(__file__).parent
CALIBRATION_FILE = _HERE / "calibration.toml"
SOLVED_FILE = _HERE / "solved.toml"
OBSERVATION_FILE = _HERE / "observation.toml"


@dataclass(frozen=True, slots=True)
class Target:
    """What must come out of one toxicity of one product: rates by day 30, medians in days.

    ``low`` and ``high`` bound the severe rate where the source is a range instead of a cohort.
    """

    any: float
    severe: float
    onset: float
    duration: float
    n: int
    tag: str
    source: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class ProductRow:
    """One product in one indication, as the cohort is calibrated to it."""

    key: str
    name: str
    diagnosis: str
    weight: float
    crs: Target
    icans: Target
    early_tocilizumab: float
    paediatric: bool = False
    second_dose_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Solved:
    """The parameters that make a product hit its targets, found by `solving.solve`.

    Every field is a number, or an array with one entry per course; ``*_log_intensity`` is the log
    of the cumulative onset hazard, ``*_step12`` and ``*_step23`` the logits of escalation per step,
    ``*_resolution`` the probability of resolution from grade 1 per step.
    """

    crs_log_intensity: Any
    crs_onset_days: Any
    crs_step12: Any
    crs_step23: Any
    crs_resolution: Any
    icans_log_intensity: Any
    icans_onset_days: Any
    icans_log_rate_without_crs: Any
    icans_step12: Any
    icans_step23: Any
    icans_resolution: Any
    early_tocilizumab: Any
    second_dose_share: Any


@cache
def calibration() -> Mapping[str, Any]:
    """Return the calibration file as read."""
    with CALIBRATION_FILE.open("rb") as file:
        return MappingProxyType(tomllib.load(file))


@cache
def product_rows() -> tuple[ProductRow, ...]:
    """Return the calibrated products, in file order."""
    return tuple(
        ProductRow(**{**row, "crs": Target(**row["crs"]), "icans": Target(**row["icans"])})
        for row in calibration()["product"]
    )


@cache
def solved() -> tuple[Solved, ...]:
    """Return the solved parameters of `product_rows`, in the same order."""
    with SOLVED_FILE.open("rb") as file:
        table = tomllib.load(file)
    return tuple(
        Solved(
            **table[row.key],
            early_tocilizumab=row.early_tocilizumab,
            second_dose_share=row.second_dose_share,
        )
        for row in product_rows()
    )


def per_course(rows: NDArray[np.int64]) -> Solved:
    """Return the parameters of each course, whose product row is ``rows[course]``."""
    return Solved(
        **{
            one.name: np.array([getattr(row, one.name) for row in solved()])[rows]
            for one in fields(Solved)
        }
    )


@cache
def observation() -> Mapping[str, Any]:
    """Return the file on people, signals and sites as read, with ``like`` resolved."""
    with OBSERVATION_FILE.open("rb") as file:
        table = tomllib.load(file)
    people = table["people"]
    table["people"] = {name: _with_parent(people, one) for name, one in people.items()}
    return MappingProxyType(table)


def _with_parent(people: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    parent = people[one["like"]] if "like" in one else {}
    return {**parent, **one}
