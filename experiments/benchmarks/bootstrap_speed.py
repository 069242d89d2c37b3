"""How fast the patient bootstrap is, beside the loop over scikit-learn that one would write first.

    python experiments/benchmarks/bootstrap_speed.py            # about a minute
    python experiments/benchmarks/bootstrap_speed.py --draws 100

Both sides draw the same patients and compute AUROC, AUPRC, Brier, log loss and the calibration
slope of every draw; the numbers are compared draw by draw. The loop is timed once written with
weights (a patient drawn twice weighs two) and once with rows copied, as it is mostly found. The
second table is the whole of an evaluation's tables, five repeats and three comparators. Seconds are
of one processor's time, so that a busy machine does not change the ratio. Outcomes and risks are
random: nothing here is a patient.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from training.bootstrap import PatientBootstrap
from training.judging.brier_parts import brier_parts
from training.judging.calibration_curve import calibration
from training.judging.headline import judge
from training.judging.net_benefit import decision_curve
from training.judging.rows import JudgedRows
from training.judging.thresholds import thresholds
from training.metrics import measures_of

COMPARED = ("auroc", "auprc", "brier", "log_loss", "calibration_slope")
ROWS_A_PATIENT = 8
HORIZON_DAYS = 3


def random_rows(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return outcomes, risks and patients of so many rows, eight rows a patient."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(1.5, 10, rows)
    y = (rng.random(rows) < risk).astype(float)
    given = 1 / (1 + np.exp(-(np.log(risk / (1 - risk)) + rng.normal(0, 0.7, rows))))
    return y, given, np.arange(rows) // ROWS_A_PATIENT


def vectorised(
    y: np.ndarray, p: np.ndarray, patients: np.ndarray, draws: int
) -> dict[str, np.ndarray]:
    bootstrap = PatientBootstrap(patients, np.ones(len(y)), draws, seed=1)
    measures = measures_of(y, p)
    return bootstrap.replicate({name: measures[name] for name in COMPARED})


def figures_of(y: np.ndarray, p: np.ndarray, weight: np.ndarray | None) -> list[float]:
    """Compute the five figures of one draw with scikit-learn."""
    score = np.log(p / (1 - p))[:, None]
    regression = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    return [
        roc_auc_score(y, p, sample_weight=weight),
        average_precision_score(y, p, sample_weight=weight),
        brier_score_loss(y, p, sample_weight=weight),
        log_loss(y, p, sample_weight=weight),
        float(regression.fit(score, y, sample_weight=weight).coef_[0, 0]),
    ]


def loop_with_weights(
    y: np.ndarray, p: np.ndarray, patients: np.ndarray, draws: int
) -> dict[str, np.ndarray]:
    bootstrap = PatientBootstrap(patients, np.ones(len(y)), draws, seed=1)
    found = [figures_of(y, p, None)]
    found += [figures_of(y, p, weight) for weight in bootstrap.row_weights()]
    return dict(zip(COMPARED, np.array(found).T, strict=True))


def loop_with_copies(
    y: np.ndarray, p: np.ndarray, patients: np.ndarray, draws: int
) -> dict[str, np.ndarray]:
    bootstrap = PatientBootstrap(patients, np.ones(len(y)), draws, seed=1)
    found = [figures_of(y, p, None)]
    for weight in bootstrap.row_weights():
        at = np.repeat(np.arange(len(y)), weight.astype(int))
        found.append(figures_of(y[at], p[at], None))
    return dict(zip(COMPARED, np.array(found).T, strict=True))


def seconds(work: object, *given: object) -> tuple[float, dict[str, np.ndarray]]:
    start = time.process_time()
    made = work(*given)  # type: ignore[operator]
    return time.process_time() - start, made


def beside_the_loops(rows: int, draws: int) -> None:
    """Time the three on the same rows; stop if they differ."""
    given = (*random_rows(rows), draws)
    ours, found = seconds(vectorised, *given)
    print(f"{rows:>6} {draws:>6} {ours:8.2f}", end="", flush=True)
    for loop in (loop_with_weights, loop_with_copies):
        theirs, other = seconds(loop, *given)
        for name in COMPARED:
            far = 1e-3 if name == "calibration_slope" else 1e-9  # their solver stops earlier
            np.testing.assert_allclose(found[name], other[name], rtol=far, err_msg=name)
        print(f" {theirs:9.2f} {theirs / ours:6.1f}", end="", flush=True)
    print()


def evaluation_tables(rows: int, draws: int, repeats: int = 5) -> None:
    """Time every table of an evaluation."""
    rng = np.random.default_rng(2)
    y, p, patients = random_rows(rows)
    day = (np.arange(rows) % ROWS_A_PATIENT).astype(float)
    ahead = day + rng.integers(1, HORIZON_DAYS + 1, rows)
    facts = pd.DataFrame(
        {
            "course_id": patients,
            "landmark_day": day,
            "instant": day,
            "event_instant": np.where(y == 1, ahead, np.nan),
            "current_grade": rng.integers(0, 3, rows).astype(float),
            "recurrent": False,
        }
    )
    score = np.log(p / (1 - p))
    grade = facts["current_grade"].to_numpy()
    risks = {
        "model": 1 / (1 + np.exp(-(score + rng.normal(0, 0.3, (repeats, rows))))),
        "penalised_logistic": 1 / (1 + np.exp(-(score + rng.normal(0, 0.6, (repeats, rows))))),
        "current_grade": np.tile(0.05 + 0.05 * grade, (repeats, 1)),
        "grade_and_day": np.tile(0.05 + 0.05 * grade + 0.01 * day, (repeats, 1)),
    }
    judged_rows = JudgedRows(y, np.ones(rows), patients.astype(object), facts)
    print(f"\nTables of {rows} rows, {repeats} repeats, {len(risks)} risks, {draws} draws (s)")
    spent, judged = seconds(judge, judged_rows, risks, draws, 1)
    print(f"{'headline':>16} {spent:6.2f}")
    for block in (calibration, brier_parts, thresholds, decision_curve):
        print(f"{block.__name__:>16} {seconds(block, judged)[0]:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=1000)
    draws = parser.parse_args().draws
    warnings.simplefilter("ignore")  # a solver that has not converged is said by the comparison
    print(f"{', '.join(COMPARED)}; seconds of one processor, and times as long as here")
    print("  rows  draws     here   weights  ratio    copies  ratio")
    with threadpool_limits(1):
        for rows in (400, 914, 5000):
            beside_the_loops(rows, draws)
        evaluation_tables(914, draws)


if __name__ == "__main__":
    main()
