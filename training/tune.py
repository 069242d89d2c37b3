"""Search tree parameters by log loss over all inner folds.

The untuned default is the first trial. No trial is cut short on a single fold, because with few
events one fold says next to nothing. The linear margin alone is always among the candidates. What
lies within one standard error of the best loss is as good as the best (Breiman 1984): there the
default stands, which was named before anything was measured, or else the simplest candidate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import optuna
from optuna.storages import InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from models.growing import boost_path
from training.fitting import InnerFold, Recipe, Settings
from training.plan import Plan
from training.plan_sections import FEW_EVENT_PATIENTS, FEW_TRIALS, SearchRange
from training.progress import Progress, unwatched

STUDY = "tuning"
Origin = Literal["linear margin alone", "default", "trial"]


@dataclass(frozen=True)
class Candidate:
    """One setting that was tried.

    Parameters
    ----------
    settings : tree parameters; rounds is the median of the inner folds' best.
    loss : log loss over all inner folds at these rounds.
    fold_losses : the same by inner fold.
    """

    settings: Settings
    loss: float
    fold_losses: tuple[float, ...]
    origin: Origin

    @property
    def complexity(self) -> tuple[float, ...]:
        """Leaves in all, then weaker regularisation: what one-standard-error prefers less of."""
        params, rounds = self.settings.params, self.settings.rounds
        leaves = rounds * 2 ** int(params.get("max_depth", 6)) if rounds else 0
        return (
            float(leaves),
            -float(params.get("reg_lambda", 1.0)),
            -float(params.get("min_child_weight", 1.0)),
            self.loss,
        )


@dataclass(frozen=True)
class Tuned:
    """The outcome of a search."""

    chosen: Candidate
    best: Candidate
    candidates: tuple[Candidate, ...]
    notes: tuple[str, ...] = ()

    @property
    def default(self) -> Candidate | None:
        """The untuned default, if trees were tried at all."""
        return next((c for c in self.candidates if c.origin == "default"), None)


def allowed_trials(plan: Plan, event_patients: int) -> tuple[int, tuple[str, ...]]:
    """Return how many trials may be run, and a note where that is fewer than the plan's."""
    if event_patients < FEW_EVENT_PATIENTS and plan.tuning.trials > FEW_TRIALS:
        note = (
            f"{FEW_TRIALS} trials instead of {plan.tuning.trials}: {event_patients} patients have "
            f"the event, and below {FEW_EVENT_PATIENTS} a longer search fits the folds."
        )
        return FEW_TRIALS, (note,)
    return plan.tuning.trials, ()


def tune(
    inner: Sequence[InnerFold],
    recipe: Recipe,
    plan: Plan,
    trials: int,
    seed: int,
    journal: Path | None = None,
    progress: Progress = unwatched,
) -> Tuned:
    """Search the plan's space on inner folds.

    Parameters
    ----------
    inner : the inner folds of the training part; nothing else is looked at.
    recipe, plan : what is fitted and where to search.
    trials : how many settings to try, the default first.
    seed : decides the search.
    journal : file in which the study goes on after it was killed; None keeps it in memory.
    progress : told after every trial.
    """
    weights = np.array([fold.held_out.weight.sum() for fold in inner])
    alone = _margin_alone(inner, weights)
    if plan.trees.max_rounds == 0:
        return Tuned(alone, alone, (alone,))

    def measure(params: Mapping[str, Any]) -> Candidate:
        return _measured(inner, weights, recipe, plan, params)

    tried, note = _searched(measure, plan, trials, seed, journal, progress)
    candidates = (alone, *tried)
    best = min(candidates, key=lambda c: c.loss)
    chosen = best
    if plan.tuning.one_standard_error:
        chosen = _within_one_error(candidates, best, weights, plan.folds.inner_repeats)
    return Tuned(chosen, best, candidates, note)


def _margin_alone(inner: Sequence[InnerFold], weights: np.ndarray) -> Candidate:
    losses = [_path(fold, None, {}, 0, 1).log_loss[0] for fold in inner]
    return _candidate(Settings(), losses, weights, "linear margin alone")


def _measured(
    inner: Sequence[InnerFold],
    weights: np.ndarray,
    recipe: Recipe,
    plan: Plan,
    params: Mapping[str, Any],
) -> Candidate:
    paths = [
        _path(fold, recipe, params, plan.trees.max_rounds, plan.trees.stop_after).log_loss
        for fold in inner
    ]
    rounds = int(np.median([int(np.argmin(path)) for path in paths]))
    # a fold that stopped before the median is held at its last loss, not at its best
    losses = [float(path[min(rounds, len(path) - 1)]) for path in paths]
    origin: Origin = "default" if params == dict(plan.trees.defaults) else "trial"
    return _candidate(Settings(dict(params), rounds), losses, weights, origin)


