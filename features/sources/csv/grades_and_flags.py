"""Cells of a wide file that hold a grade, or say that an agent was given."""

import re

from features.sources.csv.as_written import Signs, plain_number

_YES = ("yes", "y", "true", "是", "有", "√", "x", "given")
_NO = ("no", "n", "false", "否", "无", "-", "not given")
_GRADE = re.compile(r"(?:grade|crs|icans|g)?\s*([0-5](?:\.0)?|[iv]{1,3})\s*(?:级|度|grade)?", re.I)
GRADE_WORDS = ("0", "1", "2", "3", "4", "5")
FLAG_WORDS = ("yes", "no")


def grade_in(cell: object) -> object:
    """Return the digit or Roman numeral of a grade; the cell itself where it holds none."""
    found = _GRADE.fullmatch(str(cell))
    return found[1].lower() if found else cell


def is_grade(cell: object) -> bool:
    """Whether a cell holds a grade."""
    return _GRADE.fullmatch(str(cell)) is not None


def given_in(word: object, signs: Signs) -> bool | None:
    """Return whether an agent was given, None where the cell does not say it."""
    text = str(word).casefold()
    if text in _YES or text in _NO:
        return text in _YES
    number = plain_number(text, signs)
    return float(number) > 0 if number and number[0].isdigit() else None


def is_flag(cell: object) -> bool:
    """Whether a cell says if an agent was given."""
    return any(given_in(cell, Signs(decimal)) is not None for decimal in (".", ","))
