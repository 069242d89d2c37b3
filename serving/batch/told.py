"""One line of a batch's answer: the same figures as `POST /v1/risk`, in codes instead of sentences.

What is left out, ask for one course: grades and scores in full, the monitoring plan, and what
missing inputs could change.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from serving.messages import ErrorBody
from serving.replies import Abstention
from serving.reply import Reply


class Named(Reply):
    """The question that is answered; `GET /v1/questions` has it in words."""

    name: str


class Bounds(Reply):
    """How far the estimate may move with other training patients."""

    low: float
    high: float


class Ratio(Reply):
    """The estimate beside that of the average training patient of the product on that day."""

    ratio: float
    average: float


class Level(Reply):
    """How closely to watch; it only adds to the label and the site protocol."""

    name: str
    rank: int
    of: int
    raised: bool = Field(description="whether a current grade puts it at the highest")


class Contribution(Reply):
    """One association with the estimate; not a cause."""

    predictor: str
    label: str
    value: float | None
    unit: str
    contribution: float = Field(description="on the probability scale")
    contribution_log_odds: float


class Contributions(Reply):
    """``base + sum of contributions + rest = probability``."""

    base: float
    drivers: list[Contribution]
    rest: float


class Noted(Reply):
    """A notice by its code."""

    code: str
    inputs: list[str] = Field(default_factory=list)


class Model(Reply):
    """Which model answered, and what it has seen."""

    name: str
    version: str
    cohort: str
    n: int
    events: int
    synthetic: bool
    product_in_training: bool | None


class BatchQuestion(Reply):
    """One question: an estimate, or an abstention."""

    question: Named
    silent: bool
    abstention: Abstention | None
    probability: float | None
    interval: Bounds | None
    compared: Ratio | None
    tier: Level | None
    explanation: Contributions | None
    inputs_missing: list[str]
    notices: list[Noted]
    model: Model | None


class BatchLine(Reply):
    """The answer to one line: an estimate of every question, or why there is none."""

    line: int = Field(description="its number among the lines that were sent, from 1")
    error: ErrorBody | None = Field(description="why this line is not answered; the rest is empty")
    ledger_id: str | None = None
    language: Literal["en", "zh"] | None = None
    demonstration: bool | None = None
    synthetic_notice: str | None = None
    release: str | None = None
    product: str | None = None
    landmark_day: float | None = None
    watch: Level | None = None
    answers: list[BatchQuestion] | None = None
    notices: list[Noted] | None = None
    not_covered: list[str] | None = Field(default=None, description="what no question asks about")
    caution: str | None = None

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "line": 2,
                    "error": {
                        "error": "RequestProblem",
                        "message": "course is missing; legal: it must be given.",
                        "problems": [],
                        "not_shown": 0,
                    },
                }
            ]
        },
    )
