"""How fast a risk model answers, beside asking its parts one by one.

    OMP_NUM_THREADS=1 python experiments/benchmarks/prediction_speed.py

One model over the full predictor set: linear margin, 60 trees of depth 3, calibrator, 200 refits of
30 trees. Medians of repeated calls in one process on one thread. The rows and outcomes are random:
nothing here is a patient, and nothing here says how good a model is.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from features.predictors import PredictorSet
from features.questions import question
from models.calibration import Calibrator
from models.columns import NamedMatrix
from models.growing import bin_rows, grow
from models.linear_fit import MarginSpec, MarginTerm, fit_linear_margin
from models.logistic import sigmoid
from models.refits import Refit, Refits
from models.risk_model import RiskModel
from models.training_range import training_ranges

TREES, REFITS, TREES_OF_REFIT, N_ROWS = 60, 200, 30, 2000
SPEC = MarginSpec(
    (MarginTerm("crs_grade", "factor"), MarginTerm("day"), MarginTerm("crp_mg_l__last"))
)


def random_rows(names: tuple[str, ...], seed: int = 0) -> tuple[NamedMatrix, np.ndarray]:
    """Return rows with a quarter missing and outcomes that follow grade and CRP."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(N_ROWS, len(names)))
    numbers[:, names.index("crs_grade")] = rng.integers(0, 4, N_ROWS)
    signal = numbers[:, names.index("crs_grade")] + numbers[:, names.index("crp_mg_l__last")]
    outcome = (rng.random(N_ROWS) < sigmoid(signal - 3.0)).astype(float)
    numbers[rng.random(numbers.shape) < 0.25] = np.nan
    return NamedMatrix(names, numbers), outcome


def fitted() -> tuple[RiskModel, list[Refit], NamedMatrix]:
    """Fit the model; the refits are returned apart as well, for the slow side."""
    predictors = PredictorSet()
    names = predictors.names()
    rows, outcome = random_rows(names)
    binned = bin_rows(rows, names)
    rng = np.random.default_rng(1)

    def refit(weight: np.ndarray, rounds: int) -> Refit:
        linear = fit_linear_margin(rows, outcome, weight, SPEC)
        trees = grow(binned, outcome, weight, linear.margin(rows), {}, rounds)
        return Refit(linear, trees, Calibrator("intercept_slope", -0.05, 0.95))

    whole = refit(np.ones(N_ROWS), TREES)
    refits = [refit(rng.poisson(1.0, N_ROWS).astype(float), TREES_OF_REFIT) for _ in range(REFITS)]
    model = RiskModel(
        "benchmark",
        question("severe-crs-72h"),
        predictors,
        whole.linear,
        whole.trees,
        whole.calibrator,
        Refits.join(refits),
        quantiles=training_ranges(rows),
        manifest={"synthetic": True},
    )
    return model, refits, rows


def one_by_one(refits: list[Refit], rows: NamedMatrix) -> np.ndarray:
    """Interval from the separate boosters, asked in a loop through the library."""
    risks = []
    for refit in refits:
        raw = refit.linear.margin(rows)
        if refit.trees is not None:
            given = rows.take(refit.trees.predictors)
            base = np.zeros(len(rows), dtype=np.float32)
            raw = raw + refit.trees.booster.inplace_predict(
                given, predict_type="margin", base_margin=base, validate_features=False
            )
        risks.append(sigmoid(refit.calibrator.margin(raw)))
    return np.percentile(np.array(risks), [2.5, 97.5], axis=0).T


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of a call, after one that does not count."""
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e3


def main(repeats: int) -> None:
    """Print the table."""
    model, refits, rows = fitted()
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model")
        size = sum(path.stat().st_size for path in (Path(folder) / "model").iterdir()) / 1e6
        load_ms = median_ms(lambda: RiskModel.load(Path(folder) / "model"), 3)
    one = NamedMatrix(rows.names, rows.numbers[:1])
    many = NamedMatrix(rows.names, rows.numbers[:1000])
    joined, separate = model.interval(many), one_by_one(refits, many)
    print(f"{len(rows.names)} predictors, {TREES} trees, {REFITS} refits of {TREES_OF_REFIT} trees")
    print(f"model directory {size:.1f} MB, load {load_ms:.0f} ms")
    print(
        f"largest difference of joined and separate refits: {np.abs(joined - separate).max():.1e}"
    )
    print(f"\n{'':34}{'1 row, ms':>12}{'1000 rows, ms':>16}")
    calls: dict[str, Callable[[NamedMatrix], object]] = {
        "risk": model.predict,
        "contributions": model.explain,
        "interval": model.interval,
        "interval, refits one by one": lambda X: one_by_one(refits, X),
        "out-of-range check": model.unusual,
    }
    for name, call in calls.items():
        times = (
            median_ms(lambda call=call: call(one), repeats),
            median_ms(lambda call=call: call(many), max(3, repeats // 40)),
        )
        print(f"{name:34}{times[0]:12.3f}{times[1]:16.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=200)
    main(parser.parse_args().repeats)
