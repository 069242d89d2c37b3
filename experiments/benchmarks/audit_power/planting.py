"""What every leak is made with: the cohort at hand, who had the event, and how strong to plant.

Strength s in (0, 1] is turned into shares in two ways, both of which make a yes-or-no tell-tale
worth an AUROC of (1 + s) / 2: *leaning* (the thing happens to (1 + s) / 2 of one class and to
(1 - s) / 2 of the other) and *a share* (to s of one class, never to the other).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.questions import Question, labels
from features.tables import Cohort

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Level = Literal["row", "patient"]


@dataclass(frozen=True)
class Planted:
    """A cohort with a leak, and the leak as somebody reads it who knows where to look.

    Attributes
    ----------
    cohort : Cohort
    signal : DataFrame
        ``course_id``, ``signal`` and, at level "row", ``landmark_day``. More or less of it tells
        the outcome; nothing is missing.
    level : {"row", "patient"}
        Whether it tells the outcome of a landmark or who ever has the event.
    """

    cohort: Cohort
    signal: pd.DataFrame
    level: Level


@dataclass(frozen=True)
class Leak:
    """One way in which a hospital's records give the outcome away.

    A landmark known before and after planting keeps its outcome.

    Attributes
    ----------
    name, family, how : str
        Its name, what it is akin to, and what happened, in words.
    make : callable
        From a :class:`Scene` to what was planted.
    """

    name: str
    family: str
    how: str
    make: "Callable[[Scene], Planted]"

    def plant(
        self, cohort: Cohort, asked: Question, rng: np.random.Generator, strength: float
    ) -> Planted:
        """Return `cohort` with this leak; the given one is left as it is.

        Raises
        ------
        ValueError
            `strength` is not in (0, 1], or no patient of the cohort has an event.
        """
        if not 0.0 < strength <= 1.0:
            raise ValueError(f"strength = {strength} is not above 0 and at most 1.")
        scene = Scene(cohort, asked, rng, strength)
        if not scene.event.any() or scene.event.all():
            raise ValueError(f"{asked.name}: a leak needs patients with an event and without.")
        return self.make(scene)


@dataclass(frozen=True)
class Scene:
    """The clean cohort and what happened in it; arrays are in the order of its courses."""

    cohort: Cohort
    asked: Question
    rng: np.random.Generator
    strength: float

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The landmarks with a known outcome."""
        rows = labels(self.cohort, self.asked)
        return rows[rows["outcome"].notna()].reset_index(drop=True)

    @cached_property
    def event(self) -> Bools:
        """Whether the patient of each course has any event row."""
        hit = self.rows.loc[self.rows["outcome"] == 1.0, "patient_id"]
        return self.cohort.courses["patient_id"].isin(hit).to_numpy()

    @cached_property
    def event_day(self) -> Floats:
        """The first event of each course, NaN without one."""
        first = self.rows.groupby("course_id")["event_instant"].min()
        return self.cohort.courses["course_id"].map(first).to_numpy(dtype=np.float64)

    @cached_property
    def last_day(self) -> Floats:
        """The last result of each course, NaN without one."""
        last = self.cohort.measurements.groupby("course_id")["day"].max()
        return self.cohort.courses["course_id"].map(last).to_numpy(dtype=np.float64)

    @property
    def ahead_days(self) -> float:
        """How far the question looks from its first landmark."""
        return self.asked.horizon_end(0.0)

    def course_of(self, frame: pd.DataFrame) -> Ints:
        """Return the number of the course of each row of a table."""
        return course_of(self.cohort, frame)

    def pick(self, among: Bools, share: float) -> Bools:
        """Return a random `share` of the true entries, as near as whole numbers allow."""
        places = np.flatnonzero(among)
        some = self.rng.permutation(places)[: round(share * len(places))]
        picked = np.zeros(len(among), dtype=bool)
        picked[some] = True
        return picked

    def a_share(self, among: Bools) -> Bools:
        """Return a share s of `among`, at least one."""
        return self.pick(among, max(self.strength, 1.0 / max(int(among.sum()), 1)))

    def leaning(self, to_event: bool = True) -> Bools:
        """Return (1 + s) / 2 of the courses of one class and (1 - s) / 2 of the other."""
        mostly, rarely = (self.event, ~self.event) if to_event else (~self.event, self.event)
        share = (1.0 + self.strength) / 2.0
        return self.pick(mostly, share) | self.pick(rarely, 1.0 - share)

    def leaning_score(self) -> Floats:
        """Return normal noise, shifted in event patients so that its AUROC is (1 + s) / 2."""
        auroc = min((1.0 + self.strength) / 2.0, 0.999)
        shift = np.sqrt(2.0) * NormalDist().inv_cdf(auroc)
        return self.rng.normal(size=len(self.event)) + shift * self.event

    def of_courses(self, cohort: Cohort, signal: npt.ArrayLike) -> Planted:
        """Return `cohort` with a tell-tale per course, in the order of its courses."""
        ids = cohort.courses["course_id"].to_numpy()
        values = np.asarray(signal, dtype=np.float64)
        return Planted(cohort, pd.DataFrame({"course_id": ids, "signal": values}), "patient")

    def of_rows(self, cohort: Cohort, signal: npt.ArrayLike) -> Planted:
        """Return `cohort` with a tell-tale per landmark, in the order of :attr:`rows`."""
        table = self.rows[["course_id", "landmark_day"]].copy()
        return Planted(cohort, table.assign(signal=np.asarray(signal, dtype=np.float64)), "row")


def course_of(cohort: Cohort, frame: pd.DataFrame) -> Ints:
    """Return the number of the course of each row of a table of `cohort`."""
    return pd.Index(cohort.courses["course_id"]).get_indexer(pd.Index(frame["course_id"]))


def count(cohort: Cohort, frame: pd.DataFrame) -> Floats:
    """Return how many of the rows of `frame` each course has."""
    return np.bincount(course_of(cohort, frame), minlength=len(cohort.courses)).astype(float)


def mean(cohort: Cohort, frame: pd.DataFrame, of: npt.ArrayLike) -> Floats:
    """Return the mean of `of` (by row of `frame`) by course; the overall one without rows."""
    numbers = np.asarray(of, dtype=np.float64)
    total = np.bincount(course_of(cohort, frame), numbers, minlength=len(cohort.courses))
    many = count(cohort, frame)
    return np.where(many > 0, total / np.maximum(many, 1.0), numbers.mean() if len(frame) else 0.0)


def of_inputs(cohort: Cohort, names: tuple[str, ...] | list[str]) -> Bools:
    """Return which results are of these inputs."""
    return cohort.measurements["input"].isin(names).to_numpy()


def replanted(cohort: Cohort, *, declared: dict[str, Any] | None = None, **tables: Any) -> Cohort:
    """Return a copy with other tables, exported anew: by course, in time, rows numbered.

    Parameters
    ----------
    declared : dict, optional
        Fields of the manifest that change.
    """
    made = replace(cohort, **tables)
    for name in ("measurements", "treatments", "late_events", "grades"):
        frame = made.table(name)
        course = course_of(made, frame)
        when = frame["start_day" if name == "treatments" else "day"].to_numpy()
        order = np.lexsort((when, course))
        setattr(made, name, frame.iloc[order].reset_index(drop=True))
    made.courses = made.courses.reset_index(drop=True)
    rows = np.arange(1.0, len(made.measurements) + 1)
    made.measurements = made.measurements.assign(source_row=rows)
    counts = {name: len(made.table(name)) for name in cohort.manifest.counts}
    made.manifest = replace(cohort.manifest, counts=counts, **(declared or {}))
    return made
