"""Grades from the raw findings of one course, beside those by hand, which are never changed.

Shown is what rests on a source that was read, or on an assumption that is named as one. The ICAHT
of the neutrophils and the criteria of IEC-HS rest on sources that were not: they are named as left
out, and no grade of them is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from features.clock import landmark_instant
from features.grading import Graded, beside_one, icaht_at
from features.grading.icaht import INPUT_OF, LINEAGES, TAG_OF
from features.grading.one_course import recorded_courses
from features.grading.plain import PLAIN, PlainCourse, plain_course
from features.grading.recorded import Recorded
from features.grading.whole_cohort import READ_BY_RULE, SYSTEM
from serving.bedside_replies import GradeByHand, GradeByRule
from serving.course import CourseSoFar, Grade, Reading
from serving.phrases import phrase
from serving.sentences import say
from serving.words import finding_label

_SHOWN_LINEAGES = tuple(one for one in LINEAGES if TAG_OF[one] in ("L", "L2"))
_READ = frozenset(READ_BY_RULE)
_READ_OF_ONE = (*READ_BY_RULE, *(INPUT_OF[one] for one in _SHOWN_LINEAGES))
NOT_SHOWN = ("grade.icaht_neutrophils", "grade.iec_hs")


@dataclass(frozen=True, slots=True)
class Compared:
    """A grading by rule at the landmark, and the latest one by hand with that of its instant."""

    now: Graded
    hand: Grade | None = None
    then: Graded | None = None


def graded_by_rule(course: CourseSoFar, plain: PlainCourse) -> dict[str, Compared]:
    """Return CRS and ICANS at the landmark."""
    return {toxicity: _compared(course, plain, toxicity) for toxicity in PLAIN}


def platelets_by_rule(course: CourseSoFar, plain: PlainCourse) -> dict[str, Graded]:
    """Return the ICAHT of the platelets by phase: the part of it whose source was read."""
    found = icaht_at(plain, course.landmark, _SHOWN_LINEAGES)
    return {f"{lineage}, {phase}": one for (lineage, phase), one in found.items()}


def grade_replies(
    by_rule: dict[str, Compared], platelets: dict[str, Graded], language: str
) -> list[GradeByRule]:
    """Return the grades as they are told."""
    told = [_told(one.now, "", one, language) for one in by_rule.values()]
    told += [_told(one, about, None, language) for about, one in platelets.items()]
    return told


def not_shown(course: CourseSoFar, language: str) -> list[str]:
    """Return what is left out, and why."""
    keys = NOT_SHOWN if course.landmark >= 0 else ("grade.before_infusion",)
    return [say(key, language) for key in keys]


def plain_of(course: CourseSoFar, readings: Mapping[str, Sequence[Reading]]) -> PlainCourse:
    """Return the findings and treatments of a course as grading reads them."""
    return plain_course(
        _facts_read(course),
        chain.from_iterable(readings[name] for name in _READ_OF_ONE if name in readings),
        course.doses,
        resolution=course.resolution,
        treatments_recorded=course.treatments_told,
    )


def recorded_of_all(courses: Sequence[CourseSoFar]) -> Recorded:
    """Return those of several courses, which tell days and treatments in the same way."""
    return recorded_courses(
        [(_facts_read(one), _findings_read(one), one.doses) for one in courses],
        resolution=courses[0].resolution,
        treatments_recorded=courses[0].treatments_told,
    )


def _facts_read(course: CourseSoFar) -> dict[str, Any]:
    facts = course.facts
    return {
        "age_years": getattr(facts, "age_years", None),
        "developmental_delay": getattr(facts, "developmental_delay", None),
    }


def _findings_read(course: CourseSoFar) -> list[tuple[Any, ...]]:
    return [
        (name, day, known_day, value if text is None else text, None, None)
        for name, day, known_day, value, text in course.readings
        if name in _READ
    ]


def _compared(course: CourseSoFar, plain: PlainCourse, toxicity: str) -> Compared:
    grade, hand = PLAIN[toxicity], course.last_grading(toxicity, SYSTEM)
    now = grade(plain, course.landmark)
    if hand is None:
        return Compared(now)
    return Compared(now, hand, grade(plain, landmark_instant(hand.day, course.resolution)))


def _told(one: Graded, about: str, compared: Compared | None, language: str) -> GradeByRule:
    words = [finding_label(name, language) for name in one.missing]
    rule = phrase(one.rule, language)
    if one.grade is None:
        rule = say("grade.not_gradable", language, what=_listed(words, language))
    notes = [phrase(text, language) for text in one.notes]
    if one.tag == "A":
        notes.insert(0, say("grade.assumption", language))
    return GradeByRule(
        toxicity=one.toxicity,
        about=say(f"lineage.{about}", language) if about else "",
        system=SYSTEM if one.toxicity in PLAIN else "EHA/EBMT",
        grade=one.grade,
        lowest=one.lowest,
        highest=one.highest,
        rule=rule,
        decided_by=list(one.decided_by),
        missing=list(one.missing),
        missing_words=words,
        tag=one.tag,
        notes=notes,
        by_hand=None if compared is None else _by_hand(compared, language),
    )


def _by_hand(compared: Compared, language: str) -> GradeByHand | None:
    if compared.hand is None or compared.then is None:
        return None
    kind = beside_one(compared.hand.grade, compared.then)
    return GradeByHand(
        grade=compared.hand.grade,
        day=compared.hand.day,
        kind=kind,
        text=say(f"grade.{kind}", language),
    )


def _listed(words: list[str], language: str) -> str:
    return ("、" if language == "zh" else ", ").join(words)
