"""What to know before an estimate is used: product, age and range of the inputs, the audit."""

from collections.abc import Iterator
from math import isfinite

from features.columns import COLUMNS
from features.inputs import INPUTS
from models.columns import NamedMatrix
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.replies import Notice

OLD_HOURS_DAILY = 48.0
OLD_HOURS_BEFORE_INFUSION = 30 * 24.0
_CHILD_YEARS = 12


def notices_of(estimator: AskedModel, matrix: NamedMatrix, bedside: Bedside) -> list[Notice]:
    """Return the notices of one estimate."""
    return [
        *_unseen_product(estimator, bedside),
        *_old_inputs(estimator, bedside),
        *_outside_training(estimator, matrix),
        *_other_scales(estimator, bedside),
        *_of_the_model(estimator),
    ]


def course_notices(bedside: Bedside) -> list[Notice]:
    """Return what holds for the course whatever is asked of it."""
    course = bedside.course
    found = [
        (
            "repeated",
            "Two different results of one moment came; the later in the list counts.",
            course.repeated,
        ),
        (
            "approximate_unit",
            "Converted with a factor that depends on the assay.",
            course.approximate,
        ),
        ("unusual", "The last value is unusual; check it and its unit.", _unusual(bedside)),
    ]
    made = [
        Notice(code=code, text=text, inputs=list(names)) for code, text, names in found if names
    ]
    if course.later_rows:
        text = f"{course.later_rows} rows became known after the landmark and were not used."
        made.append(Notice(code="later_rows", text=text))
    return made


def _unseen_product(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    product = bedside.course.product
    if product is not None and estimator.unseen(product.name):
        yield Notice(
            code="unseen_product",
            text="No course of this product was in training; the estimate rests on other products "
            "and on published rates.",
        )


def _old_inputs(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    before = estimator.model.question.before_infusion
    limit = OLD_HOURS_BEFORE_INFUSION if before else OLD_HOURS_DAILY
    old = [
        name
        for name in estimator.inputs
        if (reading := bedside.latest.get(name)) is not None
        and 24.0 * (bedside.course.landmark - reading.day) > limit
    ]
    if old:
        yield Notice(
            code="old_inputs", text=f"Last measured more than {limit:g} hours ago.", inputs=old
        )


def _outside_training(estimator: AskedModel, matrix: NamedMatrix) -> Iterator[Notice]:
    unusual = estimator.model.unusual(matrix)[0]
    if unusual:
        inputs = [COLUMNS[one.predictor].description.input or one.predictor for one in unusual]
        yield Notice(
            code="outside_training_range",
            text="Below or above 99 % of the training rows, or never known there; the estimate "
            "reaches beyond its training.",
            inputs=list(dict.fromkeys(inputs)),
        )


def _other_scales(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    course, system = bedside.course, estimator.grading_system
    if system != "unknown" and any(one.system != system for one in course.grades):
        yield Notice(
            code="other_grading_system",
            text=f"The model reads grades by {system} only; others did not enter the estimate.",
        )
    learned = str(estimator.model.manifest.get("resolution", course.resolution))
    if learned != course.resolution:
        yield Notice(
            code="other_resolution",
            text=f"The model learned from a cohort of resolution {learned!r}, this course has "
            f"{course.resolution!r}.",
        )


def _of_the_model(estimator: AskedModel) -> Iterator[Notice]:
    model = estimator.model
    if model.tiers is not None and not model.tiers.signed_by:
        yield Notice(
            code="unsigned_tiers", text="No clinician has signed the cut-offs of the tiers."
        )
    for text in model.manifest.get("limitations", ()):
        yield Notice(code="limitation", text=str(text))
    for rule, reason in dict(model.manifest.get("audit_overrides", {})).items():
        yield Notice(code="audit_override", text=f"Audit rule {rule} was overridden: {reason}")


def _unusual(bedside: Bedside) -> list[str]:
    """Return the inputs whose latest reading is possible but unusual for the age."""
    age_years = getattr(bedside.course.facts, "age_years", None)
    child = age_years is not None and age_years < _CHILD_YEARS
    return [
        name for name, one in bedside.latest.items() if _is_unusual(name, one.value, child=child)
    ]


def _is_unusual(name: str, value: float, *, child: bool) -> bool:
    one = INPUTS[name]
    low, high = (child and one.child_plausible) or one.plausible
    return isfinite(value) and not low <= value <= high
