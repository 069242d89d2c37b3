"""The answers that a service gave, beside the cohort that it saw: one export of a ledger.

An export is an ordinary cohort directory (:mod:`features.cohort_files`), so that what the service
saw is tomorrow's training data, and one table more. It holds risks of patients: keep it like a
cohort.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from features.cohort_files import MANIFEST, read_table
from features.errors import CohortError
from features.tables import Column, Table, conform

ANSWERS = Table(
    "answers",
    "one question of one answer",
    (
        Column("answer_id", "text", "under it the ledger finds the answer", required=True),
        Column("written_at", "timestamp", "when the ledger wrote it (UTC)", required=True),
        Column("course_id", "text", "the course this belongs to", required=True),
        Column("question", "text", "name of the question", required=True),
        Column(
            "landmark_day",
            "number",
            "the instant it was asked at, in days from infusion",
            required=True,
            low=-400.0,
            high=10000.0,
        ),
        Column("probability", "number", "the risk; empty where abstained", low=0.0, high=1.0),
        Column("low", "number", "lower end of the interval", low=0.0, high=1.0),
        Column("high", "number", "upper end of the interval", low=0.0, high=1.0),
        Column("tier", "text", "name of the tier; empty where there is none"),
        Column("abstention", "text", "why there is no risk; empty where there is one"),
        Column("model", "text", "digest of the risk model; empty where there was none"),
        Column("release", "text", "digest of the release; empty where there was none"),
        Column("shown", "flag", "whether anybody could see it; false is silent", required=True),
    ),
)
_FILE = f"{ANSWERS.name}.parquet"


def write_answers(answers: pd.DataFrame, directory: str | Path) -> Path:
    """Write the answers into a cohort directory, whole or not at all; return the file.

    Raises
    ------
    CohortError
        The directory is no cohort, a rule is broken, or the file cannot be written.
    """
    place = Path(directory)
    if not (place / MANIFEST).is_file():
        raise CohortError(f"{place} holds no {MANIFEST}: write the cohort first, then its answers.")
    checked = _checked(answers, str(place))
    fresh = Path(tempfile.mkstemp(prefix=".answers-", suffix=".parquet", dir=place)[1])
    try:
        checked.to_parquet(fresh, index=False)
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(place / _FILE)
    except OSError as failure:
        raise CohortError(
            f"{place / _FILE} could not be saved: {failure.strerror}. Make room, or choose a place "
            "that can be written."
        ) from failure
    finally:
        fresh.unlink(missing_ok=True)
    return place / _FILE


def read_answers(directory: str | Path) -> pd.DataFrame:
    """Read the answers of an export, with exactly the columns of :data:`ANSWERS`.

    Raises
    ------
    CohortError
        There are none, the file cannot be read, or a rule is broken; the rule and how many rows.
    """
    found = read_table(Path(directory), ANSWERS.name)
    if found is None:
        raise CohortError(
            f"{directory} is no export of a ledger: it has no {_FILE}. A service writes one with "
            "what it saw; a cohort alone holds no answers."
        )
    return _checked(found, str(directory))


def answer_and_question_are_once(answers: pd.DataFrame) -> "pd.Series[bool]":
    """Return the rows that answer a question a second time under one id."""
    return answers.duplicated(["answer_id", "question"])


def probability_or_abstention_is_given(answers: pd.DataFrame) -> "pd.Series[bool]":
    """Return the rows with both or neither."""
    abstained = answers["abstention"].fillna("") != ""
    return answers["probability"].notna() == abstained


def interval_is_in_order(answers: pd.DataFrame) -> "pd.Series[bool]":
    """Return the rows whose interval ends before it begins."""
    return answers["low"] > answers["high"]


RULES: Mapping[str, Callable[[pd.DataFrame], "pd.Series[bool]"]] = MappingProxyType(
    {
        rule.__name__: rule
        for rule in (
            answer_and_question_are_once,
            probability_or_abstention_is_given,
            interval_is_in_order,
        )
    }
)


def _checked(answers: pd.DataFrame, where: str) -> pd.DataFrame:
    absent = [c.name for c in ANSWERS.columns if c.required and c.name not in answers.columns]
    if absent:
        raise CohortError(
            f"{where}: table answers lacks {', '.join(absent)}. Its columns: "
            f"{', '.join(ANSWERS.names)}."
        )
    frame, broken = conform(answers, ANSWERS)
    for column in ANSWERS.columns:
        cells = frame[column.name]
        if column.required:
            empty = cells.isna() | cells.astype("object").eq("")
            broken.setdefault(f"{column.name}_is_present", empty)
        if column.kind == "number":
            outside = (cells < column.low) | (cells > column.high)
            broken[f"{column.name}_is_within_its_range"] = outside
    broken |= {name: rule(frame) for name, rule in RULES.items()}
    for rule, rows in broken.items():
        if rows.any():
            raise CohortError(
                f"{where}: table answers: {int(rows.sum())} rows break {rule}. Export the ledger "
                "again; nothing is judged on a part of its answers."
            )
    return frame
