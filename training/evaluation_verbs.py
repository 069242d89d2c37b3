"""Verbs of the command line by which models and plans are judged.

What a verb needs is imported inside of it: `--help` must not wait for MLflow.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from features.errors import LimitsNotMet, VigiCellError
from training.work_folder import WorkFolder

if TYPE_CHECKING:
    from training.evaluating import Found
    from training.tracking_store import TrackingStore


def evaluate(said: Namespace, folder: WorkFolder) -> None:
    """Judge a model on other patients, or the silence of a service by its limits."""
    from training.evaluating import Written, evaluate_on, recalibrate_on
    from training.progress_bars import progress_bars
    from training.recorded_fit import RISK_MODEL
    from training.summary import evaluation_lines, recalibration_lines
    from training.tracking_store import open_store

    def store() -> TrackingStore:
        return open_store(folder)

    if said.answers or said.limits or said.draft_limits:
        _silence(said, store)
        return
    if said.model is None:
        raise VigiCellError("evaluate needs --model MODEL, or --answers EXPORT with --limits FILE.")
    if not said.recalibrate:
        written = Written(said.json, said.html, said.share)
        found = evaluate_on(said.model, said.cohort, store, written)
        print("\n".join(evaluation_lines(found.table)))
        _record(found, said, store)
        return
    with progress_bars() as progress:
        found = recalibrate_on(
            said.model, said.cohort, store, said.json, said.out, progress, said.workers
        )
    print("\n".join(recalibration_lines(found.table)))
    if said.out is not None:
        print(f"Written: {said.out / RISK_MODEL}, a directory that evaluate, predict, card take.")
    _record(found, said, store)


def _record(found: Found, said: Namespace, store: Callable[[], TrackingStore]) -> None:
    """Record what was found in MLflow, last of all: a store that is away takes nothing with it."""
    recorded = None if said.no_tracking else found.record(store)
    if recorded is None:
        return
    print(f"Recorded: run {recorded.run_id}, beside the fits of its plan; `ui` shows it.")
    version = recorded.version
    if version is not None:
        print(
            f"Registered: {version.name}, challenger. Next: python -m training promote "
            f"{version.question} --who ... --why ..."
        )


def _silence(said: Namespace, store: Callable[[], TrackingStore]) -> None:
    from training.evaluating import evaluate_silence
    from training.silent.limits import draft_limits
    from training.silent.words import sentence, silence_lines

    if said.draft_limits:
        draft_limits(said.draft_limits, datetime.now(UTC).date())
        print(f"Correct and sign it before the first answer is given: {said.draft_limits}")
        return
    if not (said.answers and said.limits) or said.cohort or said.recalibrate:
        raise VigiCellError("Silent answers: give --answers EXPORT and --limits FILE, no --cohort.")
    table = evaluate_silence(said.answers, said.limits, said.model, store, said.json)
    print("\n".join(silence_lines(table)))
    if table["verdict"] != "met":
        raise LimitsNotMet(sentence(table))
    print(sentence(table))


def transport(said: Namespace, folder: WorkFolder) -> None:
    """Judge a plan on each group by what the other groups teach."""
    from training.asking import plan_asked_for
    from training.evaluating import transport_of
    from training.progress_bars import progress_bars
    from training.summary import transport_lines
    from training.tracking_store import open_store

    plan = plan_asked_for(said.plan, said.question)
    with progress_bars() as progress:
        found = transport_of(plan, said.cohort, said.by, said.json, progress, said.workers)
    print("\n".join(transport_lines(found.table)))
    _record(found, said, lambda: open_store(folder))
