"""What to know before an estimate is used: product, age and range of the inputs, the audit."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any, NamedTuple

from features.arrays import GRADED
from features.columns import COLUMNS
from features.inputs import INPUTS
from models.columns import NamedMatrix
from models.training_range import Unusual
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.replies import Notice
from serving.sentences import say

OLD_HOURS_DAILY = 48.0
OLD_HOURS_BEFORE_INFUSION = 30 * 24.0
# side of the training rows -> code of its notice
_OUTSIDE = {
    "below": "below_training_range",
    "above": "above_training_range",
    "never_known": "never_known_in_training",
}


def notice(code: str, language: str, inputs: Sequence[str] = (), **values: object) -> Notice:
    """Return a notice by its code."""
    return Notice(code=code, text=say(f"notice.{code}", language, **values), inputs=list(inputs))


class Found(NamedTuple):
    """What a notice will say, before it has words."""

    code: str
    inputs: Sequence[str] = ()
    values: Mapping[str, Any] = MappingProxyType({})

    def in_words(self, language: str) -> Notice:
        """Return the notice."""
        return notice(self.code, language, self.inputs, **self.values)


def notices_of(estimator: AskedModel, matrix: NamedMatrix, bedside: Bedside) -> list[Notice]:
    """Return the notices of one estimate."""
    found = found_of(estimator, estimator.model.unusual(matrix)[0], bedside)
    return [
        *(one.in_words(bedside.language) for one in found),
        *model_notices(estimator, bedside.language),
    ]


def found_of(
    estimator: AskedModel, unusual: Sequence[Unusual], bedside: Bedside
) -> Iterator[Found]:
    """Yield what there is to notice about one estimate.

    Parameters
    ----------
    unusual : sequence of Unusual
        What lies outside of the training rows.
    """
    yield from _unseen_product(estimator, bedside)
    yield from _old_inputs(estimator, bedside)
    yield from _outside_training(unusual)
    yield from _other_scales(estimator, bedside)
    yield from _other_toxicity_not_graded(estimator, bedside)
    yield from _unsigned_tiers(estimator)


def course_notices(bedside: Bedside) -> list[Notice]:
    """Return what holds for the course whatever is asked of it."""
    language = bedside.language
    made = [one.in_words(language) for one in found_of_course(bedside)]
    for one in bedside.graded.grades:
        if one.by_hand is not None and one.by_hand.kind != "agrees":
            made.append(
                notice(
                    "grade_by_hand_differs", language, toxicity=one.toxicity, kind=one.by_hand.text
                )
            )
    return made


def found_of_course(bedside: Bedside) -> Iterator[Found]:
    """Yield what there is to notice about what came."""
    course = bedside.course
    if course.repeated:
        yield Found("repeated", course.repeated)
    if course.approximate:
        yield Found("approximate_unit", course.approximate)
    unusual = _unusual(bedside)
    if unusual:
        yield Found("unusual", unusual)
    if course.later_rows:
        yield Found("later_rows", values={"rows": course.later_rows})


def _unseen_product(estimator: AskedModel, bedside: Bedside) -> Iterator[Found]:
    product = bedside.course.product
    if product is not None and estimator.unseen(product.name):
        yield Found("unseen_product")


def oldest_hours(estimator: AskedModel) -> float:
    """Return how old an input may be before a model's question calls it old."""
    return (
        OLD_HOURS_BEFORE_INFUSION if estimator.model.question.before_infusion else OLD_HOURS_DAILY
    )


def old_inputs(estimator: AskedModel, bedside: Bedside) -> list[str]:
    """Return the inputs of a model whose last reading is old."""
    earliest = bedside.course.landmark - oldest_hours(estimator) / 24.0
    return [
        name
        for name in estimator.inputs
        if (reading := bedside.latest.get(name)) is not None and reading.day < earliest
    ]


def _old_inputs(estimator: AskedModel, bedside: Bedside) -> Iterator[Found]:
    old = old_inputs(estimator, bedside)
    if old:
        yield Found("old_inputs", old, {"hours": oldest_hours(estimator)})


def _outside_training(unusual: Sequence[Unusual]) -> Iterator[Found]:
    found: dict[str, dict[str, None]] = {side: {} for side in _OUTSIDE}
    for one in unusual:
        if not _tells_time(one.predictor):
            found[one.side][COLUMNS[one.predictor].description.input or one.predictor] = None
    for side, code in _OUTSIDE.items():
        if found[side]:
            yield Found(code, list(found[side]))


def _tells_time(predictor: str) -> bool:
    """Whether a column is a time since something; its age is told as that of an old input."""
    return predictor == "day" or "hours_since" in predictor or "days_since" in predictor


def _other_scales(estimator: AskedModel, bedside: Bedside) -> Iterator[Found]:
    course, system = bedside.course, estimator.grading_system
    if system != "unknown" and any(one.system != system for one in course.grades):
        yield Found("other_grading_system", values={"system": system})
    learned = str(estimator.model.manifest.get("resolution", course.resolution))
    if learned != course.resolution:
        both = {"learned": learned, "here": course.resolution}
        yield Found("other_resolution", values=both)


def _other_toxicity_not_graded(estimator: AskedModel, bedside: Bedside) -> Iterator[Found]:
    asked = estimator.model.question
    for toxicity in GRADED:
        graded = bedside.course.current_grade(toxicity) is not None
        if not (graded or asked.before_infusion or toxicity == asked.toxicity):
            yield Found("not_graded", values={"toxicity": toxicity})


def _unsigned_tiers(estimator: AskedModel) -> Iterator[Found]:
    tiers = estimator.model.tiers
    if tiers is not None and not tiers.signed_by:
        yield Found("unsigned_tiers")


def model_notices(estimator: AskedModel, language: str = "en") -> Iterator[Notice]:
    """Yield the limits of a model and what was overridden for it, an estimate or none.

    They are free text of the training run and stay in the language in which it was written.
    """
    limitations = [str(text) for text in estimator.model.manifest.get("limitations", ())]
    for text in limitations:
        yield notice("limitation", language, detail=text)
    for rule, reason in dict(estimator.model.manifest.get("audit_overrides", {})).items():
        if not any(rule in text for text in limitations):  # a model fitted before they held it
            yield notice("audit_override", language, rule=rule, reason=reason)
    overridden = estimator.judged.get("overridden") or {}
    for rule, reason in overridden.get("rules", {}).items():
        yield notice(
            "gate_override", language, rule=rule, reason=reason, who=overridden["who"],
            why=overridden["why"],
        )  # fmt: skip


def _unusual(bedside: Bedside) -> list[str]:
    """Return the inputs whose latest reading is possible but unusual for the age."""
    age_years = getattr(bedside.course.facts, "age_years", None)
    return [name for name, one in bedside.latest.items() if _is_unusual(name, one.value, age_years)]


def _is_unusual(name: str, value: float, age_years: float | None) -> bool:
    low, high = INPUTS[name].plausible_at(age_years)
    return isfinite(value) and not low <= value <= high
