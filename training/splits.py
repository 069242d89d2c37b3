"""Folds by patient: the same patient is never on both sides of a split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import NotAssessable

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fold:
    """One split: row positions to learn from and row positions held out."""

    repeat: int
    number: int
    train: IntArray
    test: IntArray

    @property
    def name(self) -> str:
        """Return a short name, such as r0f3."""
        return f"r{self.repeat}f{self.number}"


@dataclass(frozen=True)
class Folds:
    """All splits of a cohort, and what had to be changed to make them."""

    folds: tuple[Fold, ...]
    count: int
    repeats: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatientOutcomes:
    """Rows grouped by patient: `codes` (n,) into `ever` (patients,), True where one row is 1."""

    codes: IntArray
    ever: npt.NDArray[np.bool_]

    @property
    def events(self) -> int:
        """Count patients with at least one event row."""
        return int(self.ever.sum())

    @property
    def event_free(self) -> int:
        """Count patients without an event row."""
        return int((~self.ever).sum())


def patient_outcomes(patients: npt.ArrayLike, outcome: npt.ArrayLike) -> PatientOutcomes:
    """Group rows by patient, in order of the patient's id so that row order cannot matter."""
    codes, names = pd.factorize(np.asarray(patients, dtype=object), sort=True)
    ever = np.zeros(len(names), dtype=np.bool_)
    ever[codes[np.asarray(outcome, dtype=np.float64) == 1.0]] = True
    return PatientOutcomes(codes.astype(np.int64), ever)


def possible_folds(outcomes: PatientOutcomes, asked: int) -> int:
    """Return how many folds can each hold an event patient and an event-free one.

    Raises
    ------
    NotAssessable
        With fewer than two patients of either class nothing can be held out and still learnt.
    """
    fewest = min(outcomes.events, outcomes.event_free)
    if fewest < 2:
        raise NotAssessable(
            f"{outcomes.events} patients with the event and {outcomes.event_free} without: "
            "a model can be made and judged from two of each at the least. "
            "Ask a question with a lower grade or a longer horizon, or bring more patients."
        )
    return min(asked, fewest)


def _deal(outcomes: PatientOutcomes, count: int, rng: np.random.Generator) -> IntArray:
    """Deal shuffled event patients, then shuffled others, like cards into `count` folds."""
    order = np.concatenate(
        [
            rng.permutation(np.flatnonzero(outcomes.ever)),
            rng.permutation(np.flatnonzero(~outcomes.ever)),
        ]
    )
    fold_of_patient = np.empty(len(order), dtype=np.int64)
    fold_of_patient[order] = np.arange(len(order)) % count
    return fold_of_patient


def patient_folds(
    patients: npt.ArrayLike,
    outcome: npt.ArrayLike,
    count: int,
    repeats: int = 1,
    seed: int = 0,
) -> Folds:
    """Split rows into folds by patient, stratified by whether the patient ever has the event.

    Rows of a bootstrap keep the id of the patient they came from, so that copies of one patient
    stay together.

    Parameters
    ----------
    patients : (n,) patient of each row.
    outcome : (n,) 0 or 1 of each row.
    count : folds asked for; reduced, with a note, where there are fewer patients of a class.
    repeats : how many times the patients are dealt anew.
    seed : the same seed deals the same folds, whatever the order of the rows.

    Raises
    ------
    NotAssessable
        With fewer than two patients of either class.
    """
    outcomes = patient_outcomes(patients, outcome)
    possible = possible_folds(outcomes, count)
    notes = () if possible == count else (_fewer_folds(possible, count, outcomes),)
    splits: list[Fold] = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        fold_of_row = _deal(outcomes, possible, rng)[outcomes.codes]
        for number in range(possible):
            held_out = fold_of_row == number
            splits.append(Fold(repeat, number, np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return Folds(tuple(splits), possible, repeats, notes)


def thinned(
    patients: npt.ArrayLike, outcome: npt.ArrayLike, most_rows: int, seed: int = 0
) -> tuple[IntArray, FloatArray]:
    """Choose every event patient and a random share of the others.

    Returns
    -------
    at : (k,) positions of the chosen rows; all of them where there are `most_rows` at most.
    factor : (k,) what each stands for: 1 for event patients, one over the share for the others,
        so that sums over the chosen rows estimate sums over all.
    """
    outcomes = patient_outcomes(patients, outcome)
    n_rows, everyone = len(outcomes.codes), np.arange(len(outcomes.codes))
    of_event = outcomes.ever[outcomes.codes]
    wanted = max(most_rows - int(of_event.sum()), most_rows // 2)
    others = int((~of_event).sum())
    if n_rows <= most_rows or others <= wanted:
        return everyone, np.ones(n_rows)
    free = np.flatnonzero(~outcomes.ever)
    n_kept = max(2, round(len(free) * wanted / others))
    kept = outcomes.ever.copy()
    kept[np.random.default_rng(seed).choice(free, n_kept, replace=False)] = True
    at = np.flatnonzero(kept[outcomes.codes])
    return at, np.where(of_event[at], 1.0, len(free) / n_kept)


def _fewer_folds(possible: int, asked: int, outcomes: PatientOutcomes) -> str:
    return (
        f"{possible} folds instead of {asked}: {outcomes.events} patients have the event "
        f"and {outcomes.event_free} do not."
    )
