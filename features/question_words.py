"""A question as a clinician would ask it."""

from features.questions import Question


def question_text(one: Question) -> str:
    """Return the question as a clinician would ask it."""
    whom = f", for a patient at grade {one.from_grade} or more now" if one.from_grade else ""
    return _question_to_anybody(one) + whom


def _question_to_anybody(one: Question) -> str:
    what = f"{one.toxicity} of grade {one.min_grade} or more"
    if one.horizon_days is not None:
        return f"{what} within {one.horizon_days * 24:g} hours"
    if one.until_day is None:
        return f"{what} in the rest of the record"
    start = "after infusion, until" if one.before_infusion else "from now until"
    return f"{what} {start} day {one.until_day:g}"
