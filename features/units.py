"""Units to canonical units, from the explicit table of each input; nothing is guessed.

A missing or unknown unit is refused, and so is a value that is impossible in its unit: that is how
88 "mg/dL" of creatinine is caught. A value that is possible is refused only if it *fits another unit
better*: it lies far outside the plausible range (beyond it by more than :data:`FAR` times) and inside
the plausible range of another accepted unit. Everything else is kept, however extreme: what is merely
unusual raises a notice, and what fits no unit is not made better by a refusal.

Units that are never mixed: FEU with DDU of D-dimer (a DDU result is converted by an approximate
factor and flagged, never suggested), and mass with activity (IU/mL of a cytokine has no factor).
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from features.errors import UnitError
from features.inputs import INPUTS, Conversion, Input, Range

FAR = 2.0
"""How many times beyond the plausible range a value must lie to be suspected of another unit [A]."""

Readings = npt.NDArray[np.float64]
_Number = TypeVar("_Number", float, Readings)

_SPELLINGS = {
    "10^9/L": "10*9/L", "x10^9/L": "10*9/L", "x10*9/L": "10*9/L", "10e9/L": "10*9/L", "G/L": "10*9/L",
    "G/l": "10*9/L",
    "K/uL": "10*3/uL", "10^3/uL": "10*3/uL", "x10^3/uL": "10*3/uL", "10*3/mm3": "10*3/uL",
    "cells/uL": "/uL", "/mm3": "/uL",
    "10^12/L": "10*12/L", "x10^12/L": "10*12/L", "T/L": "10*12/L", "10^6/uL": "10*6/uL",
    "IU/L": "U/L", "mg/l": "mg/L", "mg/dl": "mg/dL", "ng/ml": "ng/mL", "ug/l": "ug/L", "pg/ml": "pg/mL",
    "ng/l": "ng/L", "g/l": "g/L", "g/dl": "g/dL", "u/l": "U/L", "umol/l": "umol/L", "mmol/l": "mmol/L",
    "C": "Cel", "degC": "Cel", "°C": "Cel", "F": "[degF]", "degF": "[degF]", "°F": "[degF]",
    "mmHg": "mm[Hg]", "bpm": "/min", "1/min": "/min", "breaths/min": "/min", "beats/min": "/min",
    "sec": "s", "seconds": "s", "fraction": "1", "mEq/L": "meq/L", "L/minute": "L/min",
    "ng/mL FEU": "ng/mL{FEU}", "ug/mL FEU": "ug/mL{FEU}", "mg/L FEU": "mg/L{FEU}", "ug/L FEU": "ug/L{FEU}",
    "ng/mL DDU": "ng/mL{DDU}", "mg/L DDU": "mg/L{DDU}", "ug/L DDU": "ug/L{DDU}", "ug/mL DDU": "ug/mL{DDU}",
    "ug/ml": "ug/mL", "nmol/l": "nmol/L", "pmol/l": "pmol/L", "IU/mL": "[iU]/mL", "IU/ml": "[iU]/mL",
    "U/ml": "U/mL", "kIU/L": "k[iU]/L", "mIU/mL": "m[iU]/mL",
    "kgs": "kg", "lb": "[lb_av]", "lbs": "[lb_av]", "in": "[in_i]", "inch": "[in_i]",
}  # fmt: skip
_ACTIVITY = frozenset(
    {"U/L", "kU/L", "mU/L", "U/mL", "mU/mL", "[iU]/L", "k[iU]/L", "[iU]/mL", "m[iU]/mL", "ukat/L", "nkat/L"}
)  # fmt: skip
_MASS = frozenset(
    {"g/L", "mg/L", "ug/L", "ng/L", "g/dL", "mg/dL", "mg/mL", "ug/mL", "ng/mL", "pg/mL"}
)
_MICRO = str.maketrans({"µ": "u", "μ": "u", "×": "x", "⁹": "^9"})


def spelled(unit: str) -> str:
    """Return the UCUM spelling of `unit` where the written form has a known one."""
    plain = unit.strip().translate(_MICRO)
    return _SPELLINGS.get(plain, plain)


def clinical_input(name: str) -> Input:
    """Return the input called `name`; raise `UnitError` naming near ones otherwise."""
    if name in INPUTS:
        return INPUTS[name]
    stem = name.split("_", maxsplit=1)[0]
    near = [known for known in INPUTS if known.startswith(stem)] or list(INPUTS)[:5]
    raise UnitError(f"input {name!r} is not known; near it: {', '.join(near)}.")


def conversion(input_name: str, unit: str | None) -> Conversion:
    """Return how to turn `unit` into the canonical unit of `input_name`.

    Raises
    ------
    UnitError
        The unit is missing or is not one of the accepted ones, which are named.
    """
    one = clinical_input(input_name)
    legal = ", ".join(one.accepted)
    if not isinstance(unit, str) or not unit.strip():
        if one.unit in ("{score}", "{INR}"):
            return Conversion(1.0)
        raise UnitError(f"{input_name} came without a unit. Legal units: {legal}.")
    known = one.accepted.get(spelled(unit))
    if known is None:
        raise UnitError(
            f"unit {unit.strip()[:20]!r} is not accepted for {input_name}; legal: {legal}."
            f"{_and(why_never_mixed(one, unit))}"
        )
    return known


def why_never_mixed(one: Input, unit: str | None) -> str:
    """Return why `unit` can have no factor to that of `one`; empty where it is merely unknown.

    The text holds no part of `unit`, which may be anything.
    """
    plain = spelled(unit or "")
    if f"{plain}{{FEU}}" in one.accepted:
        return "Say whether the D-dimer is in FEU or in DDU: they differ about twofold."
    holds_activity = one.unit in _ACTIVITY
    if plain in _ACTIVITY and not holds_activity:
        return (
            f"{one.name} is held in {one.unit}; units of activity have no fixed factor to it, it "
            "depends on the assay. Give the result in one of the legal units or leave it out."
        )
    if holds_activity and plain in _MASS:
        return f"{one.name} is an activity; a mass has no fixed factor to it."
    return ""


def suggested_units(
    one: Input, value: float, unit: str | None, age_years: float | None = None
) -> list[str]:
    """Return the accepted units in which `value` would be plausible, other than `unit`.

    Names of the same unit count once. FEU is not suggested for DDU, nor DDU for FEU.
    """
    return [
        fit
        for fit, turn in _rivals(one, unit)
        if _inside(_turned(value, turn), _plausible(one, age_years))
    ]


def misread_as(
    input_name: str, value: float, unit: str | None, age_years: float | None = None
) -> list[str]:
    """Return the units that `value` fits better than `unit`; empty where it is kept.

    Parameters
    ----------
    value : float
        As it came, in `unit`, which is one of the accepted units.
    age_years : float or None
        Where it is not known, what is plausible at some age counts as plausible.
    """
    one = clinical_input(input_name)
    canonical = _turned(value, conversion(input_name, unit))
    if _inside(canonical, _far_from(one, _plausible(one, age_years))):
        return []
    return suggested_units(one, value, unit, age_years)


def all_misread(input_name: str, values: Readings, unit: str | None) -> npt.NDArray[np.bool_]:
    """Return which of `values`, all in `unit` and possible there, fit another unit better.

    Ages are not known here: what is plausible at some age counts as plausible.
    """
    one = clinical_input(input_name)
    plausible = one.plausible_at_any_age
    fits_another = np.zeros(len(values), dtype=np.bool_)
    for _, turn in _rivals(one, unit):
        fits_another |= _inside(_turned(values, turn), plausible)
    canonical = _turned(values, conversion(input_name, unit))
    far = _inside(canonical, one.hard) & ~_inside(canonical, _far_from(one, plausible))
    return fits_another & far


def to_canonical(
    input_name: str, value: float, unit: str | None, age_years: float | None = None
) -> float:
    """Convert `value` from `unit` to the canonical unit of `input_name`.

    Returns
    -------
    float
        In the unit that the name of the input ends in.

    Raises
    ------
    UnitError
        Unknown or missing unit, a value impossible in that unit, or one that fits another unit
        better; the message names the units that would fit and never repeats the value.
    """
    one = clinical_input(input_name)
    if one.is_text:
        raise UnitError(f"{input_name} is one of {', '.join(one.levels)}; it has no unit.")
    canonical = _turned(value, conversion(input_name, unit))
    low, high = one.hard
    if not low <= canonical <= high:
        raise UnitError(
            f"{input_name}: the value is impossible in {unit} "
            f"(legal {low:g} to {high:g} {one.unit})."
            f"{_did_you_mean(suggested_units(one, value, unit, age_years))}"
        )
    better = misread_as(input_name, value, unit, age_years)
    if better:
        low, high = _plausible(one, age_years)
        raise UnitError(
            f"{input_name}: the value is far from usual in {unit} "
            f"({low:g} to {high:g} {one.unit}).{_did_you_mean(better)}"
        )
    return canonical


def _rivals(one: Input, unit: str | None) -> list[tuple[str, Conversion]]:
    """Return the other units of the same kind, each conversion once."""
    mine = spelled(unit or one.unit)
    seen = {one.accepted.get(mine)}
    found = []
    for other, turn in one.accepted.items():
        if turn not in seen and _kind(other) == _kind(mine):
            found.append((other, turn))
            seen.add(turn)
    return found


def _kind(unit: str) -> str:
    return next((kind for kind in ("{FEU}", "{DDU}") if unit.endswith(kind)), "")


def _turned(value: _Number, turn: Conversion) -> _Number:
    return value * turn.factor + turn.offset


def _plausible(one: Input, age_years: float | None) -> Range:
    return one.plausible_at_any_age if age_years is None else one.plausible_at(age_years)


def _far_from(one: Input, plausible: Range) -> Range:
    """Return the bounds beyond which a possible value is far from plausible."""
    return max(one.hard[0], plausible[0] / FAR), min(one.hard[1], plausible[1] * FAR)


def _inside(value: _Number, bounds: Range) -> npt.NDArray[np.bool_]:
    return np.asarray((value >= bounds[0]) & (value <= bounds[1]))


def _did_you_mean(units: list[str]) -> str:
    return f" Did you mean {' or '.join(units)}?" if units else ""


def _and(sentence: str) -> str:
    return f" {sentence}" if sentence else ""
