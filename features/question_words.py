"""A question as a clinician would ask it, in English and Chinese."""

from features.questions import Question


def question_text(one: Question, language: str = "en") -> str:
    """Return the question as a clinician would ask it."""
    if language == "zh":
        return _chinese(one)
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


def _chinese(one: Question) -> str:
    whom = f"目前≥{one.from_grade}级的患者，" if one.from_grade else ""
    what = f"发生≥{one.min_grade}级{one.toxicity}"
    if one.horizon_days is not None:
        return f"{whom}{one.horizon_days * 24:g}小时内{what}"
    if one.until_day is None:
        return f"{whom}此后记录中{what}"
    start = "输注后至" if one.before_infusion else "从现在至"
    return f"{whom}{start}第{one.until_day:g}天{what}"
