"""Where a course stands by one answer, and when one standing is worse than another."""

from collections.abc import Collection, Mapping
from typing import Any

from serving.answer import Prepared
from serving.bedside_replies import GradeByRule
from serving.course import CourseSoFar
from serving.feed.told import Estimate, Point
from serving.monitoring_plan import LEVELS, height_of, level_of
from serving.replies import QuestionAnswer
from serving.words import TOP_TIER

GRADED = ("CRS", "ICANS")
WATCHED: Mapping[str, tuple[str, ...]] = {
    "ice": ("ice_score", "capd_score"),
    "vital_signs": ("temperature_c",),
    "laboratory": ("crp_mg_l", "ferritin_ng_ml", "ldh_u_l", "platelets_10e9_l"),
}
"""Items of the monitoring plan -> inputs of which any one shows that it was looked at."""


def point_of(made: Prepared) -> Point:
    """Return where a course stands by an answer, as far as the answer may be shown."""
    reply, watch = made.reply, made.reply.watch
    course = made.bedside.course
    return Point(
        answer_id=reply.ledger_id,
        landmark_day=reply.landmark_day,
        level="lowest" if watch is None else level_of(watch.rank, watch.of),
        tier=None if watch is None else watch.name,
        rank=None if watch is None else watch.rank,
        of=None if watch is None else watch.of,
        because="" if watch is None else watch.because,
        raised_by=made.bedside.raised_by,
        grades=_grades(course, reply.grades),
        estimates=[found for one in reply.answers if (found := _estimate(one)) is not None],
        silent=[one.question.name for one in reply.answers if _is_silent(one)],
        last_day=_last_days(course),
    )


def without(point: Point, models: Collection[str]) -> Point:
    """Return where a course would stand without some models, by their digests."""
    kept = [one for one in point.estimates if one.model not in models]
    if len(kept) == len(point.estimates):
        return point
    said: dict[str, Any] = dict.fromkeys(("tier", "rank", "of")) | {"because": ""}
    if point.raised_by:
        said = {"tier": TOP_TIER, "rank": 1, "of": 1, "because": point.raised_by}
    if kept:
        top = max(kept, key=lambda one: height_of(one.rank, one.of))
        said = top.model_dump(include=set(said))
    silent = [one.question for one in point.estimates if one.model in models]
    level = "lowest" if said["rank"] is None else level_of(said["rank"], said["of"])
    more = {"level": level, "estimates": kept, "silent": [*point.silent, *silent]}
    return point.model_copy(update=said | more)


def is_worse(one: Point, than: Point) -> bool:
    """Whether a point has a higher tier, or a higher grade of any toxicity."""
    if _height(one) > _height(than):
        return True
    return any(grade > than.grades.get(name, 0) for name, grade in one.grades.items())


def is_alarming(one: Point) -> bool:
    """Whether a point asks for notice by itself: more than the lowest level, or any grade."""
    return one.level != LEVELS[0] or any(one.grades.values())


def _height(one: Point) -> tuple[bool, float]:
    return (False, 0.0) if one.rank is None or one.of is None else height_of(one.rank, one.of)


def _grades(course: CourseSoFar, by_rule: list[GradeByRule]) -> dict[str, int]:
    found = {name: _grade(name, course, by_rule) for name in GRADED}
    return {name: grade for name, grade in found.items() if grade is not None}


def _grade(name: str, course: CourseSoFar, by_rule: list[GradeByRule]) -> int | None:
    """Return the current grade: the higher of the last one by hand and what the findings show."""
    hand = course.current_grade(name)
    rule = [one.lowest for one in by_rule if one.toxicity == name]
    gradable = any(one.grade is not None for one in by_rule if one.toxicity == name)
    known = [grade for grade in rule if gradable or grade > 0]  # not gradable is never grade 0
    return max([*known, *([] if hand is None else [hand])], default=None)


def _estimate(one: QuestionAnswer) -> Estimate | None:
    if one.probability is None or one.tier is None or one.model is None:
        return None
    return Estimate(
        question=one.question.name,
        model=one.model.version,
        synthetic=one.model.synthetic,
        probability=one.probability,
        tier=one.tier.name,
        rank=one.tier.rank,
        of=one.tier.of,
        because=one.tier.because,
    )


def _is_silent(one: QuestionAnswer) -> bool:
    """Whether a model was asked and is not shown, or answers in a demonstration only."""
    return one.silent or (one.abstention is not None and one.abstention.reason == "silent_model")


def _last_days(course: CourseSoFar) -> dict[str, float]:
    days: dict[str, float] = {}
    for item, inputs in WATCHED.items():
        found = [one.day for one in course.readings if one.input in inputs]
        if found:
            days[item] = max(found)
    return days
