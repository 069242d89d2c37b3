"""From a request to the course so far: days, canonical units, what is known at the landmark.

Everything that is wrong is found before anything is computed, and told by path without the value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import floor, isnan, nan
from operator import attrgetter, itemgetter
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from features.errors import UnitError
from features.inputs import INPUTS, Conversion
from features.sources.records.site_mapping import SiteMapping
from features.units import conversion, misread_as, suggested_units, why_never_mixed
from serving.course import CourseSoFar, Dose, Grade, Reading
from serving.errors import RequestProblem, path_of, problems_of
from serving.messages import (
    Course,
    CourseRequest,
    Grading,
    Measurement,
    Message,
    Problem,
    RiskRequest,
    Treatment,
)
from serving.named_product import named_product

SECONDS_PER_DAY = 86_400.0
_EARLIEST_DAY, _LATEST_DAY = -400.0, 10_000.0
_PLAIN = SiteMapping()
_LYMPHODEPLETION = "lymphodepletion_day"
_PLAIN_FIELDS = 4
_tuple = tuple.__new__  # hundreds a course, at a quarter of what Reading(...) costs
_plain_row = itemgetter("input", "value", "unit", "day")
_known_day = attrgetter("known_day")
Where = tuple[str | int, ...]  # table and row; empty for the request itself
_NO_INFUSION = Problem(
    path="course.infused_at",
    problem="is missing, while rows carry times",
    legal="the time of the first infusion with its offset",
    what_to_do="Give it, or give days instead of times.",
)


_Request = TypeVar("_Request", bound=Message)


def read_request(body: bytes, kind: type[_Request] = RiskRequest) -> _Request:  # type: ignore[assignment]  # the default is one
    """Read a request of a kind.

    Raises
    ------
    RequestProblem
        Telling every problem by its path, without what came.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as found:
        problem = problems_of(found, kind)
    raise problem  # outside of the handler: pydantic's error holds the input


def course_so_far(request: CourseRequest, site: SiteMapping = _PLAIN) -> CourseSoFar:
    """Return the course at its landmark; units and answers may be written as `site` writes them.

    Raises
    ------
    RequestProblem
        For missing or contradicting times, units and values.
    """
    return _Reader(request, site).course()


def _with_assumed(facts: Course, site: SiteMapping) -> Course:
    """Return the course with the start of lymphodepletion that its site assumes, if it does."""
    told = getattr(facts, _LYMPHODEPLETION, None) is not None
    none_given = getattr(facts, "lymphodepletion", None) == "none"
    if site.lymphodepletion_day is None or told or none_given:
        return facts
    return facts.model_copy(update={_LYMPHODEPLETION: site.lymphodepletion_day})


class _Way(NamedTuple):
    """How a number becomes canonical, and between what it needs no second look."""

    factor: float
    offset: float
    low: float
    high: float


_NO_WAY = _Way(nan, nan, nan, nan)  # no number is between these