def _path(
    fold: InnerFold, recipe: Recipe | None, params: Mapping[str, Any], rounds: int, stop_after: int
) -> Any:
    return boost_path(
        fold.train_bins,
        (fold.train.y, fold.train.weight, fold.train_margin),
        fold.held_out_bins,
        (fold.held_out.y, fold.held_out.weight, fold.held_out_margin),
        params,
        rounds,
        stop_after=stop_after,
        monotone=recipe.monotone if recipe else None,
        seed=recipe.seed if recipe else 0,
    )


def _candidate(
    settings: Settings, losses: Sequence[float], weights: np.ndarray, origin: Origin
) -> Candidate:
    loss = float(np.average(losses, weights=weights))
    return Candidate(settings, loss, tuple(float(one) for one in losses), origin)


def _within_one_error(
    candidates: Sequence[Candidate], best: Candidate, weights: np.ndarray, repeats: int = 1
) -> Candidate:
    """Return what was written down beforehand, unless the folds clearly say otherwise.

    The untuned default stands where it beats the linear margin alone and no candidate beats it by
    more than one standard error; otherwise the simplest candidate within one of the best is taken.
    """
    bar = best.loss + _standard_error(best, weights / weights.sum(), repeats)
    close = [c for c in candidates if c.loss <= bar]
    alone = next((c.loss for c in candidates if c.origin == "linear margin alone"), np.inf)
    stated = [c for c in close if c.origin == "default" and c.loss < alone]
    return stated[0] if stated else min(close, key=lambda c: c.complexity)


def _standard_error(best: Candidate, share: np.ndarray, repeats: int) -> float:
    """Return the standard error of the best loss, from its spread over inner folds.

    Drawing the folds again adds no patients: only the folds of one draw count.
    """
    losses = np.array(best.fold_losses)
    center = float(share @ losses)
    return float(np.sqrt(share @ (losses - center) ** 2 / max(len(losses) / repeats - 1, 1)))


Measure = Callable[[Mapping[str, Any]], Candidate]


def _searched(
    measure: Measure,
    plan: Plan,
    trials: int,
    seed: int,
    journal: Path | None,
    progress: Progress,
) -> tuple[list[Candidate], tuple[str, ...]]:
    """Run the study to `trials` finished trials, from wherever an earlier one stopped."""
    defaults = dict(plan.trees.defaults)
    if trials == 0 or not plan.trees.search:
        return [measure(defaults)], ()
    study = _opened(journal)
    _close_what_was_killed(study)
    stop_at = time.monotonic() + (plan.tuning.timeout_seconds or float("inf"))
    while (done := len(_finished(study))) < trials:
        if done and time.monotonic() > stop_at:
            note = f"the search stopped at its time limit after {done} of {trials} trials."
            return _candidates(study, plan), (note,)
        _one_trial(study, measure, plan, seed, done)
        progress("tune", done + 1, trials)
    return _candidates(study, plan)[:trials], ()


def _opened(journal: Path | None) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if journal is not None:
        journal.parent.mkdir(parents=True, exist_ok=True)
    storage = (
        InMemoryStorage() if journal is None else JournalStorage(JournalFileBackend(str(journal)))
    )
    return optuna.create_study(storage=storage, study_name=STUDY, load_if_exists=True)


def _close_what_was_killed(study: optuna.Study) -> None:
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _finished(study: optuna.Study) -> list[optuna.trial.FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _one_trial(study: optuna.Study, measure: Measure, plan: Plan, seed: int, done: int) -> None:
    if done == 0 and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.enqueue_trial({key: plan.trees.defaults[key] for key in plan.trees.search})
    # a sampler of its own for every trial: a study that was killed goes on as if it had not been
    study.sampler = optuna.samplers.TPESampler(
        seed=int(np.random.SeedSequence([seed, done]).generate_state(1)[0]), n_startup_trials=5
    )
    trial = study.ask()
    suggested = {key: _suggested(trial, key, where) for key, where in plan.trees.search.items()}
    candidate = measure({**plan.trees.defaults, **suggested})
    trial.set_user_attr("rounds", candidate.settings.rounds)
    trial.set_user_attr("fold_losses", list(candidate.fold_losses))
    study.tell(trial, candidate.loss)


def _suggested(trial: optuna.Trial, key: str, where: SearchRange) -> Any:
    if where.choices:
        return trial.suggest_categorical(key, list(where.choices))
    low, high = where.low, where.high
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(key, low, high, log=where.log)
    return trial.suggest_float(key, float(low or 0.0), float(high or 0.0), log=where.log)


def _candidates(study: optuna.Study, plan: Plan) -> list[Candidate]:
    """Read every finished trial back, the default first."""
    found = []
    for number, trial in enumerate(_finished(study)):
        params = {**plan.trees.defaults, **trial.params}
        found.append(
            Candidate(
                Settings(params, int(trial.user_attrs["rounds"])),
                float(trial.value or 0.0),
                tuple(trial.user_attrs["fold_losses"]),
                "trial" if number else "default",
            )
        )
    return found
