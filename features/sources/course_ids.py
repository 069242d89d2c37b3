"""Ids of courses whose file names none, or names them in a way that tells something."""

import hashlib
from collections import Counter

import pandas as pd


def hashed_ids(cells: pd.DataFrame, course: pd.Series, prefix: str) -> pd.Series:
    """Return ids that are a hash of the course's own rows and so say nothing of their order.

    Parameters
    ----------
    cells : DataFrame
        What is hashed, as it came; nothing that tells where in the file a row stands.
    course : Series
        Which rows are one course; the index of `cells`.
    prefix : str
        How every id begins.

    Returns
    -------
    Series
        ``prefix-`` and 16 hexadecimal digits. Two courses of equal rows stay two: the second has a
        further ``-2``.
    """
    salt = f"{prefix} course".encode()
    content = cells.map(str).agg("|".join, axis=1)
    seen: Counter[str] = Counter()
    ids = {}
    for one, rows in content.groupby(course):
        code = hashlib.sha256(salt + "\n".join(rows).encode()).hexdigest()[:16]
        seen[code] += 1
        ids[one] = f"{prefix}-{code}" + (f"-{seen[code]}" if seen[code] > 1 else "")
    return course.map(ids)


def ids_by_position(course: pd.Series, prefix: str) -> pd.Series:
    """Return ``prefix-001``, ``prefix-002`` ... in the order in which the courses stand."""
    position, names = pd.factorize(course)
    width = max(3, len(str(len(names))))
    return pd.Series([f"{prefix}-{at + 1:0{width}d}" for at in position], index=course.index)
