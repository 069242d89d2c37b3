"""What is sent to the service, and what it sends when it cannot answer.

The request follows the cohort's tables: its fields, legal words and limits are read from
``features.inputs`` and ``features.tables``, so that a course that can be stored can be asked about.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NotRequired

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    create_model,
    with_config,
)
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypedDict  # pydantic reads this one before Python 3.12

from features.inputs import COURSE_FIELDS, INPUTS, CourseField
from features.tables import (
    AGENTS,
    COMPARATORS,
    CONTACTS,
    GRADING_SYSTEMS,
    INTENTS,
    RESOLUTIONS,
    TABLES,
    TOXICITIES,
)
from serving.examples import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST

MOST_MEASUREMENTS = 20_000
_MOST_TREATMENTS = 2_000
_MOST_GRADES = 2_000
_MOST_QUESTIONS = 50
_LONGEST_TEXT = 200
_LONGEST_WORD = 60
_LONGEST_REASON = 2_000


class Message(BaseModel):
    """Strict: no text is read as a number, no unknown field is passed over."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class LegalWord:
    """Marks a text that must be one of `words`; checked at the speed of a lookup."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Accept exactly the legal words."""
        return core_schema.literal_schema(self.words)


def _limits(table: str, column: str) -> Any:
    one = next(one for one in TABLES[table].columns if one.name == column)
    return Field(ge=one.low, le=one.high)


Day = Annotated[float, _limits("measurements", "day")]
Word = Annotated[str, Field(min_length=1, max_length=_LONGEST_WORD)]
Unit = Annotated[str, Field(max_length=_LONGEST_WORD)]
_DAY = "in days from the first infusion, negative before it"


def _course_annotation(one: CourseField) -> Any:
    if one.kind == "number":
        return Annotated[float, Field(ge=one.legal[0], le=one.legal[1])]
    if one.kind == "category":
        return Annotated[str, LegalWord([str(word) for word in one.legal])]
    if one.kind == "flag":
        return bool
    if one.kind == "timestamp":
        return AwareDatetime
    return Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)]


def _course_field(one: CourseField) -> Any:
    unit = f" ({one.unit})" if one.unit else ""
    return _course_annotation(one) | None, Field(default=None, description=f"{one.label}{unit}")


if TYPE_CHECKING:

    class Course(Message):
        """The course row, as far as it is known before an outcome is."""

        product: str | None = None
        diagnosis: str | None = None
        infused_at: AwareDatetime | None = None

else:
    # What is learnt afterwards (discharge, death) has no place in a question about the future.
    Course = create_model(
        "Course",
        __base__=Message,
        __doc__="The course row, as far as it is known before an outcome is.",
        **{
            name: _course_field(one)
            for name, one in COURSE_FIELDS.items()
            if one.role != "afterwards"
        },
    )


@with_config(ConfigDict(extra="forbid", strict=True, allow_inf_nan=False))
class Measurement(TypedDict):
    """One result, with its unit and either a day or a time.

    Hundreds come with a request, and a dictionary is read in half the time of a model.
    """

    input: Annotated[str, LegalWord(list(INPUTS)), Field(description="canonical input")]
    value: NotRequired[Annotated[float | None, Field(description="for inputs that are numbers")]]
    text: NotRequired[Annotated[Word | None, Field(description="for inputs with levels")]]
    unit: NotRequired[Annotated[Unit | None, Field(description="UCUM unit of the value")]]
    day: NotRequired[Annotated[Day | None, Field(description=f"when it was taken, {_DAY}")]]
    at: NotRequired[Annotated[AwareDatetime | None, Field(description="when it was taken")]]
    known_day: NotRequired[
        Annotated[Day | None, Field(description=f"when it was available, {_DAY}")]
    ]
    known_at: NotRequired[
        Annotated[AwareDatetime | None, Field(description="when it was available")]
    ]
    comparator: NotRequired[Annotated[str, LegalWord(COMPARATORS)] | None]


class Treatment(Message):
    """One administration or interval."""

    agent: Annotated[str, LegalWord(AGENTS)] = Field(description="class of agent")
    start_day: Day | None = Field(default=None, description=f"start, {_DAY}")
    start_at: AwareDatetime | None = Field(default=None, description="start")
    stop_day: Day | None = Field(default=None, description=f"stop, {_DAY}")
    stop_at: AwareDatetime | None = Field(default=None, description="stop")
    known_day: Day | None = Field(default=None, description=f"when it was known, {_DAY}")
    known_at: AwareDatetime | None = Field(default=None, description="when it was known")
    dose: Annotated[float, Field(ge=0)] | None = None
    dose_unit: Word | None = None
    route: Word | None = None
    intent: Annotated[str, LegalWord(INTENTS)] | None = None


