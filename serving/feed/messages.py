"""What is sent to the feed: a course row, events, outcomes, and what a person does with an answer.

Rows are those of ``POST /v1/risk``; a row may carry a local code in place of our name for it.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from features.inputs import COURSE_FIELDS, INPUTS
from features.tables import AGENTS, COMPARATORS, RESOLUTIONS, TOXICITIES
from serving.feed.examples import (
    EXAMPLE_ACTION,
    EXAMPLE_COURSE,
    EXAMPLE_EVENTS,
    EXAMPLE_OUTCOME,
    EXAMPLE_OVERRIDE,
    EXAMPLE_SEEN,
    EXAMPLE_SNOOZE,
)
from serving.messages import (
    Course,
    Day,
    Findings,
    Grading,
    LegalWord,
    Message,
    Name,
    Treatment,
    Unit,
    Word,
)
from serving.monitoring_plan import Level

MOST_EVENTS = 5_000
_MOST_GRADES = 200
_DAY = "in days from the first infusion"

SentId = Annotated[str, Field(min_length=1, max_length=100)]
Code = Annotated[str, Field(min_length=1, max_length=100)]
System = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
OutcomeDay = Annotated[float, Field(ge=-60, le=10_000)]


def _examples(*examples: Mapping[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [dict(one) for one in examples]})


class CourseRow(Message):
    """A course that the service shall keep; sent again with changes, the new row counts."""

    course: Course
    hospital_id: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="the hospital's own number, shown on the ward list; never put it into a URL",
    )
    resolution: Annotated[str, LegalWord(RESOLUTIONS)] = Field(
        default="instant",
        description="'day' where days are only numbers of days, known at their end",
    )
    treatments_recorded: bool = Field(
        default=False,
        description="whether every treatment is sent, so that none sent means none given",
    )

    model_config = _examples(EXAMPLE_COURSE)


class SentMeasurement(Message):
    """One result, by our name of the input or by a local code."""

    input: Annotated[str, LegalWord(list(INPUTS))] | None = Field(
        default=None, description="canonical input; left out where a code names it"
    )
    code: Code | None = Field(default=None, description="the sender's code of the test")
    system: System | None = Field(default=None, description="the system of the code")
    value: float | None = Field(default=None, description="for inputs that are numbers")
    text: Word | None = Field(default=None, description="for inputs with levels")
    unit: Unit | None = Field(default=None, description="UCUM unit, or as the site writes it")
    day: Day | None = Field(default=None, description=f"when it was taken, {_DAY}")
    at: AwareDatetime | None = Field(default=None, description="when it was taken")
    known_day: Day | None = Field(default=None, description=f"when it was available, {_DAY}")
    known_at: AwareDatetime | None = Field(default=None, description="when it was available")
    comparator: Annotated[str, LegalWord(COMPARATORS)] | None = None


class SentTreatment(Treatment):
    """One administration or interval, by class of agent or by a local code."""

    agent: Annotated[str, LegalWord(AGENTS)] | None = None  # type: ignore[assignment]  # a code may name it
    code: Code | None = None
    system: System | None = None


class SentGrading(Grading):
    """One grading, by toxicity or by a local code."""

    toxicity: Annotated[str, LegalWord(TOXICITIES)] | None = None  # type: ignore[assignment]  # a code may name it
    grade: Annotated[int, Field(ge=0, le=5)] | None = None  # type: ignore[assignment]  # as above
    code: Code | None = None
    code_system: System | None = Field(
        default=None, description="the system of the code; `system` is that of the grading"
    )


class SentFindings(Findings):
    """Findings of the bedside scores; the latest of each counts."""

    day: Day | None = Field(default=None, description=f"when they were found, {_DAY}")
    at: AwareDatetime | None = Field(default=None, description="when they were found")


class Event(Message):
    """One thing that happened: exactly one of measurement, treatment, grading and findings.

    An event that ``corrects`` another takes its place; with ``retracts`` it only takes it away.
    """

    event_id: SentId = Field(description="the sender's own id; sent again, it is stored once")
    corrects: SentId | None = Field(default=None, description="event_id of the one it replaces")
    retracts: bool = Field(default=False, description="true: entered in error, nothing replaces it")
    measurement: SentMeasurement | None = None
    treatment: SentTreatment | None = None
    grading: SentGrading | None = None
    findings: SentFindings | None = None


class Events(Message):
    """What arrived about one course; all of it is kept, or none."""

    events: Annotated[list[Event], Field(min_length=1, max_length=MOST_EVENTS)]

    parts: ClassVar[Mapping[str, Sequence[str]]] = {
        "events": list(Event.model_fields),
        "measurement": list(SentMeasurement.model_fields),
        "treatment": list(SentTreatment.model_fields),
        "grading": list(SentGrading.model_fields),
        "findings": list(SentFindings.model_fields),
    }
    model_config = _examples(EXAMPLE_EVENTS)


_CAUSES = [str(word) for word in COURSE_FIELDS["death_cause"].legal]


class Outcome(Message):
    """What really happened with a course."""

    course_id: Annotated[str, Field(max_length=100)] = Field(description="service id")
    outcome_id: SentId = Field(description="the sender's own id; sent again, it is stored once")
    corrects: SentId | None = Field(default=None, description="outcome_id of the one it replaces")
    retracts: bool = Field(default=False, description="true: entered in error")
    grades: Annotated[list[Grading], Field(max_length=_MOST_GRADES)] = Field(default_factory=list)
    discharge_day: OutcomeDay | None = Field(default=None, description=f"discharge, {_DAY}")
    discharged_at: AwareDatetime | None = None
    readmission_day: OutcomeDay | None = Field(default=None, description=f"readmission, {_DAY}")
    readmitted_at: AwareDatetime | None = None
    death_day: OutcomeDay | None = Field(default=None, description=f"death, {_DAY}")
    died_at: AwareDatetime | None = None
    death_cause: Annotated[str, LegalWord(_CAUSES)] | None = None
    follow_up_days: OutcomeDay | None = Field(
        default=None, description=f"until when it is known what happened, {_DAY}"
    )
    followed_until: AwareDatetime | None = None
    closes: bool | None = Field(
        default=None,
        description="true takes the course off the ward list, false brings it back; left out, it "
        "stays as it is",
    )

    parts: ClassVar[Mapping[str, Sequence[str]]] = {"grades": list(Grading.model_fields)}
    model_config = _examples(EXAMPLE_OUTCOME)


class Seen(Message):
    """Somebody has seen an answer."""

    who: Name | None = Field(
        default=None, description="the person; whoever holds the token acts, and is named first"
    )
    reason: Reason | None = None

    model_config = _examples(EXAMPLE_SEEN)


class Acknowledge(Seen):
    """Somebody has taken note and says what follows."""

    reason: Reason

    model_config = _examples(EXAMPLE_ACTION)


class Snooze(Acknowledge):
    """Somebody wants to be reminded later; it ends sooner when the course worsens."""

    until: AwareDatetime = Field(description="at most a day from now")

    model_config = _examples(EXAMPLE_SNOOZE)


class Override(Acknowledge):
    """Somebody's own level of watching, shown beside the model's; null takes it back."""

    level: Annotated[Level | None, Field(description="lowest, between, highest, or null")]

    model_config = _examples(EXAMPLE_OVERRIDE)


ActionName = Literal["seen", "acknowledge", "snooze", "override"]
ACTIONS: Mapping[ActionName, type[Seen]] = {
    "seen": Seen, "acknowledge": Acknowledge, "snooze": Snooze, "override": Override,
}  # fmt: skip
