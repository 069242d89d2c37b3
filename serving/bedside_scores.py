"""The bedside scores of one course: units checked, read only when they were made to be read.

A score needs its readings from one time: those of the last day, or those of the last days before
lymphodepletion. What is older counts as not given.
"""

from collections.abc import Mapping, Sequence
from math import floor

from features.clock import MOMENT, landmark_instant
from features.products import READ_TAGS
from features.score_facts import Score
from features.score_reading import (
    OLDEST_DAYS_BEFORE_LYMPHODEPLETION,
    UNVERIFIED_ITEMS,
    ScoreReading,
    read_score,
)
from features.scores import SCORES
from serving.bedside_replies import BedsideScore
from serving.course import CourseSoFar, Reading, latest
from serving.phrases import phrase
from serving.sentences import say
from serving.words import finding_label

OLDEST_DAYS_NOW = 1.0
"""How old a reading of a score "now" may be [A]."""
_READ = frozenset(name for score in SCORES.values() for name in score.inputs)


def bedside_scores(
    course: CourseSoFar,
    readings: Mapping[str, Sequence[Reading]],
    latest_now: Mapping[str, Reading],
    language: str = "en",
) -> list[BedsideScore]:
    """Return every score now and, where lymphodepletion is past, as it was before it.

    Parameters
    ----------
    readings, latest_now : mapping of input to its readings, and to the latest of them
    """
    now = {
        name: one
        for name, one in latest_now.items()
        if name in _READ and _age_days(one, course) <= OLDEST_DAYS_NOW + MOMENT
    }
    told = [_score(one, course, now, "now", language) for one in SCORES.values()]
    before = _before_lymphodepletion(readings, course)
    told += [
        _score(one, course, before, "before_lymphodepletion", language)
        for one in SCORES.values()
        if before and one.timing.before_lymphodepletion
    ]
    return told


def _age_days(one: Reading, course: CourseSoFar) -> float:
    return course.landmark - landmark_instant(one.day, course.resolution)


def _before_lymphodepletion(
    readings: Mapping[str, Sequence[Reading]], course: CourseSoFar
) -> dict[str, Reading]:
    """Return the last readings before lymphodepletion, nothing while it has not begun."""
    day = _number(course, "lymphodepletion_day")
    if day is None or floor(course.landmark) <= floor(day):
        return {}
    first, last = floor(day) - OLDEST_DAYS_BEFORE_LYMPHODEPLETION, floor(day)
    early = {
        name: [one for one in rows if first <= floor(one.day) <= last]
        for name, rows in readings.items()
        if name in _READ
    }
    return latest({name: rows for name, rows in early.items() if rows})


def _score(
    one: Score, course: CourseSoFar, known: Mapping[str, Reading], when: str, language: str
) -> BedsideScore:
    used = {name: known[name] for name in one.inputs if name in known}
    here = course.landmark - (1.0 if course.resolution == "day" else 0.0)
    day = max((reading.day for reading in used.values()), default=here)
    values = {name: reading.value for name, reading in used.items()}
    read = read_score(
        one.name,
        day,
        {**values, **course.findings},
        lymphodepletion_day=_number(course, "lymphodepletion_day"),
        diagnosis=getattr(course.facts, "diagnosis", None),
        age_years=_number(course, "age_years"),
    )
    return _told(read, None if read.points is None else day, when, language)


def _told(read: ScoreReading, day: float | None, when: str, language: str) -> BedsideScore:
    one = read.score
    verified = one.items_tag in READ_TAGS
    cut_off = read.cut_off if verified else None
    cautions = [phrase(text, language) for text in read.cautions if text != UNVERIFIED_ITEMS]
    if not verified:
        cautions.append(say("score.unverified", language))
    return BedsideScore(
        name=one.name,
        label=one.label_zh if language == "zh" else one.label,
        when=say(f"score.{when}", language),
        points=read.points,
        day=day,
        refused=phrase(read.refused, language),
        missing=list(read.missing),
        missing_words=[finding_label(name, language) for name in read.missing],
        cut_off=None if cut_off is None else cut_off.value,
        high=None if cut_off is None else read.high,
        means=None if cut_off is None else phrase(cut_off.means, language),
        made_for=phrase(one.made_for, language),
        population=phrase(one.population, language),
        verified=verified,
        cautions=[] if read.refused else cautions,
        doi=one.doi,
    )


def _number(course: CourseSoFar, name: str) -> float | None:
    found = getattr(course.facts, name, None)
    return None if found is None else float(found)