class Grading(Message):
    """One grading; grade 0 means looked at and absent."""

    toxicity: Annotated[str, LegalWord(TOXICITIES)]
    grade: Annotated[int, Field(ge=0, le=5)]
    day: Annotated[float, Field(ge=0, le=10_000)] | None = Field(
        default=None, description="when it held, in days from the first infusion"
    )
    at: AwareDatetime | None = Field(default=None, description="when it held")
    known_day: Day | None = Field(default=None, description=f"when it was known, {_DAY}")
    known_at: AwareDatetime | None = Field(default=None, description="when it was known")
    system: Annotated[str, LegalWord(GRADING_SYSTEMS)] = "ASTCT"
    contact: Annotated[str, LegalWord(CONTACTS)] | None = None


class Findings(Message):
    """Findings of the bedside scores that no measurement holds; what is left out is not known."""

    immunosuppressed: bool | None = Field(default=None, description="known immunosuppression")
    enlarged_organs: Annotated[int, Field(ge=0, le=2)] | None = Field(
        default=None, description="how many of liver and spleen are enlarged"
    )
    haemophagocytosis: bool | None = Field(default=None, description="in a marrow aspirate")

    def numbers(self) -> dict[str, float]:
        """Return what is known, as numbers."""
        return {name: float(one) for name, one in self if one is not None}


class CourseRequest(Message):
    """One course so far. Every row has a day, or a time where the course says when it began."""

    course: Course
    measurements: Annotated[list[Measurement], Field(max_length=MOST_MEASUREMENTS)] = Field(
        default_factory=list
    )
    treatments: Annotated[list[Treatment], Field(max_length=_MOST_TREATMENTS)] = Field(
        default_factory=list,
        description="an empty list says that none was given; left out, it is not known for grading",
    )
    grades: Annotated[list[Grading], Field(max_length=_MOST_GRADES)] = Field(default_factory=list)
    landmark: Day | None = Field(
        default=None,
        description=f"the instant of the question, {_DAY}; the latest known one if left out",
    )
    landmark_at: AwareDatetime | None = Field(default=None, description="the same as a time")
    resolution: Annotated[str, LegalWord(RESOLUTIONS)] = Field(
        default="instant",
        description="'day' where days are only numbers of days, known at their end",
    )
    findings: Findings = Field(default_factory=Findings)


class GradeRequest(CourseRequest):
    """One course so far, to be graded and scored; no model is asked."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_GRADE_REQUEST]})


class RiskRequest(CourseRequest):
    """One course so far, and the questions about it."""

    questions: Annotated[list[Word], Field(max_length=_MOST_QUESTIONS)] | None = Field(
        default=None, description="names of questions; all that apply if left out"
    )

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_REQUEST]})


class StandingRequest(Message):
    """Who turns a model on or off, and why; the ledger keeps both for good."""

    who: Annotated[str, Field(min_length=1, max_length=_LONGEST_TEXT)] = Field(
        description="name of the person who decides"
    )
    why: Annotated[str, Field(min_length=1, max_length=_LONGEST_REASON)]
    model: Annotated[str, Field(max_length=64)] | None = Field(
        default=None,
        description="SHA-256 of the model that is meant, as GET /v1/model gives it; refused when "
        "another one is loaded by now",
    )

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "who": "head of the unit",
                    "why": "all limits are met, see the report of 2026-03-01",
                }
            ]
        }
    )


class Problem(BaseModel):
    """One thing that is wrong with a request; it never repeats what came."""

    path: str
    problem: str
    legal: str
    what_to_do: str


class ErrorBody(BaseModel):
    """Why there is no answer."""

    error: str
    message: str
    problems: list[Problem] = Field(default_factory=list)
    not_shown: int = 0

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": "RequestProblem",
                    "message": "measurements[0].unit is not accepted for crp_mg_l; legal: ...",
                    "problems": [
                        {
                            "path": "measurements[0].unit",
                            "problem": "is not accepted for crp_mg_l",
                            "legal": "mg/L, mg/dL, nmol/L",
                            "what_to_do": "Name the unit in which the laboratory reports it.",
                        }
                    ],
                    "not_shown": 0,
                }
            ]
        }
    )


_FIELDS: Mapping[str, Sequence[str]] = {
    "course": list(Course.model_fields),
    "measurements": list(Measurement.__annotations__),
    "treatments": list(Treatment.model_fields),
    "grades": list(Grading.model_fields),
    "findings": list(Findings.model_fields),
}


def field_names(location: Sequence[int | str], kind: type[Message] = RiskRequest) -> Sequence[str]:
    """Return the legal fields of the object at a location of a request."""
    where = next((part for part in location if isinstance(part, str)), "")
    return _FIELDS.get(where) or list(kind.model_fields)
