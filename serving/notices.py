"""What to know before an estimate is used: product, age and range of the inputs, the audit."""

from collections.abc import Iterator
from math import isfinite

from features.arrays import GRADED
from features.columns import COLUMNS
from features.inputs import INPUTS
from models.columns import NamedMatrix
from serving.asked_model import AskedModel
from serving.bedside import Bedside
from serving.replies import Notice

OLD_HOURS_DAILY = 48.0
OLD_HOURS_BEFORE_INFUSION = 30 * 24.0
# side of the training rows -> code and words of its notice
_OUTSIDE = {
    "below": (
        "below_training_range",
        "Lower than in 99 % of the training rows; the estimate reaches beyond its training.",
    ),
    "above": (
        "above_training_range",
        "Higher than in 99 % of the training rows; the estimate reaches beyond its training.",
    ),
    "never_known": (
        "never_known_in_training",
        "Never known in the training rows; the model has learned nothing from it.",
    ),
}


def notices_of(estimator: AskedModel, matrix: NamedMatrix, bedside: Bedside) -> list[Notice]:
    """Return the notices of one estimate."""
    return [
        *_unseen_product(estimator, bedside),
        *_old_inputs(estimator, bedside),
        *_outside_training(estimator, matrix),
        *_other_scales(estimator, bedside),
        *_other_toxicity_not_graded(estimator, bedside),
        *_unsigned_tiers(estimator),
        *model_notices(estimator),
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
    found: dict[str, dict[str, None]] = {side: {} for side in _OUTSIDE}
    for one in estimator.model.unusual(matrix)[0]:
        if not _tells_time(one.predictor):
            found[one.side][COLUMNS[one.predictor].description.input or one.predictor] = None
    for side, (code, text) in _OUTSIDE.items():
        if found[side]:
            yield Notice(code=code, text=text, inputs=list(found[side]))


def _tells_time(predictor: str) -> bool:
    """Whether a column is a time since something; its age is told as that of an old input."""
    return predictor == "day" or "hours_since" in predictor or "days_since" in predictor


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


def _other_toxicity_not_graded(estimator: AskedModel, bedside: Bedside) -> Iterator[Notice]:
    asked = estimator.model.question
    for toxicity in GRADED:
        graded = bedside.course.current_grade(toxicity) is not None
        if not (graded or asked.before_infusion or toxicity == asked.toxicity):
            yield Notice(
                code="not_graded",
                text=f"No {toxicity} grade was given; it entered as not known, which is not "
                "grade 0. Give a grade row, 0 if looked at and absent.",
            )


def _unsigned_tiers(estimator: AskedModel) -> Iterator[Notice]:
    tiers = estimator.model.tiers
    if tiers is not None and not tiers.signed_by:
        yield Notice(
            code="unsigned_tiers", text="No clinician has signed the cut-offs of the tiers."
        )


def model_notices(estimator: AskedModel) -> Iterator[Notice]:
    """Yield the limits of a model and what was overridden for it, an estimate or none."""
    limitations = [str(text) for text in estimator.model.manifest.get("limitations", ())]
    yield from (Notice(code="limitation", text=text) for text in limitations)
    for rule, reason in dict(estimator.model.manifest.get("audit_overrides", {})).items():
        if not any(rule in text for text in limitations):  # a model fitted before they held it
            yield Notice(code="audit_override", text=f"Audit rule {rule} was overridden: {reason}")
    overridden = estimator.judged.get("overridden") or {}
    for rule, reason in overridden.get("rules", {}).items():
        yield Notice(
            code="gate_override",
            text=f"Promoted although the gate refused: {rule}. {reason} Overridden by "
            f"{overridden['who']}: {overridden['why']}",
        )


def _unusual(bedside: Bedside) -> list[str]:
    """Return the inputs whose latest reading is possible but unusual for the age."""
    age_years = getattr(bedside.course.facts, "age_years", None)
    return [name for name, one in bedside.latest.items() if _is_unusual(name, one.value, age_years)]


def _is_unusual(name: str, value: float, age_years: float | None) -> bool:
    low, high = INPUTS[name].plausible_at(age_years)
    return isfinite(value) and not low <= value <= high
