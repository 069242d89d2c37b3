"""How often the leakage audit refuses what is leaky, and how often what is clean.

    python experiments/benchmarks/audit_power/run.py            everything (about half an hour)
    python experiments/benchmarks/audit_power/run.py --quick    a small part, for a look
    python experiments/benchmarks/audit_power/run.py --table    print the kept results

Every planted leak is judged by its measured worth: the AUROC of its own tell-tale in that cohort.
All cohorts are synthetic; they have 20 event patients or more, clean ones 5 to 25 % events.
"""

import argparse
import json
import os
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one process a core
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2])]

import numpy as np  # noqa: E402 - found by path
import pandas as pd  # noqa: E402 - found by path
from cohorts import Pool, clean_cohort, pool  # noqa: E402 - found by path
from habits import with_site_habits  # noqa: E402 - found by path
from leaks import LEAKS, QUALITY  # noqa: E402 - found by path
from pictures import draw  # noqa: E402 - found by path
from worth import worth  # noqa: E402 - found by path

from features.questions import QUESTIONS, Question  # noqa: E402 - found by path
from features.tables import Cohort  # noqa: E402 - found by path
from training.audit import AuditReport, audit  # noqa: E402 - found by path
from training.default_plans import default_plan  # noqa: E402 - found by path
from training.task import prepare  # noqa: E402 - found by path

RESULTS = HERE / "results.json"
STRENGTHS = (0.2, 0.5, 0.7, 0.85, 0.95, 1.0)
PER_CELL = 2
DAILY = ("severe-crs-72h", "severe-icans-72h", "grade-2-crs-72h")
ASKED = (*DAILY, "severe-crs-30d")
SIZES = (100, 500)
SHARES = (0.05, 0.25)
MIN_EVENTS = 20
CLEAN = 200
POOL = 8000
SEED, QUICK_SEED = 20261126, 20261125  # rules were made while looking at the quick cohorts only
WORTH_REFUSING = 0.90


@cache
def the_pool(seed: int) -> Pool:
    """Return the pool of this process, made once."""
    return pool(POOL, seed)


def a_cohort(seed: int, asked: Question, rng: np.random.Generator, least_events: int) -> Cohort:
    """Draw a clean cohort of a random size and share of events."""
    n = int(rng.integers(SIZES[0], SIZES[1] + 1))
    share = rng.uniform(max(SHARES[0], least_events / n), SHARES[1])
    return with_site_habits(clean_cohort(the_pool(seed), asked, n, float(share), rng), rng)


def audited(cohort: Cohort, asked: Question) -> AuditReport:
    """Audit a cohort by the default plan of its question."""
    task = prepare(cohort, default_plan(asked))
    X = pd.DataFrame(task.rows.X.numbers, columns=list(task.rows.X.names))
    return audit(cohort, asked, X, task.labels, task.asked)


def one_clean(job: tuple[int, int]) -> dict[str, Any]:
    """Audit one clean cohort."""
    seed, number = job
    asked = QUESTIONS[ASKED[number % len(ASKED)]]
    rng = np.random.default_rng([seed, number])
    cohort = a_cohort(seed, asked, rng, 0)
    start = time.perf_counter()
    return _said(cohort, asked, start) | {"kind": "clean"}


def one_planted(job: tuple[int, str, float, int]) -> dict[str, Any]:
    """Plant one leak into one clean cohort and audit it."""
    seed, kind, strength, number = job
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), round(1000 * strength), number])
    asked = QUESTIONS[DAILY[int(rng.integers(len(DAILY)))]]
    planted = LEAKS[kind].plant(a_cohort(seed, asked, rng, MIN_EVENTS), asked, rng, strength)
    start = time.perf_counter()
    told = {"kind": kind, "strength": strength, "worth": round(worth(planted, asked), 4)}
    return _said(planted.cohort, asked, start) | told


def _said(cohort: Cohort, asked: Question, start: float) -> dict[str, Any]:
    report = audited(cohort, asked)
    return {
        "question": asked.name,
        "patients": int(cohort.courses["patient_id"].nunique()),
        "events": report.n_event_patients,
        "refused_by": [finding.rule for finding in report.refusals],
        "warned_by": [finding.rule for finding in report.warnings],
        "seconds": round(time.perf_counter() - start, 2),
    }


