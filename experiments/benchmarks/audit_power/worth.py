"""What a planted leak is worth to somebody who knows where to look: the AUROC of its tell-tale.

    python experiments/benchmarks/audit_power/worth.py [--patients 200] [--pool 5000] [--kind NAME]

The table gives the median over three cohorts of 20 % event patients, at four strengths; "clean" is
the same tell-tale next to nothing planted (strength 0.01). Everything is synthetic.
"""

import argparse
import sys
import time
import zlib
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[3])]

from cohorts import SUPPORTED, Pool, clean_cohort, pool  # noqa: E402 - found by path
from leaks import LEAKS  # noqa: E402 - found by path
from planting import Leak, Planted  # noqa: E402 - found by path

from features.questions import QUESTIONS, Question, labels  # noqa: E402 - found by path

STRENGTHS = (0.01, 0.2, 0.5, 0.8, 1.0)
DRAWS = 3


def worth(planted: Planted, asked: Question) -> float:
    """Return the AUROC of the tell-tale for the outcome, whichever way it points: 0.5 to 1.

    At level "row" over the landmarks with a known outcome; at level "patient" over patients with
    one, against whether they have any event row (a patient of several courses counts by the most
    telling course, that is the highest signal).

    Raises
    ------
    ValueError
        A landmark or course with a known outcome has no signal, or all outcomes are the same.
    """
    rows = labels(planted.cohort, asked)
    rows = rows[rows["outcome"].notna()]
    keys = ["course_id", "landmark_day"] if planted.level == "row" else ["course_id"]
    told = rows.merge(planted.signal, on=keys, how="left", validate="many_to_one")
    if told["signal"].isna().any():
        raise ValueError(f"{int(told['signal'].isna().sum())} landmarks have no signal.")
    if planted.level == "patient":
        told = told.groupby("patient_id")[["outcome", "signal"]].max()
    return _auroc(told["outcome"].to_numpy() == 1.0, told["signal"].rank().to_numpy())


def _auroc(event: np.ndarray, rank: np.ndarray) -> float:
    """Return the AUROC from average ranks (Mann and Whitney), turned so that it is at least 0.5."""
    n1, n0 = int(event.sum()), int((~event).sum())
    if not n1 or not n0:
        raise ValueError(f"{n1} events and {n0} others: an AUROC needs both.")
    area = (rank[event].sum() - n1 * (n1 + 1) / 2.0) / (n1 * n0)
    return float(max(area, 1.0 - area))


def worths(
    leak: Leak, drawn_from: Pool, asked: Question, n_patients: int, strength: float
) -> list[float]:
    """Return the worth of a leak in three cohorts."""
    made = []
    for draw in range(DRAWS):
        rng = np.random.default_rng([draw, zlib.crc32(leak.name.encode()), round(100 * strength)])
        cohort = clean_cohort(drawn_from, asked, n_patients, 0.2, rng)
        made.append(worth(leak.plant(cohort, asked, rng, strength), asked))
    return made


def main() -> None:
    """Print kind x strength -> median worth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--question", choices=SUPPORTED, default=SUPPORTED[0])
    parser.add_argument("--patients", type=int, default=200)
    parser.add_argument("--pool", type=int, default=5000)
    parser.add_argument("--kind", choices=sorted(LEAKS), action="append")
    asked_for = parser.parse_args()
    drawn_from = pool(asked_for.pool, seed=1)
    asked = QUESTIONS[asked_for.question]
    print(f"{asked.name}, {asked_for.patients} patients, 20 % with an event, synthetic")
    print(f"{'kind':36}" + "".join(f"{s:>7}" for s in ("clean", *STRENGTHS[1:])) + f"{'s':>7}")
    for name in asked_for.kind or LEAKS:
        start = time.perf_counter()
        row = [
            float(np.median(worths(LEAKS[name], drawn_from, asked, asked_for.patients, strength)))
            for strength in STRENGTHS
        ]
        spent = (time.perf_counter() - start) / (DRAWS * len(STRENGTHS))
        print(f"{name:36}" + "".join(f"{w:7.2f}" for w in row) + f"{spent:7.2f}", flush=True)


if __name__ == "__main__":
    main()
