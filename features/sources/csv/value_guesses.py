"""What the values of a column prove: the style of its dates, days or dates.

A style is proven when it alone reads every cell that any style reads. Where two styles read all of
them, or none does, nothing is guessed and the counts are said. Counts only, never a value.
"""

import re
from datetime import date

import pandas as pd

from features.sources.csv.as_written import plain_text
from features.sources.csv.site_dates import NOT_WHOLE, STYLES, Written, parsed

_FRACTION = re.compile(r"\d[.,]\d")
_DAY_NUMBER = re.compile(r"(?:day|d|第)?\s*[+-]?\d{1,3}(?:[.,]\d+)?\s*[天日]?", re.IGNORECASE)


def are_day_numbers(cells: pd.Series) -> bool:
    """Whether every filled cell is a small number, as days from the infusion are."""
    filled = cells.dropna()
    return len(filled) > 0 and all(
        not isinstance(cell, date) and _DAY_NUMBER.fullmatch(plain_text(cell) or "")
        for cell in filled
    )


def are_whole_days(cells: pd.Series) -> bool:
    """Whether every filled cell is a day number without a fraction."""
    texts = [plain_text(cell) or "" for cell in cells.dropna()]
    return are_day_numbers(cells) and not any(map(_FRACTION.search, texts))


def date_style(cells: pd.Series) -> tuple[str, str]:
    """Return the style that the cells prove and the reason; an empty style where none is proven."""
    filled = list(cells.dropna())
    as_text = [cell for cell in filled if not isinstance(cell, date)]
    if filled and not as_text:
        return "excel", "the workbook holds dates"
    read = {style: [isinstance(parsed(c, style), Written) for c in as_text] for style in STYLES}
    by_any = sum(map(any, zip(*read.values(), strict=True)))
    counts = {style: sum(mine) for style, mine in read.items() if any(mine)}
    complete = [style for style, count in counts.items() if count == by_any]
    said = ", ".join(f"{style} reads {count}" for style, count in counts.items())
    partial = sum(parsed(cell, "iso") == NOT_WHOLE for cell in as_text)
    more = f"; {partial} of them are no whole dates" if partial else ""
    if len(complete) == 1 and by_any:
        return complete[0], f"it alone reads {by_any} of {len(as_text)} cells{more}"
    if not by_any:
        return "", f"no style reads any of {len(as_text)} cells{more}"
    return "", f"not proven by {len(as_text)} cells: {said}{more}"


def hold_dates(cells: pd.Series) -> bool:
    """Whether every filled cell is a date in some style; numbers that a workbook may mean are none.

    Small numbers of days are no dates.
    """
    filled = list(cells.dropna())
    return bool(filled) and all(
        isinstance(cell, date)
        or any(isinstance(parsed(cell, style), Written) for style in STYLES if style != "excel")
        for cell in filled
    )


def hours_in(cells: pd.Series, style: str) -> tuple[int, int]:
    """Return how many cells carry an hour, and how many of these name no zone.

    Where no style is proven an hour counts in whichever style reads the cell.
    """
    hours = [one for cell in cells.dropna() if (one := _with_hour(cell, style)) is not None]
    return len(hours), sum(one.at.tzinfo is None for one in hours)


def _with_hour(cell: object, style: str) -> Written | None:
    read = (parsed(cell, one) for one in ([style] if style else STYLES))
    return next((one for one in read if isinstance(one, Written) and one.has_hour), None)
