"""Units in a row of their own below the headings: a row of nobody that holds units."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from features.inputs import INPUTS
from features.sources.csv.as_written import plain_text
from features.sources.csv.heading_guesses import Guess, legal_unit
from features.sources.csv.site_files import SiteFile

_FEWEST = 2  # one alone may be a result


def with_units_below(
    file: SiteFile, placed: Mapping[str, Guess], ids: pd.Series
) -> dict[str, Guess]:
    """Give each heading without a unit the one that stands below it, where that row is of nobody.

    Parameters
    ----------
    placed : mapping
        Heading -> what it is taken for.
    ids : Series
        Whose each row is.
    """
    if not len(ids) or ids.iloc[0] is not None:
        return dict(placed)
    below = {
        heading: unit
        for heading, one in placed.items()
        if one.meaning in INPUTS and not INPUTS[one.meaning].is_text
        if (unit := legal_unit(INPUTS[one.meaning], plain_text(file.cells[heading].iloc[0]) or ""))
    }
    if len(below) < _FEWEST:
        return dict(placed)
    where = f", and row {file.lines[0]}, of no patient and left out, holds its unit"
    return {
        heading: replace(one, unit=below[heading], reason=one.reason + where)
        if heading in below and not one.unit
        else one
        for heading, one in placed.items()
    }
