"""Answers to the signalling questions of PROBAST+AI, by rules on what the run holds.

Each rule answers as a reviewer who sees only the run: what the software does for every fit is a
yes; what the run shows to be wrong is a no; what only people at the site know is "no information"
until somebody states it, and then still theirs to judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from training.cards.answers import about, figures, method, patients
from training.cards.evidence import Evidence

YES, PROBABLY, PROBABLY_NOT, NO, OPEN, NOT_APPLICABLE = "Y", "PY", "PN", "N", "NI", "NA"
_CONCERNS = (NO, PROBABLY_NOT)
_ACCURATE_ENOUGH = 100  # events for an external evaluation: Collins 2016, 10.1002/sim.6787 [R]


@dataclass(frozen=True)
class Judgement:
    """An answer and what it rests on; `open_because` names a statement or block that lacks."""

    answer: str
    because: str
    lacks: tuple[str, ...] = ()


def source_is_appropriate(e: Evidence) -> Judgement:
    """Made-up patients are no source; the leakage audit speaks for or against records."""
    if e.synthetic:
        return Judgement(NO, "The patients are made up.")
    if e.audit is None:
        return Judgement(OPEN, "The audit was not recorded.", ("audit",))
    verdict = e.audit["verdict"]
    answer = PROBABLY_NOT if verdict in ("refused", "overridden") else PROBABLY
    return Judgement(answer, f"{patients.cohort(e)} {patients.audited(e)}")


def design_is_appropriate(e: Evidence) -> Judgement:
    """Every course of a cohort, followed forward; records that end at the peak are none."""
    if e.cohort.get("end_of_record") == "ended_at_peak":
        return Judgement(PROBABLY_NOT, "Records end on the day of the peak grade.")
    return _stated(e, "eligibility", "Whether the cohort holds every course is not in the run.")


def set_is_representative(e: Evidence) -> Judgement:
    """Only people at the site know who was left out."""
    return _stated(e, "relevance", "Who was left out of the cohort is not in the run.")


def predictors_are_defined_alike(e: Evidence) -> Judgement:
    """One catalogue of inputs with units serves every patient."""
    return Judgement(PROBABLY, method.preparation(e) or "")


def preprocessing_is_alike(e: Evidence) -> Judgement:
    """One function makes the predictors of every patient."""
    return Judgement(YES, method.preparation(e) or "")


def predictors_are_blind(e: Evidence) -> Judgement:
    """Read nothing that became known after the landmark; laboratory values need no judgement."""
    return Judgement(PROBABLY, "Only what was known at the landmark enters a predictor.")


def predictors_are_available(e: Evidence) -> Judgement:
    """Say yes: the matrix reads what was known at the landmark; absent result times weaken that."""
    weak = _raised(e, "result_times_are_not_recorded")
    said = "Only what was known at the landmark enters a predictor."
    if weak:
        return Judgement(PROBABLY, f"{said} Result times were not recorded and are assumed.")
    return Judgement(YES, said)


def outcome_is_defined(e: Evidence) -> Judgement:
    """ASTCT 2019 is the standard; another system is named and doubted."""
    system = e.cohort.get("grading_system")
    answer = YES if system == "ASTCT" else PROBABLY_NOT if system else OPEN
    return Judgement(answer, about.outcome(e) or "", () if system else ("grading_system",))


def outcome_is_alike(e: Evidence) -> Judgement:
    """Say no where the grading system changes inside the cohort."""
    if e.audit is None:
        return Judgement(OPEN, "The audit was not recorded.", ("audit",))
    if _raised(e, "the_grading_system_changes"):
        return Judgement(NO, "The grading system changes inside the cohort.")
    return Judgement(PROBABLY, "The audit found one grading system throughout.")


def outcome_is_blind(e: Evidence) -> Judgement:
    """Grades rest on fever, pressure and oxygen, which are predictors as well."""
    return Judgement(
        PROBABLY_NOT,
        "CRS and ICANS are graded from findings (temperature, pressure, oxygen, ICE) that are "
        "predictors as well. " + (e.statements.get("outcome_assessors") or ""),
        () if e.statements.get("outcome_assessors") else ("outcome_assessors",),
    )


def window_is_appropriate(e: Evidence) -> Judgement:
    """Say yes where the question fixes the window, which starts at the landmark."""
    if e.question.horizon_days is None and e.question.until_day is None:
        return Judgement(PROBABLY_NOT, "The window is the rest of the record, of unequal length.")
    return Judgement(YES, about.predicted(e) or "")


def sample_size_is_reasonable(e: Evidence) -> Judgement:
    """Fewer event patients than the plan asks for is a no; a yes needs the calculation."""
    events, least = e.evaluation["n_event_patients"], _least_events(e)
    if least is not None and events < least:
        return Judgement(NO, f"{events} patients had the event, the plan asks for {least}.")
    counted = method.sample_size(e)
    if counted is None:
        return Judgement(OPEN, patients.numbers(e) or "", ("sample_size",))
    return Judgement(OPEN, f"{counted} A person judges it.")


def scales_are_kept(e: Evidence) -> Judgement:
    """Nothing is dichotomised by the outcome; trees split inside the fold."""
    return Judgement(YES, "Numbers stay numbers; no cut-off is chosen outside of the fold.")


def missing_is_handled(e: Evidence) -> Judgement:
    """Missing values stay missing; what a cut record means was declared."""
    ended = patients.end_of_record(e)
    if ended is None:
        return Judgement(OPEN, method.missing_data(e) or "", ("end_of_record",))
    return Judgement(PROBABLY, f"{method.missing_data(e)} {ended}")


def imbalance_was_not_forced(e: Evidence) -> Judgement:
    """No class is reweighted or resampled."""
    return Judgement(NOT_APPLICABLE, method.imbalance(e) or "")


def overfitting_is_addressed(e: Evidence) -> Judgement:
    """Penalty, nested tuning and the one-standard-error rule are in the plan."""
    tuned = method.tuning(e)
    if tuned is None:
        return Judgement(OPEN, "The plan was not recorded.", ("plan",))
    return Judgement(YES, f"{method.learner(e) or ''} {tuned}".strip())


def more_than_apparent(e: Evidence) -> Judgement:
    """Figures are out-of-fold, by patient."""
    said = method.validation(e)
    return Judgement(YES, said) if said else Judgement(OPEN, "", ("method",))


def evaluation_is_large_enough(e: Evidence) -> Judgement:
    """Fewer than 100 patients with the event are too few for precise figures."""
    events = e.evaluation["n_event_patients"]
    answer = PROBABLY if events >= _ACCURATE_ENOUGH else PROBABLY_NOT
    return Judgement(answer, f"{patients.numbers(e)} {_ACCURATE_ENOUGH} or more are asked for.")


def leakage_is_avoided(e: Evidence) -> Judgement:
    """Folds are by patient and the audit ran; what it refused and a person overrode is a no."""
    if e.audit is None:
        return Judgement(OPEN, "The audit was not recorded.", ("audit",))
    answer = {"clean": YES, "warned": PROBABLY}.get(e.audit["verdict"], NO)
    return Judgement(answer, f"Folds are by patient. {patients.audited(e)}")


def steps_are_repeated(e: Evidence) -> Judgement:
    """Tuning, fitting and calibration are learnt inside every outer fold."""
    return more_than_apparent(e)


def performance_is_complete(e: Evidence) -> Judgement:
    """Discrimination and calibration always; the curve and net benefit where the run has them."""
    lacks = tuple(name for name in ("calibration", "decision_curve") if e.block(name) is None)
    said = f"{figures.discrimination(e)} {figures.calibration(e)}"
    return Judgement(PROBABLY_NOT if lacks else YES, said, lacks)


Judge = Callable[[Evidence], Judgement]
_RULES: tuple[Judge, ...] = (
    source_is_appropriate, design_is_appropriate, set_is_representative,
    predictors_are_defined_alike, preprocessing_is_alike, predictors_are_blind,
    predictors_are_available, outcome_is_defined, outcome_is_alike, outcome_is_blind,
    window_is_appropriate, sample_size_is_reasonable, scales_are_kept, missing_is_handled,
    imbalance_was_not_forced, overfitting_is_addressed, more_than_apparent,
    evaluation_is_large_enough, leakage_is_avoided, steps_are_repeated, performance_is_complete,
)  # fmt: skip
JUDGES: dict[str, Judge] = {rule.__name__: rule for rule in _RULES}


def domain_rating(answers: list[str]) -> str:
    """Rate a domain from its answers: any no is high, else any open is unclear, else low.

    The tool leaves the rating to the assessor; this is what the answers suggest.
    """
    if any(answer in _CONCERNS for answer in answers):
        return "high"
    return "unclear" if OPEN in answers else "low"


def _stated(e: Evidence, key: str, without: str) -> Judgement:
    stated = e.statements.get(key)
    if stated is None:
        return Judgement(OPEN, without, (key,))
    return Judgement(OPEN, f"Stated: {stated} A person judges it.")


def _raised(e: Evidence, rule: str) -> bool:
    findings = e.audit["findings"] if e.audit else []
    return any(one["rule"] == rule and one["severity"] != "note" for one in findings)


def _least_events(e: Evidence) -> int | None:
    return e.plan.evaluation.min_event_patients if e.plan else None
