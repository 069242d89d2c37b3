"""The command line of training: it parses and prints; every verb is done elsewhere.

Exit codes: 0 done, 2 something a person can mend (with the message), 3 the audit refuses, 4 the
gate refuses or the limits of a silent model are not met (yet), 130 stopped by hand.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from features.errors import VigiCellError
from features.telemetry import switch_off_telemetry
from training import evaluation_verbs, release_verbs
from training.arguments import parser
from training.work_folder import WorkFolder

if TYPE_CHECKING:
    pass

STOPPED_BY_HAND = 130
NOBODY_READS = 141  # what a shell says of a program whose reader, such as `head`, went away

# What a verb needs is imported inside of it: `--help` and `check` must not wait for MLflow.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    parsed = parser().parse_args(arguments)
    switch_off_telemetry()
    try:
        VERBS[parsed.verb](parsed, WorkFolder.from_environment(os.environ))
        sys.stdout.flush()
    except VigiCellError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the exit flushes again
        return NOBODY_READS
    except OSError as error:
        print(_disk_or_network(error), file=sys.stderr)
        return VigiCellError.exit_code
    except KeyboardInterrupt:
        print("Stopped. Finished trials are kept: the same command goes on.", file=sys.stderr)
        return STOPPED_BY_HAND
    return 0


def _disk_or_network(error: OSError) -> str:
    """Say what the system refused; what a verb writes whole or not at all says it better itself."""
    what = os.strerror(error.errno) if error.errno else str(error)
    where = f"{error.filename}: " if error.filename else ""
    return (
        f"{type(error).__name__}: {where}{what}. Check that the place exists and can be written "
        "and that the disk has room; then give the same command again."
    )


def _import(said: Namespace, _: WorkFolder) -> None:
    from features.cohort_files import REJECTED, UNMAPPED
    from training.cohort import import_cohort
    from training.progress_bars import progress_bars

    options = dict(_option(text) for text in said.option)
    with progress_bars() as progress:
        found = import_cohort(
            said.source, said.path, said.destination,
            fmt=said.format, progress=progress, **options,
        )  # fmt: skip
    print("\n".join(found.lines()))
    if len(found.rejected):
        print(f"Rows left out, by table, row and rule: {said.destination / REJECTED}")
    if found.unmapped is not None and len(found.unmapped):
        print(f"Codes nobody has mapped, to complete: {said.destination / UNMAPPED}")
    print(
        f"Written: {said.destination}. Next: python -m training audit {said.destination} "
        "(--question asks another)"
    )


def _option(text: str) -> tuple[str, str]:
    key, separator, entry = text.partition("=")
    if not separator:
        raise VigiCellError(f"--option {text}: write KEY=VALUE, for instance resolution=day.")
    return key, entry


def _map(said: Namespace, _: WorkFolder) -> None:
    from training.mapping import draft_mapping

    found = draft_mapping(said.paths, said.out)
    print("\n".join([f"Draft of a mapping: {said.out}", *found.lines()]))
    print(
        f"Correct it, then: python -m training import csv {found.source} DEST "
        f"--option mapping={said.out}"
    )


def _example(said: Namespace, _: WorkFolder) -> None:
    from training.cohort import write_csv_example, write_csv_template

    if said.template:
        print(f"Empty tables with their dictionary: {write_csv_template(said.destination)}")
    else:
        print(f"Made-up records: {write_csv_example(said.destination, said.courses)}")
    print(f"Next: python -m training import csv {said.destination} work/cohorts/mine")


def _products(said: Namespace, _: WorkFolder) -> None:
    from training.product_lines import catalogue_lines, product_lines

    print("\n".join(catalogue_lines() if said.name is None else product_lines(said.name)))


def _synthesize(said: Namespace, _: WorkFolder) -> None:
    from training.cohort import write_synthetic

    found = write_synthetic(said.destination, said.courses, said.seed, replace_it=said.replace)
    print("\n".join(found.lines()))


def _check(said: Namespace, _: WorkFolder) -> None:
    from features.cohort_files import REJECTED
    from training.cohort import check_directory

    found = check_directory(said.cohort, said.rejected)
    print("\n".join(found.lines()))
    if (said.cohort / REJECTED).is_file():
        print(f"Rows left out at import, by table, row and rule: {said.cohort / REJECTED}")
    if len(found.rejected):
        print("Rows that break a rule now:", *found.rejected_lines(), sep="\n")
        whole = said.rejected or "give --rejected FILE.csv to have it written"
        print(f"Whole list, by table, row and rule: {whole}")


def _grade(said: Namespace, _: WorkFolder) -> None:
    from training.grades import grade_to

    print("\n".join(grade_to(said.cohort, said.out, said.disagreements).lines()))


def _audit(said: Namespace, _: WorkFolder) -> None:
    from training.asking import audit_plan, plan_asked_for

    plan = plan_asked_for(said.plan, said.question)
    report = audit_plan(plan, said.cohort, said.html, said.json)
    print(f"Audit of {report.subject} for {report.question}: {report.verdict}")
    for finding in report.by_severity:
        print(f"  {finding.severity:<6} {finding.rule}: {finding.text}")
        if finding.columns:
            print(f"         columns: {', '.join(finding.columns)}")
        if finding.way_out:
            print(f"         way out: {finding.way_out}")
    report.raise_if_refused(listed=True)


def _share(said: Namespace, _: WorkFolder) -> None:
    from training.share import share

    done = share(said.cohort, said.destination, said.format, de_identify=said.de_identify)
    print("\n".join(done.lines()))


def _matrix(said: Namespace, _: WorkFolder) -> None:
    from training.asking import write_matrix

    rows, columns = write_matrix(said.cohort, said.question, said.out)
    print(f"{rows} rows at risk with a known outcome, {columns} predictors: {said.out}")


def _tune(said: Namespace, folder: WorkFolder) -> None:
    from training.asking import plan_asked_for, tune_plan
    from training.progress_bars import progress_bars

    plan = plan_asked_for(said.plan, said.question)
    with progress_bars() as progress:
        tuned = tune_plan(plan, said.cohort, folder, progress)
    for number, candidate in enumerate(tuned.candidates):
        mark = "  <- chosen" if candidate is tuned.chosen else ""
        print(f"{number:>3} {candidate.origin:<20} log loss {candidate.loss:.5f}{mark}")
    print(f"rounds {tuned.chosen.settings.rounds}, {dict(tuned.chosen.settings.params)}")


def _fit(said: Namespace, folder: WorkFolder) -> None:
    from training.asking import plan_asked_for
    from training.progress_bars import progress_bars
    from training.recorded_fit import cohort_of_plan, fit_and_record, truth_of_plan
    from training.summary import fit_lines
    from training.tracking_store import open_store

    plan = plan_asked_for(said.plan, said.question)
    if said.cohort:  # so that the plan on record names the patients it was fitted to
        plan = plan.changed(cohort=said.cohort, source="")
    cohort = cohort_of_plan(plan)
    store = None if said.no_tracking else open_store(folder)
    truth = truth_of_plan(plan)
    with progress_bars() as progress:
        done = fit_and_record(plan, cohort, folder, store, progress, truth, said.workers)
    print("\n".join(fit_lines(done)))


def _predict(said: Namespace, folder: WorkFolder) -> None:
    from training.asking import predict_to
    from training.tracking_store import open_store

    rows = predict_to(said.model, said.cohort, said.out, lambda: open_store(folder))
    print(f"{rows} landmarks answered: {said.out} (holds risks of patients: keep it like a cohort)")


def _card(said: Namespace, folder: WorkFolder) -> None:
    from features.errors import CardError
    from training.cards.pack import write_pack
    from training.cards.statements import draft_statements
    from training.tracking_store import open_store

    if said.draft_statements:
        asked = draft_statements(said.draft_statements)
        print(f"{asked} statements to fill, all empty: {said.draft_statements}")
    if said.model and said.out:
        pack = write_pack(
            said.model, said.out, lambda: open_store(folder), said.statements, said.elsewhere
        )
        print("\n".join(pack.lines()))
    elif said.model or said.out or not said.draft_statements:
        raise CardError("Give a run, QUESTION@ALIAS or model directory, and --out DIR.")


def _ui(said: Namespace, folder: WorkFolder) -> None:
    from training.tracking_store import open_store

    uri = open_store(folder).uri
    command = [
        sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri,
        "--host", "127.0.0.1", "--port", str(said.port),
    ]  # fmt: skip
    print(f"MLflow: http://127.0.0.1:{said.port}", flush=True)
    os.execv(command[0], command)  # noqa: S606 - our own fixed command


def _demo(said: Namespace, folder: WorkFolder) -> None:
    from training.demo import demo
    from training.progress_bars import progress_bars

    with progress_bars() as progress:
        demo(folder, lambda line: print(line, flush=True), progress, said.courses, said.trials)


VERBS: dict[str, Callable[[Namespace, WorkFolder], None]] = {
    "import": _import,
    "map": _map,
    "example": _example,
    "products": _products,
    "synthesize": _synthesize,
    "check": _check,
    "grade": _grade,
    "audit": _audit,
    "share": _share,
    "matrix": _matrix,
    "tune": _tune,
    "fit": _fit,
    "predict": _predict,
    "evaluate": evaluation_verbs.evaluate,
    "transport": evaluation_verbs.transport,
    "card": _card,
    "compare": release_verbs.compare,
    "promote": release_verbs.promote,
    "history": release_verbs.history,
    "export": release_verbs.export,
    "ui": _ui,
    "demo": _demo,
}


if __name__ == "__main__":
    raise SystemExit(main())
