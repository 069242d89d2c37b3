"""What the numbers of a file prove: the decimal sign, and what stands between thousands.

"1,234" may be a fraction or not and proves nothing; "1.234,5" and "1,234,567" prove both signs.
Counts only, never a value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from features.sources.csv.as_written import plain_text

_OTHER = {".": ",", ",": "."}
_FRACTION = {sign: re.compile(rf"[^\d]*\d+(?:[ ']\d{{3}})*[{sign}]\d+[^\d]*") for sign in _OTHER}
_GROUPED = {  # decimal sign -> numbers in which the other sign can only stand between thousands
    sign: re.compile(
        rf"[^\d]*[1-9]\d{{0,2}}(?:(?:[{other}]\d{{3}})+[{sign}]\d+|(?:[{other}]\d{{3}}){{2,}})[^\d]*"
    )
    for sign, other in _OTHER.items()
}
_UNCLEAR = {sign: re.compile(rf"[^\d]*[1-9]\d{{0,2}}[{sign}]\d{{3}}[^\d]*") for sign in _OTHER}
_SPACED = {mark: re.compile(rf"[^\d]*[1-9]\d{{0,2}}(?:{mark}\d{{3}})+(?:[.,]\d+)?[^\d]*")
           for mark in (" ", "'")}  # fmt: skip


@dataclass(frozen=True)
class Numbers:
    """How the numbers of a file seem to be written.

    Attributes
    ----------
    decimal, why : str
        The decimal sign, empty where nothing proves it, and the reason.
    thousands : mapping
        Mark that may stand between thousands -> cells that look so. Where the decimal sign is not
        proven it holds if the other sign is the decimal one.
    """

    decimal: str = "."
    why: str = ""
    thousands: Mapping[str, int] | None = None


def numbers_in(columns: Iterable[pd.Series]) -> Numbers:
    """Return what the text cells of the columns of numbers prove."""
    cells = [plain_text(cell) or "" for one in columns for cell in one if isinstance(cell, str)]
    unclear = {sign: _count(_UNCLEAR[sign], cells) for sign in _OTHER}
    grouped = {sign: _count(_GROUPED[sign], cells) for sign in _OTHER}
    proven = {
        sign: _count(_FRACTION[sign], cells) - unclear[sign] + grouped[sign] for sign in _OTHER
    }
    spaced = {mark: n for mark, pattern in _SPACED.items() if (n := _count(pattern, cells))}
    decimal, why = _decimal(proven, unclear)
    marks = dict(spaced)
    for sign, other in _OTHER.items():
        if sign != decimal and (n := unclear[sign] + grouped[other]):
            marks[sign] = n
    return Numbers(decimal, why, marks)


def _decimal(proven: Mapping[str, int], unclear: Mapping[str, int]) -> tuple[str, str]:
    commas, points = proven[","], proven["."]
    if commas and points:
        return "", f"not proven: {commas} cells hold a decimal comma, {points} a decimal point"
    if commas or points:
        return (",", f"{commas} cells hold a decimal comma") if commas else (
            ".", f"{points} cells hold a decimal point"
        )  # fmt: skip
    if not any(unclear.values()):
        return ".", "no text has a fraction"
    said = " and ".join(
        f"{n} cells are like {look}"
        for n, look in ((unclear[","], "1,234"), (unclear["."], "1.234"))
        if n
    )
    return "", f"not proven: {said}, which may be a fraction or not"


def _count(pattern: re.Pattern[str], cells: list[str]) -> int:
    return sum(bool(pattern.fullmatch(cell)) for cell in cells)
