"""Clean cohorts for measuring the leakage audit: synthetic, of any size, with a known event share.

A pool is synthesized once; cohorts are drawn from it by patient. A clean cohort is what an honest
hospital would export: ids and order are random, every result is written with the usual decimals in
the canonical unit, sites and products differ as they do in the pool, and sick patients are tested
more often. Nothing else tells the outcome.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.inputs import INPUTS
from features.questions import QUESTIONS, Question, labels
from features.sources.synthetic import synthesize
from features.tables import TABLES, Cohort, Manifest, cohort_of

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

SUPPORTED = ("severe-crs-72h", "severe-icans-72h", "grade-2-crs-72h", "severe-crs-30d")
ROW_TABLES = ("measurements", "treatments", "late_events", "grades")
DECIMALS: Mapping[str, int] = {
    "wbc_10e9_l": 2, "anc_10e9_l": 2, "alc_10e9_l": 2, "creatinine_mg_dl": 2,
    "procalcitonin_ng_ml": 2, "haemoglobin_g_dl": 1, "crp_mg_l": 1, "il6_pg_ml": 1,
    "temperature_c": 1,
}  # fmt: skip
"""With how many decimals a laboratory writes a result; none where not named."""

_PART = 2500
_MANIFEST = Manifest(
    name="clean",
    origin="synthetic",
    synthetic=True,
    notes=["Generated. No patient is behind any row."],
)
_WORDS = {
    "measurements": ("input", "comparator", "text"),
    "treatments": ("agent", "dose_unit", "route", "intent"),
    "late_events": ("term",),
    "grades": ("toxicity", "system", "contact"),
}


@dataclass(frozen=True)
class Pool:
    """Many synthetic courses, ready to be drawn from.

    Attributes
    ----------
    courses : DataFrame
        As in a cohort; the ids are those of the generator, made unique.
    rows : mapping
        The other four tables without ``course_id``, grouped by course in the order of `courses`,
        words as categories.
    starts : mapping
        For each of them where the rows of every course start, shape (n_courses + 1,).
    patient : ndarray of shape (n_courses,)
        Number of the patient of each course.
    """

    courses: pd.DataFrame
    rows: Mapping[str, pd.DataFrame]
    starts: Mapping[str, Ints]
    patient: Ints
    _outcomes: dict[str, tuple[Ints, Ints]] = field(default_factory=dict, repr=False)

    def patients(self, asked: Question) -> tuple[Ints, Ints]:
        """Return the patients with an event row of `asked`, and those with known rows and none."""
        if asked.name not in self._outcomes:
            everything = self.take(np.arange(len(self.courses)), tables=("grades",))
            rows = labels(everything, asked)
            number = pd.Index(self.courses["course_id"]).get_indexer(pd.Index(rows["course_id"]))
            by_patient = rows["outcome"].groupby(self.patient[number]).max().dropna()
            found = by_patient.index.to_numpy(dtype=np.int64)
            event = by_patient.to_numpy() == 1.0
            self._outcomes[asked.name] = (found[event], found[~event])
        return self._outcomes[asked.name]

    def take(self, course: Ints, tables: tuple[str, ...] = ROW_TABLES) -> Cohort:
        """Return the courses numbered `course`, in this order, under the ids of the pool."""
        courses = self.courses.iloc[course].reset_index(drop=True)
        ids = courses["course_id"]
        made = {}
        for name in tables:
            first, after = self.starts[name][course], self.starts[name][course + 1]
            many = after - first
            owner = np.repeat(np.arange(len(course)), many)
            place = np.arange(len(owner)) + np.repeat(first - np.cumsum(many) + many, many)
            drawn = self.rows[name].take(place).reset_index(drop=True)
            words = {word: drawn[word].astype("str") for word in _WORDS[name]}
            owners = ids.take(owner).reset_index(drop=True)
            made[name] = drawn.assign(course_id=owners, **words)
        return cohort_of(replace(_MANIFEST, notes=list(_MANIFEST.notes)), courses, **made)


def pool(n_courses: int = 20000, seed: int = 0) -> Pool:
    """Synthesize a pool of all products and sites, part by part, so that memory stays small."""
    parts = []
    for number, start in enumerate(range(0, n_courses, _PART)):
        size = min(_PART, n_courses - start)
        asked = [QUESTIONS["severe-crs-30d"]]  # the truth of one question, the fewest possible
        made = synthesize(size, seed * 1000 + number, questions=asked).cohort
        parts.append(_compact(made, f"{number}-"))
    courses = pd.concat([courses for courses, _, _ in parts], ignore_index=True)
    rows, starts = {}, {}
    for name in ROW_TABLES:
        rows[name] = pd.concat([tables[name] for _, tables, _ in parts], ignore_index=True)
        many = np.concatenate([counts[name] for _, _, counts in parts])
        starts[name] = np.concatenate(([0], np.cumsum(many)))
        words = {word: rows[name][word].astype("category") for word in _WORDS[name]}
        rows[name] = rows[name].assign(**words)
    return Pool(courses, rows, starts, pd.factorize(courses["patient_id"])[0])


def _compact(
    made: Cohort, prefix: str
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], dict[str, Ints]]:
    """Return courses with unique ids, the other tables in time order by course, and row counts."""
    index = pd.Index(made.courses["course_id"])
    tables, counts = {}, {}
    for name in ROW_TABLES:
        frame = made.table(name)
        course = index.get_indexer(pd.Index(frame["course_id"]))
        when = frame["start_day" if name == "treatments" else "day"].to_numpy()
        order = np.lexsort((when, course))
        kept = frame.iloc[order].drop(columns="course_id")
        tables[name] = kept.astype(dict.fromkeys(_WORDS[name], "category")).dropna(
            axis=1, how="all"
        )
        counts[name] = np.bincount(course, minlength=len(index))
    ids = {name: prefix + made.courses[name] for name in ("course_id", "patient_id")}
    return made.courses.assign(**ids), tables, counts


def clean_cohort(
    drawn_from: Pool,
    asked: Question,
    n_patients: int,
    event_share: float,
    rng: np.random.Generator,
) -> Cohort:
    """Draw patients with all their courses, ``round(event_share * n_patients)`` with events.

    An event patient has at least one event row of `asked` by :func:`features.questions.labels`; the
    others have at least one known row and none with an event.

    Raises
    ------
    ValueError
        The pool holds too few patients of a kind.
    """
    n_events = round(event_share * n_patients)
    chosen = []
    wanted = (n_events, n_patients - n_events)
    for words, some, many in zip(
        ("with", "without"), drawn_from.patients(asked), wanted, strict=True
    ):
        if many > len(some):
            raise ValueError(
                f"{many} patients {words} an event of {asked.name} were asked for, the pool has "
                f"{len(some)}. Make a larger pool or ask for fewer."
            )
        chosen.append(rng.choice(some, many, replace=False))
    course = np.flatnonzero(np.isin(drawn_from.patient, np.concatenate(chosen)))
    cohort = _renamed(drawn_from.take(rng.permutation(course)), rng)
    results = cohort.measurements
    cohort.measurements = results.assign(
        source_value=written(results),
        source_unit=results["unit"],
        source_row=np.arange(1.0, len(results) + 1),
    )
    return cohort


def _renamed(cohort: Cohort, rng: np.random.Generator) -> Cohort:
    """Give courses and patients random ids."""
    fresh = {}
    for name, letter in (("course_id", "c"), ("patient_id", "p")):
        old = cohort.courses[name].unique()
        numbers = rng.choice(10**7, len(old), replace=False)
        fresh[name] = dict(zip(old, (f"{letter}{number:07d}" for number in numbers), strict=True))
    for name in TABLES:
        frame = cohort.table(name)
        ids = {key: frame[key].map(fresh[key]).astype("str") for key in fresh if key in frame}
        setattr(cohort, name, frame.assign(**ids))
    return cohort


def decimals_of(inputs: pd.Series) -> Ints:
    """Return the usual number of decimals of each input named in a column."""
    codes, names = pd.factorize(inputs)
    return np.array([DECIMALS.get(name, 0) for name in names], dtype=np.int64)[codes]


def written(
    results: pd.DataFrame,
    decimals: Ints | None = None,
    values: npt.NDArray[np.float64] | None = None,
) -> pd.Series:
    """Return how a laboratory writes each of `results`: comparator and number, or the word.

    Parameters
    ----------
    decimals : ndarray of int, optional
        The usual ones of each input by default.
    values : ndarray of float, optional
        In place of the column ``value``.
    """
    many = decimals_of(results["input"]) if decimals is None else decimals
    numbers = results["value"].to_numpy() if values is None else values
    text = np.full(len(results), None, dtype=object)
    for places in np.unique(many):
        mine = (many == places) & ~np.isnan(numbers)
        codes, distinct = pd.factorize(numbers[mine])
        words = np.array([f"{number:.{places}f}" for number in distinct], dtype=object)
        text[mine] = words[codes] if len(words) else None
    sign = results["comparator"].to_numpy(dtype=object)
    signed = results["comparator"].notna().to_numpy()
    text[signed] = sign[signed] + text[signed]
    worded = np.isnan(numbers)
    text[worded] = results["text"].to_numpy(dtype=object)[worded]
    return pd.Series(text, index=results.index).astype("str")


def rounded(results: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the values of `results` at their usual decimals, within the hard range."""
    power = 10.0 ** decimals_of(results["input"])
    codes, names = pd.factorize(results["input"])
    low, high = np.array([INPUTS[name].hard for name in names]).reshape(-1, 2).T
    values = np.clip(results["value"].to_numpy(), low[codes], high[codes])
    return np.round(values * power) / power
