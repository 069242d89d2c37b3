"""Words of a file that may be shown: what several patients share is a code, no fact of one."""

from collections import Counter

import pandas as pd

SHARED_BY = 3
"""Patients whose rows must hold a word before it is shown in a mapping file or a note [A]."""


def shared_words(words: pd.Series, patients: pd.Series) -> tuple[list[tuple[str, int]], int]:
    """Count the rows of each word, most frequent first; return also the rows of words not shown."""
    filled = words[words.notna()]
    holders = patients[filled.index].groupby(filled).nunique()
    counts = Counter(filled.tolist())
    shown = [
        (str(word), count)
        for word, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
        if holders.get(word, 0) >= SHARED_BY
    ]
    return shown, len(filled) - sum(count for _, count in shown)
