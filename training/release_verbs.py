"""Verbs of the command line by which models are let through, released and held together.

What a verb needs is imported inside of it: `--help` must not wait for MLflow.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from features.errors import PromotionRefused, QuestionError, ReleaseError
from training.synthetic_mark import mark
from training.work_folder import WorkFolder

if TYPE_CHECKING:
    from training.export import Exported
    from training.tracking_store import TrackingStore


def compare(said: Namespace, folder: WorkFolder) -> None:
    """Hold runs against the first of them, and write page and JSON where asked for."""
    import json

    from training import compare as comparing
    from training.compare_page import comparison_lines, comparison_page
    from training.progress_bars import progress_bars
    from training.tracking_store import open_store
    from training.whole_file import whole_file

    with progress_bars() as progress:
        table = comparing.compare(
            said.models,
            lambda: open_store(folder),
            refit=said.refit,
            cohort=said.cohort,
            progress=progress,
        )
    print("\n".join(comparison_lines(table)))
    for place, text in (
        (said.html, comparison_page(table)),
        (said.json, json.dumps(table, indent=1, ensure_ascii=False) + "\n"),
    ):
        if place:
            with whole_file(place) as fresh:
                fresh.write_text(text, encoding="utf-8")


def promote(said: Namespace, folder: WorkFolder) -> None:
    """Let challengers pass the gate, or bring the release before back."""
    from training import promote as promoting
    from training import registry
    from training.contest import Patients
    from training.progress_bars import progress_bars
    from training.tracking_store import open_store

    store = open_store(folder)
    if said.back:
        _promote_back(said, folder, store)
        return
    if not said.question:
        raise QuestionError("Name a question, or `all`: python -m training promote QUESTION ...")
    patients = Patients(said.cohort, said.unseen)
    asked = registry.with_challenger(store) if said.question == ["all"] else said.question
    if not asked:
        raise PromotionRefused("No question has a challenger. Fit a plan first.")
    for question in asked:
        with progress_bars() as progress:
            outcome = promoting.promote(
                store, folder, question, said.who, said.why, said.override, patients, progress,
                registry.SIMPLER if said.simpler else registry.CHALLENGER,
            )  # fmt: skip
        for note in outcome.notes:
            print(f"note: {note}")
        outcome.raise_if_refused()
        overridden = f" (overridden: {', '.join(outcome.overridden)})" if outcome.overridden else ""
        print(f"{outcome.challenger.name} is the champion now{overridden}.")


def _promote_back(said: Namespace, folder: WorkFolder, store: TrackingStore) -> None:
    from training.restore import bring_back

    if said.question or said.override or said.cohort or said.unseen or said.simpler:
        raise ReleaseError(
            "--back brings a whole release back, past the gate: it takes --who and --why alone."
        )
    done = bring_back(store, folder, said.who, said.why)
    for question, digest in sorted(done.record.model_digests.items()):
        print(f"{mark(done.record.synthetic)}{question} {digest[:16]} is the champion again.")
    _print_release(done)


def history(said: Namespace, folder: WorkFolder) -> None:
    """Print who let which model answer, or which could answer at a time."""
    from training import history as past

    if said.on:
        print("\n".join(past.answering_lines(said.on, past.could_answer(folder, said.on))))
    else:
        print("\n".join(past.history_lines(past.history(folder))))


def export(said: Namespace, folder: WorkFolder) -> None:
    """Build the release of the champions."""
    from training.export import export_champions, export_to
    from training.tracking_store import open_store

    only = tuple(said.only)
    if said.to:
        done = export_to(open_store(folder), said.to, said.who, said.why, only)
    else:
        done = export_champions(open_store(folder), folder, said.who, said.why, only)
    _print_release(done)


def _print_release(done: Exported) -> None:
    record = done.record
    named = ", ".join(sorted(record.model_digests))
    print(f"{mark(record.synthetic)}release {record.digest[:16]}: {named}")
    print(f"Directory: {record.directory}")
    if done.tag:
        print(f"In the BentoML store: {done.tag}. Next: python -m serving serve")
