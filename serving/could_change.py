"""What a missing or old input could change: the range of the risk over its plausible values.

Each such input is set, alone, to values that training rows had, as if it were measured now, and the
model is asked again, for all of them at once. The columns of its own readings move with it (last,
highest, lowest, change, age), and the EASIX scores that read it; its trend, fever and every other
predictor stay as they are. The range is one of this model, not a forecast of the result.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np
import numpy.typing as npt

from features.arrays import NUMERIC_FACTS
from features.clinical_values import clinical_value
from features.columns import COLUMNS, PredictorColumn
from features.inputs import INPUTS
from features.scores import SCORES
from features.summaries import LEAST_SCORE, SCORE_COLUMNS
from models.columns import Floats
from models.risk_model import RiskModel
from serving.bedside import Bedside
from serving.course import Reading
from serving.replies import InputRange
from serving.words import input_label
from serving.words_of_drivers import shown_in_words

N_VALUES = 5  # percentile 1, 50 and 99 of the training rows, and halfway between
LEAST_WIDTH = 0.001
_MOVES = ("last", "max", "min", "change", "hours_since")
_LOG2_SCORES = tuple(name for name in SCORE_COLUMNS if SCORES[name].log2)


@dataclass(frozen=True)
class WhatCouldChange:
    """Asks one model again with other values of what is missing or old."""

    model: RiskModel

    def of(
        self, row: Floats, probability: float, old: Sequence[str], bedside: Bedside
    ) -> list[InputRange]:
        """Return the ranges, the widest first; those below a tenth of a percent are left out.

        Parameters
        ----------
        row : ndarray, shape (1, k)
            What the model read.
        old : sequence of str
            Inputs whose last reading is old.
        """
        asked = self._asked(row, old, bedside.latest)
        if not asked:
            return []
        rows = self._rows(row[0], asked, bedside)
        risks = self.model.predict(rows.reshape(-1, row.shape[1])).reshape(len(asked), N_VALUES)
        wide = np.ptp(risks, axis=1)
        order = [at for at in np.argsort(-wide, kind="stable") if wide[at] >= LEAST_WIDTH]
        return [self._told(asked[at], risks[at], probability, bedside) for at in order]

    def _asked(self, row: Floats, old: Sequence[str], latest: Mapping[str, Reading]) -> list[int]:
        """Return which of :attr:`_names` are missing or old."""
        return [
            at
            for at, name in enumerate(self._names)
            if name in old
            or (name not in latest if name in INPUTS else isnan(row[0, self._places[at]["last"]]))
        ]

    def _rows(self, row: Floats, asked: Sequence[int], bedside: Bedside) -> Floats:
        """Return the rows to ask about, shape (asked, N_VALUES, k)."""
        rows = np.tile(row, (len(asked), N_VALUES, 1))
        for block, at in zip(rows, asked, strict=True):
            self._move(block, at, row, bedside)
            self._set_scores(block, at, bedside.latest)
        return rows

    def _move(self, block: Floats, at: int, row: Floats, bedside: Bedside) -> None:
        """Set the columns of one name in its rows, shape (N_VALUES, k)."""
        value, places = self._values[at], self._places[at]
        since_infusion = bedside.course.landmark >= 0
        block[:, places["last"]] = value
        if "hours_since" in places:
            block[:, places["hours_since"]] = 0.0
        if "change" in places:
            block[:, places["change"]] = value - self._baseline(row, at, bedside)
        if "max" in places and since_infusion:
            block[:, places["max"]] = np.fmax(row[places["max"]], value)
        if "min" in places and since_infusion:
            block[:, places["min"]] = np.fmin(row[places["min"]], value)

    def _baseline(self, row: Floats, at: int, bedside: Bedside) -> float:
        """Return the last reading at or before the infusion, on the scale of the column."""
        reading, places = bedside.latest.get(self._names[at]), self._places[at]
        last = float(row[places["last"]])
        if reading is not None and reading.day <= 0.0 < bedside.course.landmark:
            return last
        return last - float(row[places["change"]])

    def _set_scores(self, block: Floats, at: int, latest: Mapping[str, Reading]) -> None:
        for column, name in self._score_columns:
            score = SCORES[name]
            if self._names[at] in score.inputs:
                readings: dict[str, npt.ArrayLike] = {
                    one: latest[one].value if one in latest else np.nan for one in score.inputs
                }
                readings[self._names[at]] = self._clinical[at]
                block[:, column] = np.log2(np.maximum(score.of(readings), LEAST_SCORE))

    def _told(self, at: int, risks: Floats, probability: float, bedside: Bedside) -> InputRange:
        name, language = self._names[at], bedside.language
        reading = bedside.latest.get(name)
        low, high = int(risks.argmin()), int(risks.argmax())
        return InputRange(
            input=name,
            label=input_label(name, language),
            why="missing" if reading is None else "old",
            age_hours=None if reading is None else 24 * (bedside.course.landmark - reading.day),
            lowest=float(risks[low]),
            highest=float(risks[high]),
            lowest_at=self._shown(at, low, language),
            highest_at=self._shown(at, high, language),
            changes_tier=None if bedside.raised_by else self._changes_tier(risks, probability),
        )

    def _changes_tier(self, risks: Floats, probability: float) -> bool:
        return len({*self.model.tiers.position(np.append(risks, probability)).tolist()}) > 1

    def _shown(self, at: int, point: int, language: str) -> str:
        name = self._names[at]
        if name in INPUTS and INPUTS[name].is_text:
            rank = round(float(self._values[at, point]))
            return " / ".join(word for word, one in INPUTS[name].levels.items() if one == rank)
        words = COLUMNS[self._columns[at]].description
        value = float(self._values[at, point])
        return shown_in_words(words, value, clinical_value(words, value), language)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        """Columns that can be set: last readings and facts of the course that the model reads."""
        names = self.model.predictors.names()
        read = {*_inputs_behind(self.model.reads), *self.model.reads}
        return tuple(
            name
            for name in names
            if (name.endswith("__last") and COLUMNS[name].input in read)
            or (name in NUMERIC_FACTS and name in read)
            if np.isfinite(self._range(name)).all()
        )

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(COLUMNS[one].input or one for one in self._columns)

    @cached_property
    def _values(self) -> Floats:
        """Values on the scale of the column, shape (names, N_VALUES)."""
        made = np.zeros((len(self._columns), N_VALUES))
        for at, name in enumerate(self._columns):
            points = np.interp(np.linspace(0, 2, N_VALUES), (0, 1, 2), self._range(name))
            made[at] = _possible(COLUMNS[name], points)
        return made

    @cached_property
    def _clinical(self) -> Floats:
        """The same as a clinician knows them."""
        words = [COLUMNS[name].description for name in self._columns]
        return np.array(
            [
                [clinical_value(one, value) for value in row]
                for one, row in zip(words, self._values.tolist(), strict=True)
            ]
        ).reshape(self._values.shape)

    @cached_property
    def _places(self) -> Sequence[Mapping[str, int]]:
        """Where the columns that move with each name stand; "last" is always among them."""
        at = {name: place for place, name in enumerate(self.model.predictors.names())}
        moving = [
            {move: f"{name}__{move}" for move in _MOVES} if name in INPUTS else {"last": name}
            for name in self._names
        ]
        return [{move: at[one] for move, one in each.items() if one in at} for each in moving]

    @cached_property
    def _score_columns(self) -> list[tuple[int, str]]:
        names = self.model.predictors.names()
        return [(names.index(name), name) for name in _LOG2_SCORES if name in self.model.reads]

    def _range(self, column: str) -> tuple[float, float, float]:
        one = self.model.quantiles.get(column)
        return (np.nan,) * 3 if one is None else (one.low, one.median, one.high)


def _possible(column: PredictorColumn, points: Floats) -> Floats:
    """Return points between training values as values that an input can have."""
    if column.input is None:
        return points
    one = INPUTS[column.input]
    if one.is_text:
        return np.round(points)
    low, high = np.log2(1.0 + np.array(one.hard)) if one.scale == "log" else one.hard
    return np.clip(points, low, high)


def _inputs_behind(columns: Iterable[str]) -> set[str]:
    """Return the inputs behind columns, those of the EASIX scores included."""
    found: set[str] = set()
    for name in columns:
        found |= {*SCORES[name].inputs} if name in _LOG2_SCORES else {COLUMNS[name].input or name}
    return found
