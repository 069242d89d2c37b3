"""The monitoring plan: what to look at and how often, by tier, with who says so.

It only adds to the product's label and the site's protocol, and never asks for less than ICE twice
daily. It names no drug and no dose; what it triggers ends in "assess by local protocol". Rows whose
source was not read are not shown, and proposals are marked until a clinician has signed them.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from features.errors import SettingsError
from serving.bedside_replies import MonitoringPlan, MonitoringRow, MonitoringTrigger
from serving.course import CourseSoFar
from serving.sentences import say

Level = Literal["lowest", "between", "highest"]
LEVELS: tuple[Level, ...] = get_args(Level)
SHOWN_TAGS = ("L", "L2", "A", "S")
PROPOSAL, SIGNED_BY_SITE = "A", "S"
LONGEST_HOURS_BETWEEN_ICE = 12.0
Words = tuple[str, str]  # English, Chinese


def level_of(rank: int, of: int) -> Level:
    """Return the level of tier number `rank` of `of`; the only tier of all is the highest."""
    if rank >= of:
        return "highest"
    return "lowest" if rank <= 1 else "between"


def height_of(rank: int, of: int) -> tuple[bool, float]:
    """Return how high tier number `rank` of `of` is; the last one is the highest, however many."""
    return rank == of, rank / of


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the plan.

    Attributes
    ----------
    level : str
        One of :data:`LEVELS`; empty for what holds at every level.
    item : str
        What it is about; a row of a site replaces the row of the same level and item.
    what, how_often : (str, str)
        In English and Chinese.
    at_least_every_hours : float or None
        The longest time between two checks, 0 for continuously; None where it has none.
    from_day, until_day : float or None
        Days from the last infusion.
    tag : str
        Confidence of the source, as in the evidence file; S is signed by the site.
    products, diagnoses : tuple of str
        For whom it holds; empty is everybody.
    """

    level: str
    item: str
    what: Words
    how_often: Words
    source: str
    tag: str
    at_least_every_hours: float | None = None
    from_day: float | None = None
    until_day: float | None = None
    products: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    bulky_only: bool = False

    @property
    def shown(self) -> bool:
        """Whether a clinician may see it."""
        return self.tag in SHOWN_TAGS


