"""Blocks as the tables of a cohort."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.inputs import INPUTS
from features.questions import Question
from features.sources.synthetic import late, readings, treatments
from features.sources.synthetic.blocks import Block
from features.sources.synthetic.columns import Columns, Words, joined
from features.tables import INTENTS

_UNITS: Final = tuple(dict.fromkeys(INPUTS[name].unit for name in readings.RECORDED))
_UNIT_OF_INPUT: Final = np.array(
    [_UNITS.index(INPUTS[name].unit) for name in readings.RECORDED], dtype=np.int8
)
_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "measurements.input": readings.RECORDED,
    "measurements.comparator": readings.COMPARATORS,
    "measurements.text": readings.TEXTS,
    "measurements.unit": _UNITS,
    "treatments.agent": treatments.AGENTS,
    "treatments.dose_unit": treatments.DOSE_UNITS,
    "treatments.route": treatments.ROUTES,
    "treatments.intent": INTENTS,
    "late_events.term": late.TERMS,
    "grades.toxicity": readings.TOXICITIES,
    "grades.contact": readings.CONTACTS,
    "grades.system": ("ASTCT",),
}


def ids(numbers: NDArray[np.int64], letter: str = "C") -> Words:
    """Return ids such as ``C0000017``, in the order of the numbers."""
    unique, codes = np.unique(numbers, return_inverse=True)
    return Words(codes.astype(np.int32), [f"{letter}{number:07d}" for number in unique])


def columns_of(block: Block) -> dict[str, dict[str, Any]]:
    """Return the columns of the five tables of a block, as arrays or as :class:`Words`.

    Columns that nothing fills are absent.
    """
    measured = joined([block.measurements, block.examinations])
    unit = _UNIT_OF_INPUT[measured["input"]]
    grades = {**block.grades, "system": np.zeros(len(block.grades["course"]), dtype=np.int8)}
    made = {
        "courses": _columns("courses", block.courses),
        "measurements": _columns("measurements", {**measured, "unit": unit}),
        "treatments": _columns("treatments", block.treatments),
        "late_events": _columns("late_events", block.late_events),
        "grades": _columns("grades", grades),
    }
    made["courses"]["patient_id"] = ids(made["courses"].pop("patient"), "P")
    return made


def frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return columns as a frame."""
    return pd.DataFrame(
        {name: one.series() if isinstance(one, Words) else one for name, one in columns.items()}
    )


def truth_columns(block: Block, questions: Sequence[Question]) -> dict[str, Any]:
    """Return the columns of the true risks of a block."""
    made = _columns("truth", block.truth)
    made["question"] = Words(block.truth["question"], [one.name for one in questions])
    return made


def _columns(table: str, columns: Columns) -> dict[str, Any]:
    made: dict[str, Any] = {"course_id": ids(columns["course"])}
    for name, column in columns.items():
        words = _WORDS.get(f"{table}.{name}")
        if name != "course":
            made[name] = Words(column, words) if words else column
    return made
