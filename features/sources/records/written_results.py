"""Results that a source wrote as text: "<2", "> 40000"."""

import re

import pandas as pd

_CENSORED = re.compile(r"^\s*(<=|>=|<|>|≤|≥)\s*([0-9]+(?:\.[0-9]+)?)\b")
_SIGNS = {"≤": "<=", "≥": ">="}


def censored_results(texts: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the comparator and the number of the texts that are censored results.

    Returns
    -------
    comparators : Series
        Text; missing for any other text.
    numbers : Series
        Float; NaN for any other text.
    """
    found = {
        text: match
        for text in texts.dropna().unique()
        if (match := _CENSORED.match(str(text))) is not None
    }
    signs = {text: _SIGNS.get(match[1], match[1]) for text, match in found.items()}
    numbers = {text: float(match[2]) for text, match in found.items()}
    return texts.map(signs).astype("str"), texts.map(numbers).astype("float64")
