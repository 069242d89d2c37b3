"""One reading of product names, for every place that meets one: files, mappings, verbs, service.

Case, full-width letters, spaces, hyphens, signs of a trade mark and the form of the medicine
("injection", 注射液) never tell two products apart. "Yescarta (axi-cel)" names one product twice; a
text that says anything beside known names is no name.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

_SIGNS = re.compile(r"[\s\-_‐‑‒–—−·®™℠]+")
_FORMS = ("注射液", "细胞", "injection", "infusion")
_BETWEEN = re.compile(r"[()\[\]/,、]+")


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common; idempotent."""
    bare = _SIGNS.sub("", name)
    plain = _SIGNS.sub("", unicodedata.normalize("NFKC", bare).casefold())
    for form in _FORMS:
        if plain.endswith(form) and plain != form:
            return name_key(plain.removesuffix(form))
    return plain


def found_by_name(name: str, by_key: Mapping[str, T]) -> T | None:
    """Return what `by_key` holds for `name`; for a name with others beside it, what all name.

    Parameters
    ----------
    by_key : mapping
        Keyed by :func:`name_key`.

    Returns
    -------
    T or None
        None where any part is unknown, or two parts name different things.
    """
    whole = by_key.get(name_key(name))
    if whole is not None:
        return whole
    parts = [part for part in _BETWEEN.split(unicodedata.normalize("NFKC", name)) if part.strip()]
    named = [by_key.get(name_key(part)) for part in parts]
    first = named[0] if named else None
    return first if all(one is not None and one == first for one in named) else None
