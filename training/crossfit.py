"""Nested cross-fitting: every reported risk comes from a model that never saw the patient.

Within an outer fold, the search, the linear margin, the trees and the calibrator all learn from the
training part alone, by inner folds of their own. Only then are the held-out patients predicted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no stubs

from features.errors import NotAssessable
from models.calibration import Calibrator
from training.bootstrap import FloatArray
from training.comparators import compare
from training.fitting import (
    InnerFold,
    Recipe,
    Settings,
    calibrated_on,
    fit_at,
    for_search,
    inner_folds,
    out_of_fold_margin,
    probability,
    recipe_of,
)
from training.journal import mend_after_a_stop
from training.judging.rows import LINEAR, MODEL, UNTUNED
from training.plan import Plan
from training.progress import Progress, unwatched
from training.splits import Fold, Folds, IntArray, patient_folds
from training.stop_by_hand import deaf_children
from training.task import Rows, Task
from training.tune import Candidate, Tuned, allowed_trials, tune

FINAL = "final"


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One outer fold: what was chosen inside it, and risks of the rows it held out."""

    name: str
    repeat: int
    held_out: IntArray
    risks: dict[str, FloatArray]
    left_out: dict[str, str]
    tuned: Tuned
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CrossFit:
    """Out-of-fold risks, (repeats, n) for the model, its variants and every comparator.

    `left_out` says why a comparator is absent. `models_tried` counts every setting that was
    measured anywhere.
    """

    risks: dict[str, FloatArray]
    folds: tuple[FoldResult, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...]

    @property
    def models_tried(self) -> int:
        """Count the settings measured over all outer folds."""
        return sum(len(fold.tuned.candidates) for fold in self.folds)

    @property
    def comparators(self) -> tuple[str, ...]:
        """Names of the comparators that could be computed."""
        return tuple(name for name in self.risks if name not in (MODEL, UNTUNED, LINEAR))


@dataclass(frozen=True)
class Learnt:
    """What the inner folds of a training part yielded."""

    tuned: Tuned
    inner: tuple[InnerFold, ...]
    notes: tuple[str, ...] = ()


def learn(
    rows: Rows,
    recipe: Recipe,
    plan: Plan,
    event_patients: int,
    seed: int,
    journal: Path | None = None,
    progress: Progress = unwatched,
) -> Learnt:
    """Search settings on the inner folds of rows; too few events leave the linear margin alone."""
    trials, notes = allowed_trials(plan, event_patients)
    try:
        searched = for_search(rows, plan, seed)
        inner, fewer = inner_folds(searched, plan, recipe, seed)
    except NotAssessable:
        alone = Candidate(Settings(), float("nan"), (), "linear margin alone")
        note = "a training part has fewer than two event patients: the linear margin alone."
        return Learnt(Tuned(alone, alone, (alone,)), (), (*notes, note))
    if journal is not None:
        mend_after_a_stop(journal)
    tuned = tune(inner, recipe, plan, trials, seed, journal, progress)
    if searched is not rows and recipe.calibration != "none":
        inner, fewer = inner_folds(rows, plan, recipe, seed)
    return Learnt(tuned, inner, (*notes, *fewer, *tuned.notes))


def nested(
    task: Task,
    plan: Plan,
    progress: Progress = unwatched,
    study_dir: Path | None = None,
    workers: int = 1,
    folds: Folds | None = None,
) -> CrossFit:
    """Cross-fit a plan on a task.

    Parameters
    ----------
    task, plan : what is asked and how.
    progress : told after every outer fold.
    study_dir : folder in which killed searches go on; None keeps them in memory.
    workers : processes; the result is the same for any number.
    folds : the outer splits, where they are not the plan's; rows that none of them holds out have
        NaN for a risk.

    Raises
    ------
    NotAssessable
        With fewer than two patients with the event, or without it.
    """
    folds = folds or patient_folds(
        task.rows.patients, task.rows.y, plan.folds.outer, plan.folds.repeats, plan.seed
    )
    recipe = recipe_of(plan, task)
    work = _Work(task, plan, recipe, study_dir)
    results: list[FoldResult] = []
    with one_thread():
        for result in _run(work, folds.folds, workers):
            results.append(result)
            progress("cross-fit", len(results), len(folds.folds))
    return _gathered(task, folds, results)


