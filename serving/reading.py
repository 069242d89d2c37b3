"""An answer as a person would read it, as plain text."""

from collections.abc import Sequence

from serving.reading_of_findings import grades_as_text, plan_as_text, scores_as_text
from serving.replies import (
    Comparison,
    CouldChange,
    Explanation,
    Notice,
    QuestionAnswer,
    RiskAnswer,
)
from serving.words import input_label, percent

_INDENT = "    "
_MOST_DRIVERS = 5
_MOST_RANGES = 5


def as_text(answer: RiskAnswer) -> str:
    """Return the whole answer as text of about a page."""
    lines = [f"{answer.product or 'no product'}, day {answer.landmark_day:g}"]
    if answer.synthetic_notice:
        lines.append(answer.synthetic_notice)
    if answer.watch is not None:
        lines += [f"Watch: {answer.watch.name} ({answer.watch.because})", answer.watch.action]
    lines += ["", *grades_as_text(answer.grades), *scores_as_text(answer.scores)]
    for one in answer.answers:
        lines += ["", *_question(one)]
    lines += ["", *plan_as_text(answer.monitoring)]
    lines += ["", *(_note(notice) for notice in answer.notices)]
    lines += [f"Not shown: {one}" for one in answer.not_shown]
    lines += [f"Not covered: {'; '.join(answer.not_covered)}", answer.caution]
    lines.append(f"Release {answer.release[:12] or 'none'}, recorded as {answer.ledger_id}")
    return "\n".join(lines)


def _question(one: QuestionAnswer) -> list[str]:
    lines = [one.question.text[0].upper() + one.question.text[1:]]
    if one.abstention is not None:
        return [*lines, f"{_INDENT}No estimate: {one.abstention.text}"]
    lines.append(f"{_INDENT}{_estimate(one)}")
    if one.compared is not None:
        lines.append(f"{_INDENT}{_compared(one.compared)}")
    if one.tier is not None:
        lines.append(
            f"{_INDENT}Tier {one.tier.name} ({one.tier.rank} of {one.tier.of}): {one.tier.because}"
        )
    if one.explanation is not None:
        lines += [f"{_INDENT}{line}" for line in _drivers(one.explanation)]
    if one.inputs_missing:
        lines.append(f"{_INDENT}Not given: {_labels(one.inputs_missing)}")
    if one.could_change is not None:
        lines += [f"{_INDENT}{line}" for line in _ranges(one.could_change)]
    lines += [f"{_INDENT}{_note(notice)}" for notice in one.notices]
    return [*lines, *_model(one)]


def _estimate(one: QuestionAnswer) -> str:
    text = f"{percent(one.probability or 0.0)}"
    if one.interval is None:
        return text
    return f"{text} ({percent(one.interval.low)} to {percent(one.interval.high)})"


def _compared(one: Comparison) -> str:
    return f"{one.ratio:.2g} times {percent(one.average)}, {one.meaning}"


def _drivers(explanation: Explanation) -> list[str]:
    lines = [
        f"Associated with it, starting from {percent(explanation.base)}, the risk of the average "
        "training patient of any product and day:"
    ]
    shown = explanation.drivers[:_MOST_DRIVERS]
    for one in shown:
        age = "" if one.age_hours is None else f", {one.age_hours:.0f} h old"
        lines.append(f"  {100 * one.contribution:+6.1f} points  {one.label}: {one.shown}{age}")
    rest = explanation.rest + sum(one.contribution for one in explanation.drivers[len(shown) :])
    return [*lines, f"  {100 * rest:+6.1f} points  everything else"]


def _ranges(could: CouldChange) -> list[str]:
    lines = ["Measured now, one of these alone could give (the rest as it is):"]
    for one in could.ranges[:_MOST_RANGES]:
        tier = ", another tier" if one.changes_tier else ""
        lines.append(
            f"  {percent(one.lowest)} to {percent(one.highest)}  {one.label} ({one.why}), "
            f"{one.lowest_at} and {one.highest_at}{tier}"
        )
    return lines


def _note(notice: Notice) -> str:
    about = f" ({_labels(notice.inputs)})" if notice.inputs else ""
    return f"Note: {notice.text}{about}"


def _labels(names: Sequence[str]) -> str:
    return ", ".join(input_label(name) for name in names)


def _model(one: QuestionAnswer) -> list[str]:
    if one.model is None:
        return []
    kind = "synthetic " if one.model.synthetic else ""
    return [
        f"{_INDENT}Model {one.model.version[:12]}, {kind}cohort {one.model.cohort}: "
        f"{one.model.events} events in {one.model.n} rows"
    ]
