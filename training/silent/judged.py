"""Whether a model that answered in silence may be turned on: the whole reading, as plain data.

"Met" is said of the whole only where every limit is met, each at the whole `error`. That needs no
splitting: if any one limit does not hold, the whole is wrongly met only where that one is (the
intersection-union test; Berger 1982, doi:10.1080/00401706.1982.10487790). "Not met" is said where
any one limit is broken, so there `error` is split evenly among them.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from features.errors import QuestionError
from features.questions import QUESTIONS, Question, question
from training import registry
from training.bootstrap import FloatArray
from training.elsewhere import risks_by_margin
from training.plan_reading import plain
from training.references import Referred
from training.silent.figures import Bound, bounds
from training.silent.joined import Export, Joined, join
from training.silent.limits import Limits
from training.silent.sequential import OPEN, State, read_bound
from training.simpler import margins_from_json

NO_MODEL = "it needs --model: the comparators lie beside the model they were fitted with"


def judge_silence(
    export: Export, limits: Limits, subject: Referred | None = None
) -> dict[str, Any]:
    """Read every limit after the patients so far.

    Parameters
    ----------
    subject : the model that answered, with its comparators; None where no limit needs them.

    Raises
    ------
    PlanError
        The limits were written after the first answer.
    NotAssessable
        As :func:`training.silent.joined.join`.
    QuestionError
        The question has no such name.
    """
    asked = _asked(limits, subject)
    joined = join(export, limits, asked, subject.model.digest if subject else None)
    limits.refuse_if_written_after(joined.first_answer)
    compared = _compared(export, joined, limits, subject)
    of_limits = bounds(joined, limits, compared)
    readings = [*_counted(joined, limits)]
    readings += [_read(joined, one, limits.error, len(of_limits)) for one in of_limits]
    verdict = _verdict([one["state"] for one in readings])
    synthetic = export.cohort.manifest.synthetic or bool(subject and subject.model.synthetic)
    return {
        "question": asked.to_dict(),
        "cohort": export.cohort.manifest.name,
        "synthetic": synthetic,
        "model": joined.model,
        "limits": plain(limits) | {"written_on": limits.written_on.isoformat()},
        "n_patients": len(joined.patients),
        "n_event_patients": int(joined.patients["event"].sum()),
        "n_rows": len(joined.rows),
        "answers": joined.answers,
        "left_out": joined.left_out,
        "patients_waiting": joined.waiting,
        "first_answer": None if pd.isna(joined.first_answer) else joined.first_answer.isoformat(),
        "patients_per_month": _or_none(joined.patients_per_month),
        "readings": readings,
        "verdict": verdict,
    }


def _asked(limits: Limits, subject: Referred | None) -> Question:
    if subject is None:
        return question(limits.question)
    own = subject.model.question
    if own.name != limits.question:
        known = "" if limits.question in QUESTIONS else " No question has that name."
        raise QuestionError(
            f"the limits are for {limits.question!r}, and {subject.said} answers {own.name!r}."
            f"{known} Give the model that the limits are for."
        )
    return own


def _compared(
    export: Export, joined: Joined, limits: Limits, subject: Referred | None
) -> FloatArray | str:
    """Return the comparator's risks at the answered instants, or why there are none."""
    if subject is None:
        return NO_MODEL
    margins = margins_from_json(subject.documents.get(registry.COMPARATORS, {}))
    if limits.comparator not in margins:
        there = ", ".join(margins) or "none"
        return f"no {limits.comparator} lies beside the model; there are: {there}"
    if joined.rows.empty:
        return "no outcome is determined yet"
    keys = joined.rows[["course_id", "instant"]]
    return risks_by_margin(margins[limits.comparator], export.cohort, keys)


def _counted(joined: Joined, limits: Limits) -> list[dict[str, Any]]:
    patients, events = len(joined.patients), int(joined.patients["event"].sum())
    made = []
    for name, of, least, n in (
        ("least_patients", "patients", limits.least_patients, patients),
        ("least_event_patients", "event patients", limits.least_event_patients, events),
    ):
        if least:
            state: State = "met" if n >= least else OPEN
            made.append(
                {"name": name, "of": of, "n": n, "limit": least, "at_least": True, "state": state}
                | {"estimate": None, "low": None, "high": None, "because": ""}
                | _ahead(joined, n, max(0, least - n) or None)
            )
    return made


def _read(joined: Joined, bound: Bound, error: float, limits: int) -> dict[str, Any]:
    told = {"name": bound.name, "of": bound.of, "limit": bound.limit, "at_least": bound.at_least}
    if bound.ratio is None:
        return (
            told
            | {"n": 0, "state": OPEN, "estimate": None, "low": None, "high": None}
            | {"because": bound.because}
            | _ahead(joined, 0, None)
        )
    found = read_bound(bound.ratio, bound.limit, error, error / limits, at_least=bound.at_least)
    figures = {name: _or_none(getattr(found, name)) for name in ("estimate", "low", "high")}
    return (
        told
        | {"n": found.n, "state": found.state, "because": ""}
        | figures
        | _ahead(joined, found.n, found.more)
    )


def _ahead(joined: Joined, n: int, more: int | None) -> dict[str, Any]:
    """Turn `more` patients of one kind into patients of all kinds, and months at this pace."""
    if more is None or not n:
        return {"more_patients": None, "more_months": None}
    patients = math.ceil(more * len(joined.patients) / n)
    return {
        "more_patients": patients,
        "more_months": _or_none(patients / joined.patients_per_month),
    }


def _verdict(states: list[State]) -> State:
    if "not met" in states:
        return "not met"
    return OPEN if OPEN in states else "met"


def _or_none(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None
