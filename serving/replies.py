"""What the service answers: the shapes of ``POST /v1/risk`` and ``GET /v1/model``."""

from typing import Any, Literal

from pydantic import Field

from serving.bedside_replies import Graded, MonitoringPlan
from serving.reply import Reply


class Notice(Reply):
    """Something to know before the numbers are used."""

    code: str
    text: str
    inputs: list[str] = Field(default_factory=list, description="the inputs it is about")


class Abstention(Reply):
    """Why a question is not answered."""

    reason: str = Field(description="a fixed word, for machines")
    text: str


class Interval(Reply):
    """How far the estimate may move with other training patients."""

    low: float
    high: float
    meaning: str


class Comparison(Reply):
    """The estimate beside the mean estimate of training patients of the product on that day."""

    ratio: float
    average: float
    meaning: str


class Tier(Reply):
    """How closely to watch; it only adds to the label and the site protocol."""

    name: str
    rank: int = Field(description="1 is the lowest")
    of: int
    action: str
    source: str
    because: str = Field(description="the cut-off, or the current grade that raises it")
    training_events: int | None = Field(default=None, description="events of the tier in training")
    training_n: int | None = Field(default=None, description="rows of the tier in training")


class Driver(Reply):
    """One association with the estimate; not a cause."""

    predictor: str
    label: str
    value: float | None
    shown: str = Field(description="value and unit as a person reads them")
    unit: str
    age_hours: float | None = Field(description="how old the underlying result is")
    direction: Literal["raises", "lowers"]
    contribution: float = Field(description="on the probability scale")
    contribution_log_odds: float


class Explanation(Reply):
    """Where the estimate comes from: ``base + sum of contributions + rest = probability``."""

    base: float = Field(
        description="where contributions start: the risk at the average log-odds of all training "
        "rows, of every product and day"
    )
    drivers: list[Driver]
    rest: float = Field(description="sum of the contributions that are not listed")
    meaning: str


class InputRange(Reply):
    """What a missing or old input could change."""

    input: str
    label: str
    why: Literal["missing", "old"]
    age_hours: float | None = Field(description="how old the last reading is")
    lowest: float = Field(description="lowest probability over its plausible values")
    highest: float
    lowest_at: str = Field(description="the value at which it is lowest")
    highest_at: str
    changes_tier: bool | None = Field(
        description="whether some value would give another tier; null while a grade decides it"
    )


class CouldChange(Reply):
    """What missing and old inputs could change, each alone, the widest range first."""

    ranges: list[InputRange]
    meaning: str


class ModelName(Reply):
    """Which model answered, and what it has seen."""

    name: str
    version: str = Field(description="SHA-256 of the model directory")
    cohort: str
    cohort_fingerprint: str
    n: int
    events: int
    synthetic: bool
    product_in_training: bool | None = Field(
        default=None, description="whether courses of this product were in training"
    )


class Asked(Reply):
    """The question in words."""

    name: str
    text: str
    toxicity: str
    min_grade: int
    from_day: float
    until_day: float | None


class QuestionAnswer(Reply):
    """One question: either an estimate with everything needed to judge it, or an abstention."""

    question: Asked
    silent: bool = Field(
        default=False,
        description="whether the model is silent: its estimate is recorded, not shown",
    )
    abstention: Abstention | None = None
    probability: float | None = None
    interval: Interval | None = None
    compared: Comparison | None = None
    tier: Tier | None = None
    explanation: Explanation | None = None
    inputs_missing: list[str] = Field(default_factory=list)
    could_change: CouldChange | None = None
    notices: list[Notice] = Field(default_factory=list)
    model: ModelName | None = None


class GradeAnswer(Graded):
    """Grades and scores of one course at one instant; no model is asked."""

    ledger_id: str = Field(description="under this id the answer is recorded")
    language: str
    product: str | None
    landmark_day: float
    watch: Tier | None = Field(description="the highest tier where a current grade asks for it")
    notices: list[Notice]
    not_covered: list[str]
    caution: str


class RiskAnswer(Graded):
    """The answer to one course at one instant."""

    ledger_id: str = Field(description="under this id the answer is recorded")
    language: str = Field(description="en or zh, by Accept-Language")
    demonstration: bool
    synthetic_notice: str | None = Field(
        description="said whenever a model fitted to synthetic courses answers"
    )
    release: str = Field(description="SHA-256 of the release, empty without one")
    product: str | None
    landmark_day: float
    watch: Tier | None = Field(description="the highest tier of all questions and current grades")
    monitoring: MonitoringPlan
    answers: list[QuestionAnswer]
    notices: list[Notice]
    not_covered: list[str] = Field(description="what no question asks about")
    caution: str = Field(description="what a low estimate never is")


class Decided(Reply):
    """Who turned a model on or off, and why, as the ledger keeps it."""

    standing: Literal["live", "silent"]
    question: str
    model: str = Field(description="SHA-256 of the model directory")
    who: str
    why: str
    at: str = Field(description="when it was recorded, in UTC")
    ledger_id: str


class LimitsStatus(Reply):
    """How far the limits written beforehand are, as `training evaluate --answers` wrote it."""

    file: str
    written: str = Field(description="when the file was written, in UTC")
    report: dict[str, Any]


class ModelFacts(Reply):
    """What a model is, for ``GET /v1/model``."""

    question: Asked
    model: ModelName
    standing: Literal["live", "silent", "demonstration"] = Field(
        description="live: shown; silent: recorded and not shown; demonstration: made-up patients, "
        "shown with --demo only"
    )
    serves: bool = Field(description="whether its answers are shown")
    silent_because: str | None
    decided: Decided | None = Field(description="the last decision of a person about this model")
    limits: LimitsStatus | None = Field(description="how far the limits written beforehand are")
    predictors: list[str]
    tiers: list[dict[str, Any]]
    facts: dict[str, Any] = Field(description="the manifest of the model, as it was frozen")
    judged: dict[str, Any] = Field(
        default_factory=dict,
        description="verdict, figures and overridden rules of the gate, as the release states them",
    )


class ReleaseFacts(Reply):
    """The release that is loaded."""

    release: str
    loaded: bool = Field(description="false: grades and scores only, no risk")
    demonstration: bool
    refused: str | None = Field(
        default=None, description="why a newer release that lies there is not loaded"
    )
    record: dict[str, Any]
    models: list[ModelFacts]
