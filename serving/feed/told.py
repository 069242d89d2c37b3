"""What the feed answers: the shapes of its replies, some of which the ledger keeps."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from serving.feed.messages import ActionName
from serving.monitoring_plan import Level
from serving.replies import RiskAnswer
from serving.reply import Reply


class Estimate(Reply):
    """What one question was answered with, by which model."""

    question: str
    model: str = Field(description="SHA-256 of the model directory")
    synthetic: bool = Field(description="whether the model was fitted to synthetic courses")
    probability: float
    tier: str
    rank: int = Field(description="of the tier; 1 is the lowest")
    of: int
    because: str


class Point(Reply):
    """Where a course stood at one landmark, by one answer."""

    answer_id: str
    landmark_day: float
    level: Level = Field(description="how closely to watch: lowest, between, highest")
    tier: str | None = Field(description="name of the highest tier, where there is one")
    rank: int | None = Field(description="of the tier; 1 is the lowest")
    of: int | None
    because: str = Field(description="what raised it, in the language of who sent the result")
    raised_by: str = Field(
        description="which current grade puts it at the highest, whatever a model says"
    )
    grades: dict[str, int] = Field(description="current CRS and ICANS: the higher of hand and rule")
    estimates: list[Estimate]
    silent: list[str] = Field(
        description="questions whose model is recorded and not shown, or was turned off since"
    )
    last_day: dict[str, float] = Field(description="when an item of the plan was last looked at")


class Unmapped(Reply):
    """One event that is kept and not read: nobody has said what it means here."""

    event_id: str
    what: Literal["code", "unit", "answer", "grade"] = Field(description="what is not mapped")
    system: str
    code: str


class Turn(Reply):
    """What became of a course row or of events; the ledger keeps it."""

    course_id: str
    ledger_id: str = Field(description="under this id what was sent is recorded")
    accepted: list[str] = Field(description="events that are stored now")
    known: list[str] = Field(default_factory=list, description="events that were stored before")
    corrected: list[str] = Field(default_factory=list, description="events not read any more")
    waiting: list[str] = Field(
        default_factory=list,
        description="events that correct one which has not arrived; it will not be read when it "
        "does",
    )
    unmapped: list[Unmapped] = Field(
        default_factory=list, description="of what was sent now: events that are kept and not read"
    )
    unmapped_in_all: int = Field(default=0, description="how many of them the course has")
    set_aside: list[str] = Field(
        default_factory=list,
        description="earlier events that cannot be read any more, for instance under a new row",
    )
    now: Point = Field(description="where the course stands; its answer is under answer_id")


class Act(Reply):
    """Something a person did with an answer."""

    kind: ActionName
    answer_id: str
    who: str = Field(description="who was let in, or the person named where nobody had to be")
    named: str | None = Field(default=None, description="another name that was sent with it")
    reason: str | None
    at: datetime
    until: datetime | None = None
    level: Level | None = None


class Attention(Reply):
    """Who has taken note of a course."""

    unacknowledged: bool = Field(
        description="it became worse, and no answer since then was acknowledged"
    )
    seen_by: list[str] = Field(description="who has seen its latest answer")
    acknowledged: Act | None = Field(description="the last acknowledgement")
    snooze: Act | None = Field(description="the snooze that holds now")
    snooze_ended: Literal["time", "worse"] | None = Field(
        description="why the last snooze does not hold any more"
    )
    override: Act | None = Field(
        description="a clinician's own level, beside that of the answer and never in its place"
    )


class EventKept(Reply):
    """One event of a course."""

    event_id: str
    kind: str = Field(description="the field that it came with, or retraction")
    position: int = Field(description="in the ledger")
    corrects: str | None
    corrected_by: str | None = Field(description="then it is not read any more")


class OutcomeTold(Reply):
    """What became of an outcome."""

    course_id: str
    outcome_id: str
    ledger_id: str
    open: bool = Field(description="whether the course is on the ward list")
    known: bool = Field(default=False, description="whether it was recorded before")


class CourseTold(Reply):
    """A course so far."""

    course_id: str
    hospital_id: str | None
    open: bool
    attention: Attention
    course_of_tiers: list[Point] = Field(description="by turn: one for each answer")
    events: list[EventKept]
    unmapped: list[Unmapped]
    set_aside: list[str]
    outcomes: list[dict[str, Any]] = Field(description="as they were sent")
    answer: RiskAnswer | None = Field(
        description="the latest answer; null when it was erased, or when a model that answered was "
        "turned off since"
    )


class Due(Reply):
    """When an item of the monitoring plan is due."""

    item: str
    every_hours: float
    last_hours_ago: float | None = Field(description="null where nothing of it was sent")
    due_in_hours: float = Field(description="negative where it is overdue")
    overdue: bool


class OnWard(Reply):
    """One open course of the ward list."""

    course_id: str
    hospital_id: str | None
    product: str | None
    day: float = Field(description="days from the first infusion")
    clock: Literal["infusion", "received"] = Field(
        description="what tells the day: the time of the infusion, or when the last result came"
    )
    level: Level = Field(description="the higher of the answer's and a clinician's own")
    now: Point
    model: Literal["live", "silent", "none"] = Field(
        description="whether any model's estimate is shown, recorded only, or there is none"
    )
    data_age_hours: float = Field(description="age of the newest result")
    since_last_shift: Literal["new", "higher", "lower", "same"]
    before: Point | None = Field(description="where it stood when the shift began")
    due: list[Due] = Field(description="what the plan asks for, the most urgent first")
    attention: Attention


class Alerts(Reply):
    """Alerts of the last seven days, beside how many the site has said that it can bear."""

    since: datetime
    count: int = Field(description="answers that asked for notice: alarming, or worse than before")
    patient_days: float = Field(description="that the courses of the list were on it, within them")
    per_100_patient_days: float | None
    budget_per_100_patient_days: float | None = Field(description="of the settings; null without")
    budget_per_week: float | None
    over_budget: bool | None = Field(description="null where no budget is set")


class Ward(Reply):
    """The open courses, those to look at first in front."""

    as_of: datetime
    shift_began: datetime
    position: int = Field(description="of the last entry of the ledger that is in it")
    courses: list[OnWard]
    alerts: Alerts
    erased: int = Field(description="courses that are not shown, since part of them was erased")


class ActionTold(Reply):
    """What was recorded about an answer."""

    ledger_id: str
    act: Act
    course_id: str | None = Field(description="null for an answer that belongs to no kept course")
    attention: Attention | None


class Difference(Reply):
    """One field that comes out differently; null values where a silent model is behind it."""

    path: str
    recorded: Any
    now: Any


class Replay(Reply):
    """An answer beside the one that its recorded request gets now."""

    answer_id: str
    release_recorded: str
    release_now: str
    same_release: bool
    exact: bool = Field(description="whether every field but the ledger id is the same, to the bit")
    same_predictors: bool
    differences: list[Difference]
    more_differences: int = Field(description="that are not listed")
    meaning: str
