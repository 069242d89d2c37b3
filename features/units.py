"""Units to canonical units, from the explicit table of each input; nothing is guessed.

A missing or unknown unit is refused, and so is a value that is impossible in its unit while another
accepted unit would fit: that is how 88 "mg/dL" of creatinine is caught.
"""

from features.errors import UnitError
from features.inputs import INPUTS, Conversion, Input

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
    "ng/mL DDU": "ng/mL{DDU}", "mg/L DDU": "mg/L{DDU}",
}  # fmt: skip
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
        )
    return known


def fitting_units(input_name: str, value: float) -> list[str]:
    """Return the accepted units in which `value` would be plausible, likeliest first."""
    one = clinical_input(input_name)
    low, high = one.plausible
    return [
        unit
        for unit, turn in one.accepted.items()
        if low <= value * turn.factor + turn.offset <= high
    ]


def to_canonical(input_name: str, value: float, unit: str | None) -> float:
    """Convert `value` from `unit` to the canonical unit of `input_name`.

    Returns
    -------
    float
        In the unit that the name of the input ends in.

    Raises
    ------
    UnitError
        Unknown or missing unit, or a value impossible in that unit; the message names units that
        would fit and never repeats the value.
    """
    one = clinical_input(input_name)
    if one.is_text:
        raise UnitError(f"{input_name} is one of {', '.join(one.levels)}; it has no unit.")
    turn = conversion(input_name, unit)
    canonical = value * turn.factor + turn.offset
    low, high = one.hard
    if low <= canonical <= high:
        return canonical
    fitting = [fit for fit in fitting_units(input_name, value) if fit != spelled(unit or "")]
    hint = f" Did you mean {' or '.join(fitting)}?" if fitting else ""
    raise UnitError(
        f"{input_name}: the value is impossible in {unit} "
        f"(legal {low:g} to {high:g} {one.unit}).{hint}"
    )
