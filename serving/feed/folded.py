"""From a course to the request that scores it, and back from its problems to the events."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import AwareDatetime, TypeAdapter

from features.sources.records.site_mapping import SiteMapping
from serving.course_reading import SECONDS_PER_DAY
from serving.errors import RequestProblem
from serving.feed.coded import Reader, Row
from serving.feed.course_state import CourseState
from serving.feed.told import Unmapped
from serving.messages import CourseRequest, Problem

TABLES = ("measurements", "treatments", "grades")
_PATH = re.compile(r"(measurements|treatments|grades)\[(\d+)\](.*)")
_DAYS = (("known_day", "known_at"), ("day", "at"), ("start_day", "start_at"))
_TIME = TypeAdapter(AwareDatetime)
_NO_TIME = ("day", "at")  # findings carry them; a request's findings do not


@dataclass(frozen=True, slots=True)
class Folded:
    """A course as rows, in an order that does not depend on when they arrived.

    Attributes
    ----------
    rows : tuple of Row
        Sorted by the day on which they were known and by the sender's id.
    unmapped : tuple of Unmapped
    rest : mapping
        What else stands in the request.
    """

    rows: tuple[Row, ...]
    unmapped: tuple[Unmapped, ...]
    rest: Mapping[str, Any]

    def without(self, gone: Collection[str]) -> "Folded":
        """Return it without the rows of some events."""
        kept = tuple(one for one in self.rows if one.event_id not in gone)
        return Folded(kept, self.unmapped, self.rest)

    def table(self, name: str) -> list[Row]:
        """Return the rows of one table."""
        return [one for one in self.rows if one.table == name]

    def body(self) -> bytes:
        """Return the request; without treatments where it is not known that all were sent."""
        tables = {name: [dict(one.content) for one in self.table(name)] for name in TABLES}
        if not tables["treatments"] and not self.rest["treatments_recorded"]:
            del tables["treatments"]
        rest = {key: one for key, one in self.rest.items() if key != "treatments_recorded"}
        return json.dumps(rest | tables, ensure_ascii=False, separators=(",", ":")).encode()

    def event_of(self, problem: Problem) -> tuple[str | None, str]:
        """Return which event a problem of the request is about, and the path below it."""
        found = _PATH.fullmatch(problem.path)
        if found is None:
            return None, problem.path
        return self.table(found[1])[int(found[2])].event_id, found[3]


def folded(state: CourseState, site: SiteMapping) -> Folded:
    """Return the rows of a course that has a row.

    Raises
    ------
    RequestProblem
        When a table would be longer than a request may be.
    """
    row = dict(state.row or {})
    infused_at = row["course"].get("infused_at")
    read = state.read
    rows, unmapped = _read_by(site, read)
    rows.sort(key=lambda one: (known_day(one.content, infused_at), one.event_id))
    _require_room(rows)
    findings = {key: one["findings"] for key, one in read.items() if "findings" in one}
    rest = {
        "course": row["course"],
        "resolution": row.get("resolution", "instant"),
        "findings": _latest_findings(findings, infused_at),
        "treatments_recorded": row.get("treatments_recorded", False),
    }
    return Folded(tuple(rows), tuple(unmapped), rest)


def unmapped_of(state: CourseState, site: SiteMapping) -> list[Unmapped]:
    """Return the events of a course that are kept and not read."""
    return _read_by(site, state.read)[1]


def _read_by(
    site: SiteMapping, events: Mapping[str, Mapping[str, Any]]
) -> tuple[list[Row], list[Unmapped]]:
    reader = Reader(site)
    found = [reader.row(key, one) for key, one in events.items()]
    return (
        [one for one in found if isinstance(one, Row)],
        [one for one in found if isinstance(one, Unmapped)],
    )


def known_day(content: Mapping[str, Any], infused_at: str | None) -> float:
    """Return the day on which a row was known; 0 where nothing tells, which is refused later."""
    for day, at in _DAYS:
        if day in content:
            return float(content[day])
        if at in content and infused_at is not None:
            return (instant(content[at]) - instant(infused_at)).total_seconds() / SECONDS_PER_DAY
    return 0.0


def known_at(content: Mapping[str, Any], infused_at: str | None) -> datetime | None:
    """Return the instant at which a row was known, None where nothing tells."""
    for day, at in _DAYS:
        if at in content:
            return instant(content[at])
        if day in content:
            if infused_at is None:
                return None
            return _days_after(instant(infused_at), float(content[day]))
    return None


def _days_after(start: datetime, days: float) -> datetime:
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if days > 0 else datetime.min.replace(tzinfo=UTC)


@lru_cache(maxsize=8192)
def instant(written: str) -> datetime:
    """Return a time as a request may write it."""
    return _TIME.validate_python(written)


def _latest_findings(
    found: Mapping[str, Mapping[str, Any]], infused_at: str | None
) -> dict[str, Any]:
    order = sorted(found, key=lambda key: (known_day(found[key], infused_at), key))
    latest: dict[str, Any] = {}
    for key in order:
        latest |= {name: one for name, one in found[key].items() if name not in _NO_TIME}
    return latest


def _require_room(rows: Sequence[Row]) -> None:
    problems = []
    for table in TABLES:
        most = _most(table)
        if sum(one.table == table for one in rows) > most:
            problems.append(
                Problem(
                    path="events",
                    problem=f"would give the course too many {table}",
                    legal=f"up to {most} in one course",
                    what_to_do="Send the results of the bedside and the laboratory, not every "
                    "sample of a monitor; retract what is not needed.",
                )
            )
    if problems:
        raise RequestProblem(problems)


def _most(table: str) -> int:
    limits = CourseRequest.model_fields[table].metadata
    return int(next(one.max_length for one in limits if hasattr(one, "max_length")))
