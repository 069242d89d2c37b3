"""Results as sites write them, in the canonical units: numbers, censored numbers, words, units."""

import re

import numpy as np
import pandas as pd

from features.errors import UnitError
from features.inputs import INPUTS
from features.tables import COMPARATORS
from features.units import all_misread, conversion

Failed = dict[str, pd.Series]
_CENSORED = re.compile(r"^(<=|>=|<|>|≤|≥)\s*(.+)$")
_COMPARATORS = {"≤": "<=", "≥": ">="}


def with_canonical_values(
    rows: pd.DataFrame, *, decimal_comma: bool
) -> tuple[pd.DataFrame, Failed]:
    """Convert the ``value`` and reference limits of each row to the unit of its input.

    Parameters
    ----------
    rows : DataFrame
        Text cells with the columns ``input``, ``value``, ``unit``, and perhaps ``text``,
        ``comparator``, ``reference_low``, ``reference_high``.

    Returns
    -------
    rows : DataFrame
        Numbers in canonical units; ``source_value`` and ``source_unit`` hold what came.
    failed : dict
        Rule -> mask of the rows that break it: ``input_is_known``, ``value_is_a_number``,
        ``unit_is_one_of_its_input``, ``value_is_possible_in_its_unit``,
        ``value_fits_no_other_unit_better`` (this table holds no ages: what is plausible at some age
        is kept).
    """
    made = _with_all_columns(rows)
    made = made.assign(source_value=made["value"].fillna(made["text"]), source_unit=made["unit"])
    is_text = made["input"].map(lambda name: name in INPUTS and INPUTS[name].is_text)
    made["text"] = made["text"].where(~is_text | made["text"].notna(), made["value"])
    written = made["value"].where(~is_text)
    made["comparator"], plain = _censored(written, made["comparator"])
    number = as_numbers(plain, decimal_comma=decimal_comma)
    known_input = made["input"].isin(list(INPUTS))
    units = made["unit"].fillna("")
    factor, offset, known_unit = _conversions(made["input"], units, known_input & ~is_text)
    made["value"] = number * factor + offset
    for limit in ("reference_low", "reference_high"):
        limits = as_numbers(made[limit], decimal_comma=decimal_comma)
        made[limit] = limits * factor + offset
    made["unit"] = made["input"].map(lambda name: INPUTS[name].unit if name in INPUTS else None)
    return made, {
        "input_is_known": ~known_input,
        "value_is_a_number": plain.notna() & number.isna(),
        "unit_is_one_of_its_input": known_input & ~is_text & ~known_unit,
        "value_is_possible_in_its_unit": _outside_the_hard_range(made["input"], made["value"]),
        "value_fits_no_other_unit_better": _misread(made["input"], units, number, known_unit),
    }


def as_numbers(cells: pd.Series, *, decimal_comma: bool) -> pd.Series:
    """Return text cells as float; NaN where empty, infinite or no number."""
    plain = cells.astype("object")
    if decimal_comma:
        plain = plain.map(_with_a_point)
    made = pd.to_numeric(plain, errors="coerce").astype("float64")
    return made.where(np.isfinite(made))


def _with_a_point(cell: object) -> object:
    return cell.replace(",", ".") if isinstance(cell, str) and "." not in cell else cell


def _with_all_columns(rows: pd.DataFrame) -> pd.DataFrame:
    made = rows.copy()
    for name in ("value", "text", "unit", "comparator", "reference_low", "reference_high"):
        if name not in made:
            made[name] = pd.Series(None, index=made.index, dtype="object")
    return made


def _censored(written: pd.Series, comparator: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Split "<0.1" into "<" and "0.1"; a comparator in its own column wins."""
    found = written.map(lambda cell: _CENSORED.match(cell) if isinstance(cell, str) else None)
    signs = found.map(lambda match: _COMPARATORS.get(match[1], match[1]) if match else None)
    plain = written.where(found.isna(), found.map(lambda match: match[2] if match else None))
    stated = comparator.map(lambda sign: _COMPARATORS.get(sign, sign))
    legal = signs.where(signs.isin(COMPARATORS), None)
    return stated.where(stated.notna(), legal), plain


def _conversions(
    names: pd.Series, units: pd.Series, wanted: pd.Series
) -> tuple[pd.Series, pd.Series, pd.Series]:
    factor = pd.Series(np.nan, index=names.index)
    offset = pd.Series(0.0, index=names.index)
    for (name, unit), members in names[wanted].groupby([names[wanted], units[wanted]]):
        try:
            turn = conversion(str(name), str(unit))
        except UnitError:
            continue
        factor[members.index], offset[members.index] = turn.factor, turn.offset
    return factor, offset, factor.notna()


def _misread(names: pd.Series, units: pd.Series, numbers: pd.Series, known: pd.Series) -> pd.Series:
    found = pd.Series(False, index=names.index)
    for (name, unit), members in numbers[known].groupby([names[known], units[known]]):
        found[members.index] = all_misread(str(name), members.to_numpy(dtype=float), str(unit))
    return found


def _outside_the_hard_range(names: pd.Series, values: pd.Series) -> pd.Series:
    low = names.map({name: one.hard[0] for name, one in INPUTS.items()}).astype(float)
    high = names.map({name: one.hard[1] for name, one in INPUTS.items()}).astype(float)
    return (values < low) | (values > high)
