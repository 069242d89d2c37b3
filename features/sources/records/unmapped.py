"""What nobody has mapped: codes, units and answers with their counts, for the site to complete."""

from collections import Counter

import pandas as pd

from features.inputs import INPUTS
from features.sources.records.site_mapping import TO_FILL, UNMAPPED_COLUMNS

_KEY = ["kind", "system", "code", "unit"]
_SHOWN = 8
_ANSWER, _UNIT = "answer", "unit"


class Unmapped:
    """Counts of codes without a meaning, and of units and answers that were refused."""

    def __init__(self) -> None:
        self._codes: Counter[tuple[str, ...]] = Counter()
        self._labels: dict[tuple[str, ...], str] = {}
        self._refused: Counter[tuple[str, str, str]] = Counter()

    def add(self, events: pd.DataFrame) -> None:
        """Count events whose code has no meaning; an observation without a result says nothing."""
        empty = events["kind"].eq("observation") & events["value"].isna() & events["text"].isna()
        told = events.loc[~empty, [*_KEY, "label"]]
        cells = told.astype("object").where(told.notna(), "")
        for found, rows in cells.groupby(_KEY, sort=False):
            key = tuple(str(part) for part in found)
            self._codes[key] += len(rows)
            label = rows["label"].iloc[0] if key[2] else ""  # a text alone may tell of a patient
            self._labels.setdefault(key, str(label))

    def add_refused(self, measured: pd.DataFrame, failed: dict[str, pd.Series]) -> None:
        """Count the units and answers of known inputs that could not be read."""
        for name, unit in measured.loc[
            failed["unit_is_one_of_its_input"], ["input", "source_unit"]
        ].itertuples(index=False):
            self._refused[_UNIT, str(name), unit if isinstance(unit, str) else ""] += 1
        worded = measured[measured["text"].notna()]
        for name, text in worded[["input", "text"]].itertuples(index=False):
            if text not in INPUTS[name].levels:
                self._refused[_ANSWER, str(name), str(text)] += 1

    def table(self) -> pd.DataFrame:
        """Return one row a code, unit or answer, most frequent first, with columns to fill."""
        rows = [
            dict(zip(_KEY, key, strict=True)) | {"label": self._labels[key], "count": count}
            for key, count in self._codes.items()
        ]
        for (kind, name, written), count in self._refused.items():
            place = "unit" if kind == _UNIT else "code"
            rows.append({"kind": kind, "input": name, place: written, "count": count})
        made = pd.DataFrame(rows, columns=[*UNMAPPED_COLUMNS, *TO_FILL])
        return made.sort_values(
            ["count", *_KEY], ascending=[False, *[True] * len(_KEY)], ignore_index=True
        )

    def most_frequent(self) -> str:
        """Return lines with the most frequent codes; empty where there were none."""
        lines = [
            f"\n  {count:>7,} {kind} {system} {code}"
            for (kind, system, code, _), count in self._codes.most_common(_SHOWN)
        ]
        return (
            "\nMost frequent codes of medications and procedures:" + "".join(lines) if lines else ""
        )
