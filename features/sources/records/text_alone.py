"""Acts that may be an infusion and are not read as one: their texts and strange codes, with counts.

A text is never matched, so an infusion that stands in it alone is not found; what can be done is to
say so. A text is shown where several patients share it, or by the product that it names: a text of
few may hold anything, a name too.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import pandas as pd

from features.product_names import name_key
from features.products import NOT_CAR_T, PRODUCTS
from features.sources.shared_words import SHARED_BY

_SHOWN = 8
_LONGEST = 60
_MOST_TEXTS = 20_000  # so many are told apart; an export of free texts stays in bounded memory
_CAR_T = re.compile(r"\bCAR[\s-]?T\b|chimeric antigen|嵌合抗原|leucel\b", re.IGNORECASE)
_SHORTEST_NAME = {True: 6, False: 3}  # in ASCII or not; a shorter one is a part of other words


def _distinct(keys: Iterable[str]) -> list[str]:
    return [key for key in keys if len(key) >= _SHORTEST_NAME[key.isascii()]]


_PRODUCT_BY_KEY = {
    key: one.name for one in PRODUCTS.values() for key in _distinct(map(name_key, one.names))
}
_OTHERS = _distinct(map(name_key, NOT_CAR_T))


def car_t_named_in(text: str) -> str:
    """Return the catalogue name of the product in `text`, "CAR-T" if it says that; else nothing."""
    key = name_key(text)
    if any(other in key for other in _OTHERS):
        return ""
    longest = max((one for one in _PRODUCT_BY_KEY if one in key), key=len, default="")
    return _PRODUCT_BY_KEY.get(longest, "CAR-T" if _CAR_T.search(text) else "")


class TextAlone:
    """Texts of acts without a meaning, counted by records and by patients."""

    def __init__(self) -> None:
        self._records: Counter[tuple[str, str]] = Counter()
        self._patients: dict[tuple[str, str], set[str]] = {}
        self.without_code = 0

    def add(self, acts: pd.DataFrame) -> None:
        """Count medications and procedures whose code nobody has mapped, or that have none."""
        no_code = acts["code"].isna()
        self.without_code += int(no_code.sum())
        said = acts["label"].fillna(acts["code"])
        codes = (acts["system"] + " " + acts["code"]).where(~no_code, "")
        told = pd.DataFrame({"said": said, "code": codes, "subject": acts["subject"]})
        for (text, code), rows in told.dropna(subset="said").groupby(["said", "code"], sort=False):
            key = (" ".join(str(text).split()), str(code))
            if key in self._records or len(self._records) < _MOST_TEXTS:
                self._records[key] += len(rows)
                held = self._patients.setdefault(key, set())
                held |= set(rows["subject"].dropna().head(SHARED_BY))

    def notes(self) -> list[str]:
        """Return what is to be said: that texts are not read, and which name CAR-T cells."""
        made = [acts_without_code(self.without_code)] if self.without_code else []
        named = [(key, n) for key, n in self._records.items() if car_t_named_in(key[0])]
        if named:
            made.append(
                "Not read as infusions, and they name CAR-T cells (a text alone is never read: it "
                "needs a code at the source; a code in brackets needs a [[code]] with product = ..."
                f" in the mapping file): {self._listed(named)}."
            )
        others = [
            (key, n)
            for key, n in self._records.items()
            if not key[1] and not car_t_named_in(key[0]) and self._is_shared(key)
        ]
        if others:
            made.append(f"Most frequent other texts without a code: {self._listed(others)}.")
        return made

    def _listed(self, found: Iterable[tuple[tuple[str, str], int]]) -> str:
        counts: Counter[str] = Counter()
        for key, n in found:
            counts[self._shown(key)] += n
        shown = [f"{text} ({n:,} records)" for text, n in counts.most_common(_SHOWN)]
        more = sum(n for _, n in counts.most_common()[_SHOWN:])
        return "; ".join([*shown, *([f"{more:,} records of others"] if more else [])])

    def _shown(self, key: tuple[str, str]) -> str:
        text, code = key
        if self._is_shared(key):
            return f"{text[:_LONGEST]!r}" + (f" [{code}]" if code else "")
        what = "a code" if code else "a text"
        return f"{what} of fewer than {SHARED_BY} patients that names {car_t_named_in(text)}"

    def _is_shared(self, key: tuple[str, str]) -> bool:
        return len(self._patients[key]) >= SHARED_BY


def acts_without_code(count: int) -> str:
    """Say that some acts could not be looked at."""
    return (
        f"{count:,} medications or procedures have no code, at most a text, which is not read: an "
        "infusion among them is not found."
    )


def naming_car_t(texts: Iterable[object]) -> Iterator[str]:
    """Yield the texts that name a CAR-T product, or CAR-T cells."""
    yield from (one for one in texts if isinstance(one, str) and car_t_named_in(one))
