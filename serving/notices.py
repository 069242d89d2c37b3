"""What to know before an estimate is used: product, age and range of the inputs, the audit."""

from collections.abc import Iterator, Sequence
from math import isfinite

from features.arrays import GRADED
from features.columns import COLUMNS
from features.inputs import INPUTS
from models.columns import NamedMatrix
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.replies import Notice
from serving.sentences import say

OLD_HOURS_DAILY = 48.0
OLD_HOURS_BEFORE_INFUSION = 30 * 24.0
# side of the training rows -> code of its notice
_LYMPHODEPLETION = "lymphodepletion_day"
_OUTSIDE = {
    "below": "below_training_range",
    "above": "above_training_range",
    "never_known": "never_known_in_training",
}


def notice(code: str, language: str, inputs: Sequence[str] = (), **values: object) -> Notice:
    """Return a notice by its code."""
    return Notice(code=code, text=say(f"notice.{code}", language, **values), inputs=list(inputs))


def notices_of(estimator: AskedModel, matrix: NamedMatrix, bedside: Bedside) -> list[Notice]:
    """Return the notices of one estimate."""
    return [
        *_unseen_product(estimator, bedside),
        *_old_inputs(estimator, bedside),
        *_outside_training(estimator, matrix, bedside.language),
        *_other_scales(estimator, bedside),
        *_other_toxicity_not_graded(estimator, bedside),
        *_about_tiers(estimator, bedside.language),
        *model_notices(estimator, bedside.language),
    ]


def course_notices(bedside: Bedside) -> list[Notice]:
    """Return what holds for the course whatever is asked of it."""
    course, language = bedside.course, bedside.language
    found = [
        ("repeated", course.repeated),
        ("approximate_unit", course.approximate),
        ("unusual", _unusual(bedside)),
    ]
    made = [notice(code, language, names) for code, names in found if names]
    if course.assumed:
        day = float(getattr(course.facts, _LYMPHODEPLETION))
        made.append(notice("assumed_lymphodepletion", language, [_LYMPHODEPLETION], day=day))
    if course.later_rows:
        made.append(notice("later_rows", language, rows=course.later_rows))
    for one in bedside.graded.grades:
        if one.by_hand is not None and one.by_hand.kind != "agrees":
            made.append(
                notice(
                    "grade_by_hand_differs", language, toxicity=one.toxicity, kind=one.by_hand.text
                )
            )
    return made


def _unseen_product(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    product = bedside.course.product
    if product is not None and estimator.unseen(product.name):
        yield notice("unseen_product", bedside.language)


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


def _old_inputs(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    old = old_inputs(estimator, bedside)
    if old:
        yield notice("old_inputs", bedside.language, old, hours=oldest_hours(estimator))


def _outside_training(
    estimator: AskedModel, matrix: NamedMatrix, language: str
) -> Iterator[Notice]:
    found: dict[str, dict[str, None]] = {side: {} for side in _OUTSIDE}
    for one in estimator.model.unusual(matrix)[0]:
        if not _tells_time(one.predictor):
            found[one.side][COLUMNS[one.predictor].description.input or one.predictor] = None
    for side, code in _OUTSIDE.items():
        if found[side]:
            yield notice(code, language, list(found[side]))


def _tells_time(predictor: str) -> bool:
    """Whether a column is a time since something; its age is told as that of an old input."""
    return predictor == "day" or "hours_since" in predictor or "days_since" in predictor


def _other_scales(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    course, system = bedside.course, estimator.grading_system
    if system != "unknown" and any(one.system != system for one in course.grades):
        yield notice("other_grading_system", bedside.language, system=system)
    learned = str(estimator.model.manifest.get("resolution", course.resolution))
    if learned != course.resolution:
        here = course.resolution
        yield notice("other_resolution", bedside.language, learned=learned, here=here)


def _other_toxicity_not_graded(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    asked = estimator.model.question
    for toxicity in GRADED:
        graded = bedside.course.current_grade(toxicity) is not None
        if not (graded or asked.before_infusion or toxicity == asked.toxicity):
            yield notice("not_graded", bedside.language, toxicity=toxicity)


def _about_tiers(estimator: AskedModel, language: str) -> Iterator[Notice]:
    tiers = estimator.model.tiers
    if tiers is None:
        return
    if not tiers.signed_by:
        yield notice("unsigned_tiers", language)
    elif not all(tier.n for tier in tiers.tiers):  # cut-offs of the site, new to this model
        yield notice("tiers_without_rates", language, who=tiers.signed_by)


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
