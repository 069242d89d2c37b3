"""What the model predicts, for whom, and what it is not for."""

from __future__ import annotations

from features.question_words import question_text
from features.scores import SCORES
from training.cards.evidence import Evidence

DECISION_ROLE = (
    "It informs how closely to monitor and may only add monitoring to the label and the site's "
    "protocol. It names no drug and no dose; it replaces no decision."
)
MOST_NAMED = 3  # products that are named where it says that others were not in training
NEVER_DISCHARGE = "A low risk is never a reason to discharge or to watch less."


def title(e: Evidence) -> str | None:
    """Say what kind of study of which model in which patients this is."""
    return (
        f"Development and internal evaluation of {e.name}, a machine-learning prediction model of "
        f"{question_text(e.question)} after CAR-T infusion, in {e.cohort_name}."
    )


def predicted(e: Evidence) -> str | None:
    """Say what is predicted and when it is asked."""
    return f"{question_text(e.question)}, {when_asked(e)}."


def when_asked(e: Evidence) -> str:
    """Return the landmarks in words."""
    days = e.question.landmark_days
    if e.question.before_infusion:
        return "asked before the infusion"
    if len(days) == 1:
        return f"asked on day {days[0]:g} after infusion"
    steps = "daily" if len(days) == days[-1] - days[0] + 1 else f"on {len(days)} days"
    return f"asked {steps} from day {days[0]:g} to day {days[-1]:g} after infusion"


def outcome(e: Evidence) -> str | None:
    """Define the outcome, its window and what competes with it."""
    return f"{question_text(e.question)}. {event(e)} The window starts at the landmark."


def event(e: Evidence) -> str:
    """Return what counts as an event."""
    asked = e.question
    system = e.cohort.get("grading_system")
    graded = f" by {scale(system)}" if system else ""
    return (
        f"Event: the first grading of {asked.toxicity} at grade {asked.min_grade} or more{graded} "
        "inside the window, or death of it. Death of another cause is no event."
    )


def scale(system: str) -> str:
    """Return a grading system in words."""
    return "a scale that nobody recorded" if system == "unknown" else system


def at_risk(e: Evidence) -> str | None:
    """Say which patients are asked about."""
    return f"{patients_asked(e)}; {when_asked(e)}."


def patients_asked(e: Evidence) -> str:
    """Return which patients are asked about, in words."""
    asked = e.question
    lowest = f", at grade {asked.from_grade} or more now" if asked.from_grade else ""
    return (
        f"Patients with a CAR-T course, alive, observed and graded for {asked.toxicity}, below "
        f"grade {asked.min_grade} at the landmark{lowest}"
    )


def output(e: Evidence) -> str | None:
    """Say what an answer consists of."""
    spread = e.model.interval_name if e.model.refits else "no interval"
    return (
        f"A probability between 0 and 1, its {spread}, the drivers of it as contributions that "
        f"add up, the ratio to the average training patient, and one of "
        f"{len(e.model.tiers.tiers)} tiers."
    )


def kind_of_output(e: Evidence) -> str | None:
    """Say which kind of output it is."""
    return "A prediction (a probability), with a classification into tiers of monitoring."


def role(e: Evidence) -> str | None:
    """Say what part it has in decisions."""
    return DECISION_ROLE


def limitations(e: Evidence) -> str | None:
    """Say what the model declares not to cover, and what the audit left on it."""
    known = e.manifest.get("limitations")
    return None if not known else " ".join([*map(str, known), NEVER_DISCHARGE])


def unseen(e: Evidence) -> str | None:
    """Say for which products it has no training patient."""
    products = e.cohort.get("products")
    if not products:
        return None
    few = len(products) <= MOST_NAMED
    known = " or ".join(sorted(products)) if few else f"the {len(products)} of its training cohort"
    return f"Products other than {known}: no training patient, and the answer says so."


def poor_inputs(e: Evidence) -> str | None:
    """Say what happens to missing, impossible and unusual inputs."""
    return (
        "A missing input stays missing and is named in the answer; a value without unit, or "
        "impossible in it, is refused; a value outside of the 1 to 99 % training range is marked; "
        "where the model should not answer it abstains and says why."
    )


def objective(e: Evidence) -> str | None:
    """Say what the study set out to do."""
    rivals = ", ".join(words(name) for name in e.evaluation["comparators"]) or "no comparator"
    return (
        f"To develop {e.name} and to evaluate it by nested cross-fitting against {rivals} on the "
        "same rows."
    )


def words(name: str) -> str:
    """Return the name of a comparator or figure in words."""
    return SCORES[name].label if name in SCORES else name.replace("_", " ")
