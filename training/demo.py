"""The whole chain on synthetic courses, in one folder of its own that a second demo replaces."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from features.cohort_files import read_cohort
from features.errors import ReleaseError
from features.questions import question
from features.sources.synthetic import synthesize_to
from features.tables import Cohort
from training.cohort import check_directory
from training.default_plans import default_plan
from training.export import export_champions
from training.figures_in_words import audit_words, counts, interval
from training.plan import EvaluationPlan, FoldPlan, IntervalPlan, Plan, TuningPlan
from training.progress import Progress, unwatched
from training.promote import promote
from training.recorded_fit import TRUTH, RecordedFit, fit_and_record
from training.synthetic_mark import mark
from training.tracking_store import TrackingStore, open_store
from training.work_folder import WorkFolder

Say = Callable[[str], None]

QUESTIONS = ("severe-crs-30d", "severe-icans-30d", "severe-crs-72h", "severe-icans-72h")
PATIENTS = Path(__file__).with_name("demo_patients.json")
SEED = 20
MARK = ".made-by-the-demo"
WHO = "the demonstration"
START_SECONDS = 90.0
STOP_SECONDS = 15.0
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Running:
    """A service that answers, and a token for it."""

    url: str
    token: str
    process: subprocess.Popen[bytes]


def demo(
    folder: WorkFolder,
    say: Say,
    progress: Progress = unwatched,
    courses: int = 1500,
    trials: int = 10,
) -> None:
    """Go from no data to three answers, and say each step.

    Everything is written to `folder.root`/demo, the model store included.

    Raises
    ------
    VigiCellError
        Where a step fails; what was written stays to be looked at.
    """
    started = time.monotonic()
    place = _fresh(folder.root / "demo")
    _own_stores(place.root)
    say(f"1/6  {courses} synthetic courses, whose true risks are known: {place.root / 'cohort'}")
    synthesize_to(place.root / "cohort", courses, SEED)
    say("\n".join(check_directory(place.root / "cohort").lines()))
    cohort = read_cohort(place.root / "cohort")
    truth = pd.read_parquet(place.root / "cohort" / TRUTH)
    store = open_store(place)
    say("\n2/6  Audit, tune, cross-fit, fit: four questions, every run in MLflow")
    for number, name in enumerate(QUESTIONS, start=1):
        progress("questions", number - 1, len(QUESTIONS))
        say(_fitted(_fit(demo_plan(name, trials), cohort, place, store, progress, truth)))
    progress("questions", len(QUESTIONS), len(QUESTIONS))
    say("\n3/6  Through the gate: which challengers become champions?")
    _promote_all(store, place, say)
    say("\n4/6  One release of the champions, in the BentoML store")
    done = export_champions(store, place, WHO, "a first release to try the service with")
    say(f"     {done.tag}: {', '.join(sorted(done.record.model_digests))}")
    say("\n5/6  The service, in demonstration mode, answers for three made-up patients")
    with _service(place.root) as running:
        say(f"     {running.url}/v1/risk\n")
        say(_answers(running))
    say("     The service is stopped.")
    say(_what_next(place.root, time.monotonic() - started))


def demo_plan(name: str, trials: int) -> Plan:
    """Return the default plan of a question, small enough for a demonstration."""
    return default_plan(
        question(name),
        tuning=TuningPlan(trials=trials),
        folds=FoldPlan(outer=3, inner=3, repeats=1),
        interval=IntervalPlan(refits=30),
        evaluation=EvaluationPlan(bootstrap=200, learning_curve=1),
        seed=SEED,
    )


def _fit(
    plan: Plan,
    cohort: Cohort,
    place: WorkFolder,
    store: TrackingStore,
    progress: Progress,
    truth: pd.DataFrame,
) -> RecordedFit:
    workers = min(2, os.cpu_count() or 1)
    named = replace(plan, cohort=str(place.root / "cohort"))

    def named_progress(step: str, done: int, total: int) -> None:
        progress(f"{plan.name}: {step}", done, total)

    return fit_and_record(named, cohort, place, store, named_progress, truth, workers)


def _fresh(root: Path) -> WorkFolder:
    """Empty the folder of an earlier demo; refuse a folder that holds anything else."""
    if root.exists() and any(root.iterdir()) and not (root / MARK).exists():
        raise ReleaseError(f"{root} holds something that no demo made. Move it away first.")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / MARK).touch()
    return WorkFolder(root)


def _own_stores(root: Path) -> None:
    """Keep the model store of whoever runs a demo, and their MLflow server, out of it."""
    os.environ["BENTOML_HOME"] = str(root / "bentoml")
    os.environ.pop("MLFLOW_TRACKING_URI", None)


def _fitted(done: RecordedFit) -> str:
    table = done.result.evaluation
    best = done.result.verdict.best_comparator
    against = f"; best comparator ({best.replace('_', ' ')}) " if best else ""
    if best:
        against += interval(table["comparators"][best], "auroc")
    ceiling = ""
    if "oracle" in table:
        ceiling = f"; true risk {interval(table['oracle'], 'auroc')}"
    return (
        f"     {mark(True)}{done.result.task.question.name}: {counts(table)}\n"
        f"       AUROC {interval(table['model'], 'auroc')}{against}{ceiling}\n"
        f"       audit {audit_words(done.result.audit)}; {done.result.verdict.text}"
    )


def _promote_all(store: TrackingStore, place: WorkFolder, say: Say) -> None:
    """Promote every challenger; what the gate refuses is said, and overridden on the record."""
    for name in QUESTIONS:
        outcome = promote(store, place, name, WHO, "passes the gate on synthetic courses")
        if outcome.promoted:
            say(f"     {name}: passes")
            continue
        say(f"     {name}: refused by")
        for rule, reason in outcome.refused_by.items():
            say(f"       {rule}: {reason}")
        say("       overridden, since nobody is treated by a demonstration; that is on record")
        rules = tuple(outcome.refused_by)
        promote(store, place, name, WHO, "to show the service on synthetic courses", rules)


@contextmanager
def _service(root: Path) -> Iterator[Running]:
    """Start the service on a free port of this machine and stop it after the block."""
    port = _free_port()
    environment = os.environ | {
        "VIGICELL_HOME": str(root),
        "VIGICELL_LEDGER": str(_ledger(root)),
        "PYTHONPATH": str(ROOT),
    }
    for name in ("VIGICELL_RELEASE", "VIGICELL_SETTINGS", "VIGICELL_KEYS"):
        environment.pop(name, None)
    key = [sys.executable, "-m", "serving", "keys", "add", "demo", "--role", "admin"]
    made = subprocess.run(  # noqa: S603 - our own fixed command
        key, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    with (root / "service.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own fixed command
            [sys.executable, "-m", "serving", "serve", "--demo", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    running = Running(f"http://127.0.0.1:{port}", made.stdout.strip(), process)
    try:
        _wait_until_ready(running, root / "service.log")
        yield running
    finally:
        _stop(process)


def _ledger(root: Path) -> Path:
    """Name the demo's own ledger: its answers never enter that of a ward."""
    return root / "ledger.sqlite"


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_until_ready(running: Running, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    limit = time.monotonic() + START_SECONDS
    while time.monotonic() < limit and running.process.poll() is None:
        try:
            with opener.open(f"{running.url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise ReleaseError(f"The service did not become ready. What it said is in {log}.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(running: Running) -> str:
    asked = subprocess.run(  # noqa: S603 - our own fixed command
        [sys.executable, "-m", "serving", "score", str(PATIENTS), "--url", running.url],
        cwd=ROOT,
        env=os.environ | {"VIGICELL_TOKEN": running.token},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if asked.returncode != 0:
        raise ReleaseError(f"The service refused the example patients: {asked.stderr.strip()}")
    return asked.stdout


def _what_next(root: Path, seconds: float) -> str:
    return f"""
6/6  Done in {seconds:.0f} seconds. Look around:
       VIGICELL_WORK={root} python -m training ui      the runs, figures and plots
       BENTOML_HOME={root / "bentoml"} VIGICELL_LEDGER={_ledger(root)} \\
         python -m serving serve --demo
     And with your own records:
       python -m training example csv my-records       what the CSV files look like
       python -m training import csv my-records work/cohorts/mine
       python -m training check work/cohorts/mine
       python -m training audit work/cohorts/mine --question severe-crs-72h
       python -m training fit --question severe-crs-72h --cohort work/cohorts/mine
"""