def run(quick: bool) -> dict[str, Any]:
    """Audit everything, two processes, and count."""
    strengths, each, many = ((0.85, 0.95), 1, 40) if quick else (STRENGTHS, PER_CELL, CLEAN)
    seed = QUICK_SEED if quick else SEED
    jobs = [(seed, kind, s, i) for kind in LEAKS for s in strengths for i in range(each)]
    clean_jobs = [(seed, number) for number in range(many)]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        clean = list(_watched(workers.map(one_clean, clean_jobs), "clean"))
        planted = list(_watched(workers.map(one_planted, jobs), "planted"))
    return {"clean": clean, "planted": planted}


def _watched(answers: Iterator[dict[str, Any]], what: str) -> Iterator[dict[str, Any]]:
    for number, answer in enumerate(answers, start=1):
        if number % 50 == 0:
            print(f"{number} {what}", file=sys.stderr, flush=True)
        yield answer


def tables(found: dict[str, Any]) -> str:
    """Return the tables of the README."""
    leaks = [one for one in found["planted"] if LEAKS[one["kind"]].family != QUALITY]
    strong = [one for one in leaks if one["worth"] >= WORTH_REFUSING]
    refused = sum(bool(one["refused_by"]) for one in strong)
    clean = found["clean"]
    alarms = [one for one in clean if one["refused_by"]]
    lines = [
        f"- Leaks worth an AUROC of {WORTH_REFUSING:.2f} or more: {refused} of {len(strong)} "
        f"refused ({refused / max(len(strong), 1):.1%}).",
        f"- Clean cohorts refused: {len(alarms)} of {len(clean)}"
        + "".join(f"; {rule} {n}" for rule, n in _by_rule(alarms, "refused_by")) + ".",
        "- Warnings on clean cohorts, beside those of few events: "
        + (", ".join(f"{rule} {n}" for rule, n in _by_rule(clean, "warned_by")) or "none") + ".",
        "",
        "| what was planted | worth 0.50-0.70 | 0.70-0.80 | 0.80-0.90 | 0.90-0.95 | 0.95-1.00 |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    families = dict.fromkeys(LEAKS[one["kind"]].family for one in leaks)
    rows = [
        (family, [x for x in leaks if LEAKS[x["kind"]].family == family]) for family in families
    ]
    rows.append(("**all leaks**", leaks))
    lines += [f"| {name} | " + " | ".join(_cells(mine)) + " |" for name, mine in rows]
    missed = Counter(one["kind"] for one in strong if not one["refused_by"])
    said = ", ".join(f"{kind} ({n})" for kind, n in missed.most_common())
    slips = [one for one in found["planted"] if LEAKS[one["kind"]].family == QUALITY]
    noticed = sum(bool(one["refused_by"] or set(one["warned_by"]) - _PASSING) for one in slips)
    lines += [
        "",
        f"Missed at {WORTH_REFUSING:.2f} or more: {said or 'none'}.",
        f"Slips that have nothing to do with the outcome: {noticed} of {len(slips)} noticed.",
        f"Median {np.median([one['seconds'] for one in clean]):.1f} s an audit.",
    ]
    return "\n".join(lines)


EDGES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0001)
_PASSING = {"too_few_event_patients"}


def _cells(mine: list[dict[str, Any]]) -> list[str]:
    cells = []
    for low, high in pairwise(EDGES):
        here = [one for one in mine if low <= one["worth"] < high]
        refused = sum(bool(one["refused_by"]) for one in here)
        cells.append(f"{refused} of {len(here)}" if here else "")
    return cells


def _by_rule(answers: list[dict[str, Any]], key: str) -> list[tuple[str, int]]:
    counts = Counter(rule for one in answers for rule in one[key] if rule not in _PASSING)
    return counts.most_common()


def main() -> None:
    """Run or read, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table:
        found = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        found = run(asked.quick)
    if not (asked.quick or asked.table):
        lines = (
            [json.dumps(one) for one in found["clean"]],
            [json.dumps(one) for one in found["planted"]],
        )
        RESULTS.write_text(
            '{"clean": [\n' + ",\n".join(lines[0]) + '\n],\n"planted": [\n'
            + ",\n".join(lines[1]) + "\n]}\n", encoding="utf-8",
        )  # fmt: skip
        draw(found, HERE / "power.png")
    print(tables(found))


if __name__ == "__main__":
    main()
