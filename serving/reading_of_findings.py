"""Grades, bedside scores and the monitoring plan as plain text."""

from collections.abc import Sequence

from serving.bedside_replies import BedsideScore, GradeByRule, MonitoringPlan, MonitoringRow


def grades_as_text(grades: Sequence[GradeByRule]) -> list[str]:
    """Return a line a grade, with the rule, what is missing and the grade by hand."""
    return ["Graded from the findings:", *(f"  {_grade(one)}" for one in grades)] if grades else []


def scores_as_text(scores: Sequence[BedsideScore]) -> list[str]:
    """Return a line a score: its points, or why there are none."""
    return ["Bedside scores:", *(f"  {_score(one)}" for one in scores)]


def plan_as_text(plan: MonitoringPlan) -> list[str]:
    """Return the plan as a table with its sources."""
    lines = [f"Monitoring, level {plan.level}: {plan.because}. {plan.meaning}"]
    lines += [f"  {_row(one, plan)}" for one in (*plan.rows, *plan.product)]
    lines += [f"  At {one.when}: {one.then}" for one in plan.triggers]
    if plan.signed_by:
        lines.append(f"  Signed by {plan.signed_by}")
    return lines


def _grade(one: GradeByRule) -> str:
    name = f"{one.toxicity} {one.about}".rstrip()
    if one.grade is None:
        text = f"{name}: {one.rule} (grade {one.lowest} to {one.highest} possible)"
    else:
        text = f"{name} grade {one.grade}: {one.rule}"
        if one.highest > one.grade:
            text += f"; up to {one.highest} possible, missing: {', '.join(one.missing_words)}"
    if one.by_hand is not None and one.by_hand.kind != "agrees":
        text += f". By hand grade {one.by_hand.grade}: {one.by_hand.text}"
    return text


def _score(one: BedsideScore) -> str:
    name = f"{one.label} ({one.when})"
    if one.refused:
        return f"{name}: not read. {one.refused}"
    if one.points is None:
        return f"{name}: missing {', '.join(one.missing_words)}"
    text = f"{name}: {one.points:.3g}"
    if one.high is not None:
        text += f", {'above' if one.high else 'not above'} {one.cut_off:g} ({one.means})"
    return text if one.verified else f"{text}, not verified"


def _row(one: MonitoringRow, plan: MonitoringPlan) -> str:
    start = "now" if one.from_day is None else f"day {one.from_day:g}"
    end = "on" if one.until_day is None else f"to day {one.until_day:g}"
    sources = [one.source] if one.source != "proposal" else []
    sources += [plan.proposals] if one.proposal and plan.proposals else []
    return f"{one.what}: {one.how_often} ({start} {end}; {'; '.join(sources)})"