@dataclass(frozen=True, slots=True)
class Trigger:
    """A finding, and what to do at it."""

    item: str
    when: Words
    then: Words
    source: str
    tag: str

    @property
    def shown(self) -> bool:
        """Whether a clinician may see it."""
        return self.tag in SHOWN_TAGS


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What a site says of the plan: its own rows, and who signed rows and proposals."""

    signed_by: str
    rows: tuple[Row, ...] = ()


class Plan:
    """The rows that are shipped, with those of a site in their place.

    Raises
    ------
    SettingsError
        When a site's rows name no level, or ask for less than they may.
    """

    def __init__(self, site: SitePlan | None = None) -> None:
        self.signed_by = None if site is None else site.signed_by
        own = {} if site is None else {(one.level, one.item): one for one in site.rows}
        for one in own.values():
            if one.level not in LEVELS:
                raise SettingsError(
                    f"plan: a row has level {one.level!r}. Legal is {', '.join(LEVELS)}."
                )
        rows = {(one.level, one.item): one for one in ROWS}
        signed = {key: replace(one, tag=SIGNED_BY_SITE) for key, one in own.items()}
        self.rows = tuple({**rows, **signed}.values())
        _require_enough(self.rows)

    def told(
        self, level: Level, because: str, course: CourseSoFar, language: str = "en"
    ) -> MonitoringPlan:
        """Return the plan of a level for a course at its landmark."""
        start, now = _last_infusion(course), course.landmark
        rows = [self._row(one, start, now, language) for one in self._of_level(level)]
        mine = [one for one in PRODUCT_ROWS if one.shown and _is_for(one, course)]
        windows = [
            self._row(one, start, now, language)
            for one in mine
            if one.until_day is None or start + one.until_day >= now
        ]
        proposal = any(one.proposal for one in (*rows, *windows))
        return MonitoringPlan(
            level=level,
            because=because,
            rows=rows,
            product=windows,
            triggers=list(_triggers(self.signed_by is None, language)),
            signed_by=self.signed_by,
            meaning=say("plan.meaning", language),
            proposals=say("plan.proposal", language) if proposal else None,
            not_shown=say("plan.withheld", language, rows=WITHHELD) if WITHHELD else None,
        )

    def _of_level(self, level: str) -> list[Row]:
        return [one for one in self.rows if one.level == level and one.shown]

    def _row(self, one: Row, start: float, now: float, language: str) -> MonitoringRow:
        until = None if one.until_day is None else start + one.until_day
        return MonitoringRow(
            item=one.item,
            what=_in(one.what, language),
            how_often=_in(one.how_often, language),
            from_day=None if one.from_day is None else start + one.from_day,
            # a window that is past holds on as long as an answer asks for its level
            until_day=None if until is None or until < now else until,
            source=one.source,
            tag=one.tag,
            proposal=one.tag == PROPOSAL and self.signed_by is None,
        )


@lru_cache(maxsize=4)
def _triggers(unsigned: bool, language: str) -> tuple[MonitoringTrigger, ...]:
    return tuple(
        MonitoringTrigger(
            when=_in(one.when, language),
            then=_in(one.then, language),
            source=one.source,
            tag=one.tag,
            proposal=unsigned and one.tag == PROPOSAL,
        )
        for one in TRIGGERS
        if one.shown
    )


def _last_infusion(course: CourseSoFar) -> float:
    """Return the day from which windows count: that of a second dose once it was given."""
    second = getattr(course.facts, "second_dose_day", None)
    return float(second) if second is not None and second <= course.landmark else 0.0


def _is_for(one: Row, course: CourseSoFar) -> bool:
    product = course.product.name if course.product else None
    if one.bulky_only and not getattr(course.facts, "bulky_disease", None):
        return False
    if one.products and product not in one.products:
        return False
    return not one.diagnoses or course.facts.diagnosis in one.diagnoses


def _require_enough(rows: Iterable[Row]) -> None:
    """Refuse a plan without ICE twice daily, or one that asks for less at a higher level."""
    hours: dict[str, dict[str, float]] = {level: {} for level in LEVELS}
    for one in rows:
        if one.shown and one.at_least_every_hours is not None:
            hours[one.level][one.item] = one.at_least_every_hours
    for level in LEVELS:
        if hours[level].get("ice", float("inf")) > LONGEST_HOURS_BETWEEN_ICE:
            raise SettingsError(
                f"plan: level {level} asks for ICE less than twice daily. Legal is "
                f"at_least_every_hours of at most {LONGEST_HOURS_BETWEEN_ICE:g} for item 'ice'."
            )
    for lower, higher in pairwise(LEVELS):
        less = [
            item
            for item, every in hours[lower].items()
            if hours[higher].get(item, float("inf")) > every
        ]
        if less:
            raise SettingsError(
                f"plan: level {higher} asks for less than level {lower} in {', '.join(less)}. "
                "A higher level asks for as much or more."
            )


def _in(words: Words, language: str) -> str:
    return words[1] if language == "zh" else words[0]


def _read() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    with Path(__file__).with_name("monitoring.toml").open("rb") as file:
        return tomllib.load(file)


def _row_of(said: Mapping[str, Any]) -> Row:
    plain = {key: value for key, value in said.items() if key not in ("product", "diagnoses")}
    two = {key: tuple(plain[key]) for key in ("what", "how_often")}
    products = (said["product"],) if "product" in said else ()
    whom = {"products": products, "diagnoses": tuple(said.get("diagnoses", ()))}
    return Row(**{"level": "", **plain, **two, **whom})


def _trigger_of(said: Mapping[str, Any]) -> Trigger:
    return Trigger(**{**said, "when": tuple(said["when"]), "then": tuple(said["then"])})


_FILE = _read()
ROWS = tuple(map(_row_of, _FILE["row"]))
PRODUCT_ROWS = tuple(map(_row_of, _FILE["product"]))
TRIGGERS = tuple(map(_trigger_of, _FILE["trigger"]))
WITHHELD = sum(one.tag not in SHOWN_TAGS for one in (*ROWS, *PRODUCT_ROWS)) + sum(
    one.tag not in SHOWN_TAGS for one in TRIGGERS
)
