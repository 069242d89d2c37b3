"""One stream of recorded facts, whatever the hospital's records look like: the table of events.

FHIR, OMOP and MEDS records are turned into this table, and ``assembling.py`` makes a cohort of it.
One row is one recorded fact of one person:

- ``subject``, ``site``: the source's person and hospital;
- ``kind``: one of :data:`KINDS`;
- ``start``, ``stop``, ``known``: instants (UTC); ``known`` is when the fact became available, NaT
  where the source does not say; ``date_only`` where it gave no hour (``start`` is local midnight);
- ``system``, ``code``: the code system by its short name (``codes.system_name``) and the code;
  ``label`` is kept for the table of unmapped codes and never matched;
- ``value``, ``comparator``, ``text``, ``unit``, ``reference_low``, ``reference_high``: a result as
  it came; a coded answer is written ``system|code`` in ``text``;
- ``dose``, ``dose_unit``, ``route``: an administration;
- ``record``, ``version``: which record of the source this is part of, and a number that grows with
  its versions (NaN where there are none: the later row is the later version);
- ``left_out``: the rule by which the record does not count, found in reading it (entered in error,
  no date ...); empty for a sound record;
- ``source_value``, ``source_row``: as it came, and its line or row; ``source_file``: the file or
  table in which that row counts, where a source has several that count each for itself.

A *person* row has the birth date as ``start`` and the sex as ``text``; a *death* row the instant of
death; an *encounter* row has the codes of HL7 ActCode (``IMP`` is an admission).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from features.errors import CohortError

KINDS = (
    "person", "observation", "medication", "procedure", "condition", "encounter", "death",
)  # fmt: skip
_INSTANT: Any = "datetime64[us, UTC]"
_TEXT: Any = "str"
_NUMBER: Any = "float64"
_FLAG: Any = "bool"
_SHARED: Any = "object"  # few texts, each held once
EVENT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "subject": _TEXT, "site": _TEXT, "kind": _TEXT,
        "start": _INSTANT, "stop": _INSTANT, "known": _INSTANT, "date_only": _FLAG,
        "system": _TEXT, "code": _TEXT, "label": _TEXT,
        "value": _NUMBER, "comparator": _TEXT, "text": _TEXT, "unit": _TEXT,
        "reference_low": _NUMBER, "reference_high": _NUMBER,
        "dose": _NUMBER, "dose_unit": _TEXT, "route": _TEXT,
        "record": _TEXT, "version": _NUMBER, "left_out": _TEXT,
        "source_value": _TEXT, "source_row": _NUMBER, "source_file": _SHARED,
    }
)  # fmt: skip


@runtime_checkable
class EventSource(Protocol):
    """Records that can be read twice, so that only those of infused patients are ever held."""

    def candidates(self) -> Iterator[pd.DataFrame]:
        """Yield at least every medication and procedure event of everybody."""

    def of_subjects(self, subjects: frozenset[str]) -> Iterator[pd.DataFrame]:
        """Yield every event of these persons."""

    def others(self, subjects: frozenset[str]) -> int:
        """Count the persons of the source that are none of these; asked after `candidates`."""


class HeldEvents:
    """Events that are in memory already."""

    def __init__(self, frames: Sequence[pd.DataFrame]) -> None:
        self._frames = [conforming(frame) for frame in frames]

    def candidates(self) -> Iterator[pd.DataFrame]:
        """Yield every event."""
        yield from self._frames

    def of_subjects(self, subjects: frozenset[str]) -> Iterator[pd.DataFrame]:
        """Yield every event of these persons."""
        for frame in self._frames:
            yield frame[frame["subject"].isin(subjects)]

    def others(self, subjects: frozenset[str]) -> int:
        """Count the persons that are none of these."""
        return len({one for frame in self._frames for one in frame["subject"].dropna()} - subjects)


def event_source(events: EventSource | pd.DataFrame | Iterable[pd.DataFrame]) -> EventSource:
    """Return `events` as a source; a frame or an iterator of frames is held in memory."""
    if isinstance(events, pd.DataFrame):
        return HeldEvents([events])
    if isinstance(events, EventSource):
        return events
    return HeldEvents(list(events))


def event_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows (column -> cell; absent cells are empty) as a table of events."""
    return conforming(
        pd.DataFrame({name: [row.get(name) for row in rows] for name in EVENT_COLUMNS})
    )


def conforming(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with exactly the columns of :data:`EVENT_COLUMNS` and their dtypes.

    Raises
    ------
    CohortError
        A column that no event has, or a kind that is none of :data:`KINDS`.
    """
    strange = sorted(set(frame.columns) - set(EVENT_COLUMNS))
    if strange:
        raise CohortError(f"events have no column {strange[0]!r}: {', '.join(EVENT_COLUMNS)}.")
    made = pd.DataFrame(
        {name: _cells(frame, name, dtype) for name, dtype in EVENT_COLUMNS.items()},
        index=frame.index,
    )
    unknown = sorted(set(made["kind"].dropna()) - set(KINDS))
    if unknown:
        raise CohortError(f"event kind {unknown[0]!r} is not one of {', '.join(KINDS)}.")
    return made


def _cells(frame: pd.DataFrame, name: str, dtype: Any) -> pd.Series:
    if name not in frame:
        empty: Any = False if dtype == _FLAG else (np.nan if dtype == _NUMBER else None)
        return pd.Series(empty, index=frame.index, dtype=dtype)
    cells = frame[name]
    if dtype == _SHARED:
        return cells.astype(_SHARED)
    if dtype == _INSTANT:
        return pd.to_datetime(cells, utc=True).astype(_INSTANT)
    if dtype == _FLAG:
        return (
            cells.astype("object").map(lambda cell: cell is True or cell is np.True_).astype(bool)
        )
    if dtype == _NUMBER:
        return pd.to_numeric(cells).astype(_NUMBER)
    return cells.astype(_TEXT)


def latest_versions(events: pd.DataFrame) -> pd.Series:
    """Mark the rows that belong to the latest version of their record.

    A record with a higher ``version`` supersedes one with a lower or no version; among equals the
    later ``source_row`` does. Rows without a record stand for themselves.
    """
    of_records = events["record"].notna()
    order = events.loc[of_records, ["record", "version", "source_row"]]
    order = order.assign(version=order["version"].fillna(-np.inf))
    last = order.sort_values(["version", "source_row"], kind="stable").drop_duplicates(
        "record", keep="last"
    )
    newest = order["record"].map(last.set_index("record")["source_row"])
    is_latest = pd.Series(True, index=events.index)
    is_latest[of_records] = order["source_row"].eq(newest) | order["source_row"].isna()
    return is_latest
