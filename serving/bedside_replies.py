"""What an answer holds without any model: grades by rule, bedside scores, the monitoring plan."""

from typing import Literal

from pydantic import Field

from serving.reply import Reply


class GradeByHand(Reply):
    """The latest grade by hand beside the findings known when it was given; never changed."""

    grade: int
    day: float
    kind: Literal["agrees", "findings_higher", "findings_lower", "unsupported"]
    text: str


class GradeByRule(Reply):
    """A grade from raw findings; None is not gradable, which is never grade 0."""

    toxicity: str
    about: str = Field(default="", description="for ICAHT the lineage and the phase")
    system: str
    grade: int | None
    lowest: int = Field(description="what the grade is at least, by what is known")
    highest: int = Field(description="what it can be once the missing findings are known")
    rule: str = Field(description="the rule that decided")
    decided_by: list[str] = Field(description="the findings that the rule read")
    missing: list[str] = Field(description="findings that could still change the grade")
    missing_words: list[str] = Field(description="the same in words")
    tag: str = Field(description="L or L2: the rule's source was read; A: an assumption to sign")
    notes: list[str]
    by_hand: GradeByHand | None = None


class BedsideScore(Reply):
    """A published score from readings of one time; refused outside of the time it was made for."""

    name: str
    label: str
    when: str = Field(description="'now', or 'before lymphodepletion'")
    points: float | None
    day: float | None = Field(description="day of the latest reading it used")
    refused: str = Field(description="why it may not be read now, empty where it may")
    missing: list[str]
    missing_words: list[str]
    cut_off: float | None = Field(description="only one whose source was read, for this time")
    high: bool | None
    means: str | None = Field(description="what being above the cut-off means")
    made_for: str
    population: str
    verified: bool = Field(description="whether the source of the whole formula was read")
    cautions: list[str]
    doi: str


class Graded(Reply):
    """Everything that is graded and scored without a model."""

    grades: list[GradeByRule]
    scores: list[BedsideScore]
    not_shown: list[str] = Field(description="what is left out, since its source was not read")


class MonitoringRow(Reply):
    """One thing to look at, how often, and who says so."""

    item: str
    what: str
    how_often: str
    from_day: float | None
    until_day: float | None
    source: str
    tag: str = Field(description="L, L2: the source was read; A: proposal; S: signed by the site")
    proposal: bool = Field(description="whether a clinician has yet to sign it")


class MonitoringTrigger(Reply):
    """A finding at which to assess by local protocol."""

    when: str
    then: str
    source: str
    tag: str
    proposal: bool


class MonitoringPlan(Reply):
    """How closely to watch at the tier of this answer; it only adds."""

    level: Literal["lowest", "between", "highest"]
    because: str
    rows: list[MonitoringRow]
    product: list[MonitoringRow] = Field(description="windows of this product or diagnosis")
    triggers: list[MonitoringTrigger]
    signed_by: str | None = Field(description="who signed the rows of this site")
    meaning: str
    proposals: str | None
    not_shown: str | None
