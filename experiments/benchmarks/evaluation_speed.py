"""How long the full evaluation of the unicar question takes, part by part.

    python experiments/benchmarks/evaluation_speed.py [--data FILE]

Nested 5 x 5 folds with 20 trials each, 1,000 draws of patients for every figure, 200 refits shared
by interval and instability, all comparators, all tables and all pictures, on two processes. Asked
for: under six minutes on two cores. Without the cohort it says so and ends.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

DATA = ROOT.parent / "shared" / "data" / "unicar_cart_cohort.xlsx"
ASKED_SECONDS = 360.0
WORKERS = 2


@contextmanager
def timed(name: str, found: dict[str, float]) -> Iterator[None]:
    """Note how long a block took."""
    start = time.perf_counter()
    yield
    found[name] = time.perf_counter() - start


def measured(data: Path) -> dict[str, float]:
    """Run every part of one full evaluation and return seconds by part."""
    from features.sources import load
    from training.audit import audit
    from training.crossfit import nested
    from training.evaluate import evaluation_table, judge
    from training.final import fit_final
    from training.fit import FitResult
    from training.plan import read_plan
    from training.run_figures import run_figures
    from training.simpler import fitted_comparators
    from training.task import prepare
    from training.verdict import verdict

    seconds: dict[str, float] = {}
    plan = read_plan(ROOT / "experiments" / "severe_crs_unicar" / "plan.toml")
    plan = plan.changed(folds=replace(plan.folds, repeats=1, inner_repeats=1))
    with timed("read the cohort and make the rows", seconds):
        cohort = load("unicar", data)
        task = prepare(cohort, plan)
    with timed("audit", seconds):
        report = audit(cohort, task.question, task.frame, task.labels, task.asked)
    with timed("nested cross-fit, comparators among it", seconds):
        cross = nested(task, plan, workers=WORKERS)
    with timed("final model with 200 refits", seconds):
        final = fit_final(task, plan, cross, audit=report)
    with timed("every figure under 1,000 draws", seconds):
        judged = judge(task, cross, plan.evaluation.bootstrap, plan.seed)
    with timed("tables, learning curve and instability", seconds):
        table = evaluation_table(task, plan, cross, judged, final.model)
        table["verdict"] = (decided := verdict(table, plan.evaluation)).to_dict()
    with timed("comparators on all rows", seconds):
        margins = fitted_comparators(task, plan)
    with timed("pictures", seconds):
        done = FitResult(final, table, decided, report, cross, task, margins, None)
        for _, figure in run_figures(done):
            figure.savefig("/dev/null", format="png")
    return seconds


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    data = parser.parse_args().data
    if not data.is_file():
        print("The unicar cohort is not here: name it with --data FILE.")
        return
    seconds = measured(data)
    for name, one in seconds.items():
        print(f"{name:<42}{one:8.1f} s")
    whole = sum(seconds.values())
    print(f"{'together':<42}{whole:8.1f} s  ({whole / ASKED_SECONDS:.2f} of the six minutes asked)")


if __name__ == "__main__":
    main()