@dataclass
class _Reader:
    """Reads one request, collecting what is wrong with it."""

    request: CourseRequest
    site: SiteMapping
    problems: list[Problem] = field(default_factory=list)
    repeated: dict[str, None] = field(default_factory=dict)
    approximate: dict[str, None] = field(default_factory=dict)
    _ways: dict[tuple[str, str | None], _Way] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_day = self.request.resolution == "day"

    def course(self) -> CourseSoFar:
        asked = self.request
        readings = self._readings(asked.measurements)
        doses = [self._dose(("treatments", at), row) for at, row in enumerate(asked.treatments)]
        grades = [self._grade(("grades", at), row) for at, row in enumerate(asked.grades)]
        given = self._when((), "landmark", asked.landmark, "landmark_at", asked.landmark_at)
        if self.problems:
            raise RequestProblem(self.problems)
        rows: list[Reading | Dose | Grade] = [*readings, *doses, *grades]
        last_known = max(map(_known_day, rows), default=0.0)
        landmark = last_known if isnan(given) else given
        later = 0
        if last_known > landmark:
            later = sum(row.known_day > landmark for row in rows)
            readings = [row for row in readings if row.known_day <= landmark]
            doses = [row for row in doses if row.known_day <= landmark]
            grades = [row for row in grades if row.known_day <= landmark]
        one, code, reason = named_product(asked.course.product)
        facts = _with_assumed(asked.course, self.site)
        return CourseSoFar(
            facts=facts,
            product=one,
            no_product_code=code,
            no_product=reason,
            landmark=landmark,
            resolution=asked.resolution,
            readings=tuple(readings),
            doses=tuple(doses),
            grades=tuple(grades),
            repeated=tuple(self.repeated),
            approximate=tuple(self.approximate),
            later_rows=later,
            assumed=facts is not asked.course,
            treatments_told="treatments" in asked.model_fields_set,
            findings=asked.findings.numbers(),
        )

    def _readings(self, rows: Sequence[Measurement]) -> list[Reading]:
        kept: dict[tuple[str, float, float], Reading] = {}
        for index, row in enumerate(rows):
            one = self._plain(row) or self._reading(("measurements", index), row)
            key = one[:3]
            before = kept.setdefault(key, one)
            if before is not one:
                del kept[key]  # the later in the list counts, and stands where it came
                kept[key] = one
                if (before.value, before.text) != (one.value, one.text):
                    self.repeated[one.input] = None
        return list(kept.values())

    def _plain(self, row: Measurement) -> Reading | None:
        """Read a row as most are: input, value, unit and day, with a plausible value.

        ``None`` leaves every other row to :meth:`_reading`, which gives the same for these.
        """
        if len(row) != _PLAIN_FIELDS:
            return None
        try:
            name, value, unit, day = _plain_row(row)
        except KeyError:
            return None
        key = (name, unit)
        if key not in self._ways:
            self._ways[key] = self._way(name, unit)
        factor, offset, low, high = self._ways[key]
        if value is None or day is None:
            return None
        canonical = value * factor + offset
        if not low <= canonical <= high:
            return None
        known = floor(day) + 1.0 if self.by_day else day
        return _tuple(Reading, (name, day, known, canonical, None))

    def _way(self, name: str, unit: str | None) -> _Way:
        turn = None if INPUTS[name].is_text else _turn(name, self.site.unit(name, unit))
        if turn is None or turn.approximate:
            return _NO_WAY
        hard, plausible = INPUTS[name].hard, INPUTS[name].plausible_at(self._age_years())
        low, high = max(hard[0], plausible[0]), min(hard[1], plausible[1])
        return _Way(turn.factor, turn.offset, low, high)

    def _reading(self, where: Where, row: Measurement) -> Reading:
        name, value, text = row["input"], row.get("value"), row.get("text")
        text = None if text is None else self.site.answers.get((name, text), text)
        day, known = self._span(
            where, row.get("day"), row.get("at"), row.get("known_day"), row.get("known_at")
        )
        if INPUTS[name].is_text:
            return Reading(name, day, known, nan, self._level(where, name, value, text))
        number = self._canonical(where, name, value, self.site.unit(name, row.get("unit")), text)
        return Reading(name, day, known, number, None)

    def _level(self, where: Where, name: str, value: float | None, text: str | None) -> str:
        legal = INPUTS[name].levels
        if text is not None and text in legal and value is None:
            return text
        self._wrong(
            where,
            "text",
            f"is no level of {name}",
            f"{', '.join(legal)} (and no value)",
            "Give the level as text.",
        )
        return ""

    def _canonical(
        self, where: Where, name: str, value: float | None, unit: str | None, text: str | None
    ) -> float:
        if value is None or text is not None:
            self._wrong(
                where,
                "value",
                f"is missing for {name}, or a text came with it",
                f"a number in one of {', '.join(INPUTS[name].accepted)}",
                "Give the number and its unit; leave out what was not measured.",
            )
            return nan
        turn = _turn(name, unit)
        if turn is None:
            self._wrong(
                where,
                "unit",
                f"is missing or not accepted for {name}",
                ", ".join(INPUTS[name].accepted),
                why_never_mixed(INPUTS[name], unit)
                or "Name the unit in which the laboratory reports it.",
            )
            return nan
        if turn.approximate:
            self.approximate[name] = None
        canonical = value * turn.factor + turn.offset
        low, high = INPUTS[name].hard
        if not low <= canonical <= high:
            self._impossible(where, name, value, unit)
            return canonical
        low, high = INPUTS[name].plausible_at(self._age_years())
        if not low <= canonical <= high:  # what is plausible fits no other unit better
            if better := misread_as(name, value, unit, self._age_years()):
                self._misread(where, name, better)
        return canonical

    def _age_years(self) -> float | None:
        return getattr(self.request.course, "age_years", None)  # fields made from COURSE_FIELDS

    def _impossible(self, where: Where, name: str, value: float, unit: str | None) -> None:
        one = INPUTS[name]
        fitting = suggested_units(one, value, unit, self._age_years())
        hint = f"Did you mean {' or '.join(fitting)}?" if fitting else "Check value and unit."
        self._wrong(
            where,
            "value",
            f"is impossible for {name} in its unit",
            f"{one.hard[0]:g} to {one.hard[1]:g} {one.unit}",
            hint,
        )

    def _misread(self, where: Where, name: str, better: list[str]) -> None:
        one = INPUTS[name]
        low, high = one.plausible_at(self._age_years())
        self._wrong(
            where,
            "value",
            f"is far from usual for {name} in its unit and fits another",
            f"usually {low:g} to {high:g} {one.unit}",
            f"Did you mean {' or '.join(better)}? If value and unit are right, leave the row out.",
        )

    def _dose(self, where: Where, row: Treatment) -> Dose:
        start = self._when(where, "start_day", row.start_day, "start_at", row.start_at, needed=True)
        stop = self._when(where, "stop_day", row.stop_day, "stop_at", row.stop_at)
        known = self._known(where, start, row.known_day, row.known_at)
        if stop < start:
            self._wrong(
                where, "stop_day", "is before its start", "the start or later", "Mend the order."
            )
        return Dose(row.agent, start, stop, known, row.dose, row.dose_unit, row.intent)

    def _grade(self, where: Where, row: Grading) -> Grade:
        day, known = self._span(where, row.day, row.at, row.known_day, row.known_at)
        if day < 0:
            self._wrong(
                where,
                "day",
                "is before the infusion",
                "0 or later",
                "Grades of CRS and ICANS begin with the infusion.",
            )
        return Grade(row.toxicity, day, known, row.grade, row.system)

    def _span(
        self,
        where: Where,
        day: float | None,
        at: datetime | None,
        known_day: float | None,
        known_at: datetime | None,
    ) -> tuple[float, float]:
        when = self._when(where, "day", day, "at", at, needed=True)
        return when, self._known(where, when, known_day, known_at)

    def _known(
        self, where: Where, day: float, known_day: float | None, known_at: datetime | None
    ) -> float:
        if known_day is None and known_at is None:
            return floor(day) + 1.0 if self.by_day and not isnan(day) else day
        known = self._when(where, "known_day", known_day, "known_at", known_at)
        if known < day:
            self._wrong(
                where,
                "known_day",
                "is before it happened",
                "that day or later",
                "Mend the order.",
            )
        return known

    def _when(
        self,
        where: Where,
        day_field: str,
        day: float | None,
        at_field: str,
        at: datetime | None,
        *,
        needed: bool = False,
    ) -> float:
        if at is None:
            if day is None and needed:
                self._one_of(where, day_field, at_field, "is missing")
            return nan if day is None else day
        if day is not None:
            self._one_of(where, day_field, at_field, "came together with a time")
            return nan
        return self._days_from_infusion(where, at_field, at)

    def _days_from_infusion(self, where: Where, at_field: str, at: datetime) -> float:
        infused_at = self.request.course.infused_at
        if infused_at is None:
            if _NO_INFUSION not in self.problems:
                self.problems.append(_NO_INFUSION)
            return nan
        days = (at - infused_at).total_seconds() / SECONDS_PER_DAY
        if not _EARLIEST_DAY <= days <= _LATEST_DAY:
            self._wrong(
                where,
                at_field,
                "is too far from the infusion",
                f"{_EARLIEST_DAY:g} to {_LATEST_DAY:g} days from course.infused_at",
                "Check both times.",
            )
        return days

    def _one_of(self, where: Where, day_field: str, at_field: str, problem: str) -> None:
        self._wrong(
            where,
            day_field,
            problem,
            f"either {day_field} (days from infusion) or {at_field} (a time with its offset)",
            "Give one of the two.",
        )

    def _wrong(self, where: Where, name: str, problem: str, legal: str, what_to_do: str) -> None:
        self.problems.append(
            Problem(
                path=path_of((*where, name)), problem=problem, legal=legal, what_to_do=what_to_do
            )
        )


@lru_cache(maxsize=2048)
def _turn(name: str, unit: str | None) -> Conversion | None:
    try:
        return conversion(name, unit)
    except UnitError:  # its message repeats the unit as it came
        return None