@dataclass(frozen=True, eq=False)
class _Work:
    """What every outer fold needs; sent to a process once."""

    task: Task
    plan: Plan
    recipe: Recipe
    study_dir: Path | None

    def do(self, fold: Fold) -> FoldResult:
        """Learn from the training part of a fold and predict the rest."""
        train, held_out = self.task.learning(fold.train), self.task.rows.take(fold.test)
        seed = fold_seed(self.plan, fold)
        journal = self.study_dir / f"{fold.name}.journal" if self.study_dir else None
        learnt = learn(train, self.recipe, self.plan, self.task.event_patients, seed, journal)
        risks = self._own_risks(train, held_out, learnt)
        left_out = {}
        for name in self.plan.comparators:
            compared = compare(name, train, held_out, seed)
            if compared.risks is None:
                left_out[name] = compared.reason
            else:
                risks[name] = compared.risks
        return FoldResult(
            fold.name, fold.repeat, fold.test, risks, left_out, learnt.tuned, learnt.notes
        )

    def _own_risks(self, train: Rows, held_out: Rows, learnt: Learnt) -> dict[str, FloatArray]:
        tuned = learnt.tuned
        default = tuned.default.settings if tuned.default else Settings()
        asked = {MODEL: tuned.chosen.settings, UNTUNED: default, LINEAR: Settings()}
        done: dict[str, FloatArray] = {}
        for name, settings in asked.items():
            twin = next((other for other in done if asked[other] == settings), None)
            done[name] = (
                done[twin] if twin else self._predicted(train, held_out, learnt.inner, settings)
            )
        return done

    def _predicted(
        self, train: Rows, held_out: Rows, inner: tuple[InnerFold, ...], settings: Settings
    ) -> FloatArray:
        calibrator = Calibrator()
        if inner and self.recipe.calibration != "none":
            margin = out_of_fold_margin(inner, len(train), self.recipe, settings)
            calibrator = calibrated_on(margin, train, self.recipe)
        return probability(fit_at(train, self.recipe, settings, calibrator), held_out)


def fold_seed(plan: Plan, fold: Fold) -> int:
    """Derive the seed of one outer fold from the plan's."""
    state = np.random.SeedSequence([plan.seed, 1 + fold.repeat, fold.number]).generate_state(1)
    return int(state[0] % 2**31)


@contextmanager
def one_thread() -> Iterator[None]:
    """Pin numeric libraries to one thread: small matrices lose time, and bits, to more."""
    with threadpool_limits(limits=1):
        yield


_WORK: list[_Work] = []  # of a worker process, set once when it starts


def _start_worker(work: _Work) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_leave_with_the_parent, daemon=True).start()
    _WORK.append(work)


def _leave_with_the_parent() -> None:
    """End this worker when its parent is killed; otherwise it would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _in_worker(fold: Fold) -> FoldResult:
    with one_thread():
        return _WORK[0].do(fold)


def _run(work: _Work, folds: Sequence[Fold], workers: int) -> Iterator[FoldResult]:
    if workers <= 1:
        yield from map(work.do, folds)
        return
    context = get_context("spawn")  # a forked process can hang in the OpenMP runtime
    with ProcessPoolExecutor(workers, context, _start_worker, (work,)) as pool:
        try:
            with deaf_children():
                results = pool.map(_in_worker, folds)
            yield from results
        except BaseException:
            _end(pool)
            raise


def _end(pool: ProcessPoolExecutor) -> None:
    """End the workers at once; what they had searched is in the journals."""
    for process in list((pool._processes or {}).values()):
        process.terminate()
    pool.shutdown(wait=False, cancel_futures=True)


def _gathered(task: Task, folds: Folds, results: Sequence[FoldResult]) -> CrossFit:
    left_out: dict[str, str] = {}
    for result in results:
        left_out |= result.left_out
    names = [name for name in results[0].risks if name not in left_out]
    risks = {name: np.full((folds.repeats, len(task.rows)), np.nan) for name in names}
    for result in results:
        for name in names:
            risks[name][result.repeat, result.held_out] = result.risks[name]
    notes = dict.fromkeys((*folds.notes, *(note for result in results for note in result.notes)))
    return CrossFit(risks, tuple(results), left_out, tuple(notes))
