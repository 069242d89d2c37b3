"""How well could anyone do on the synthetic cohort? Two ceilings and two simple comparators.

Run from the root: ``python experiments/ceilings/ceilings.py``. For the four fresh questions, and
asked on day 3 until day 30: AUROC of the current grade, of grade + day, of a large fit on all that
is observed (the observed ceiling: boosted trees, half of the patients to fit, half to judge) and of
the true risk (the latent ceiling), over all pairs, within product and within landmark day, with
95 % patient-bootstrap intervals. All figures are synthetic.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost

from features.matrix import default_predictors, feature_matrix
from features.questions import QUESTIONS, Question, labels
from features.sources.synthetic import FRESH_QUESTIONS, synthesize
from training.metrics import stratified_auroc

LARGE = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_bin": 64,
    "eta": 0.04,
    "max_depth": 4,
    "min_child_weight": 12.0,
    "lambda": 5.0,
    "subsample": 0.7,
    "colsample_bytree": 0.4,
    "nthread": 2,
    "seed": 0,
}
ROUNDS = 250
SCORES = ("current grade", "grade + day", "observed ceiling", "latent ceiling")
DAY_3 = tuple(
    Question(f"severe-{toxicity.lower()}-from-day-3", toxicity, 3, (3.0,), until_day=30.0)
    for toxicity in ("CRS", "ICANS")
)


def judged_rows(cohort, truth, question):
    """Return the half of the labelled rows that no fit saw, with the scores of `SCORES`."""
    rows = labels(cohort, question)
    rows = rows[rows["outcome"].notna()]
    mine = truth.loc[truth["question"] == question.name, ["course_id", "landmark_day", "true_risk"]]
    rows = rows.merge(mine, on=["course_id", "landmark_day"])
    rows = rows.merge(cohort.courses[["course_id", "diagnosis"]], on="course_id")
    X = feature_matrix(cohort, rows, default_predictors(question))
    patients = np.sort(rows["patient_id"].unique())
    fit = rows["patient_id"].isin(patients[::2]).to_numpy()
    training = xgboost.QuantileDMatrix(X[fit], rows["outcome"][fit], max_bin=LARGE["max_bin"])
    rows["observed ceiling"] = xgboost.train(LARGE, training, ROUNDS).predict(xgboost.DMatrix(X))
    cell = ["current_grade", "landmark_day"]
    rates = rows[fit].groupby(cell)["outcome"].mean()
    rows["grade + day"] = pd.MultiIndex.from_frame(rows[cell]).map(rates).fillna(0.0)
    rows["current grade"] = rows["current_grade"]
    rows["latent ceiling"] = rows["true_risk"]
    return rows[~fit].reset_index(drop=True)


def judge(rows, draws):
    """Return AUROC with its interval, by kind of pair and score."""
    random = np.random.default_rng(0)
    patient = rows["patient_id"].astype("category").cat.codes.to_numpy()
    n = patient.max() + 1
    drawn = random.multinomial(n, np.full(n, 1 / n), size=draws)
    weights = np.vstack([np.ones(len(rows)), drawn[:, patient]]).astype(float)
    product = (rows["product"] + rows["diagnosis"]).astype("category").cat.codes.to_numpy()
    strata = {"all pairs": np.zeros(len(rows)), "within product": product.astype(float)}
    if rows["landmark_day"].nunique() > 1:
        strata["same day"] = rows["landmark_day"].to_numpy()
    outcome = rows["outcome"].to_numpy()
    found = {"rows": len(rows), "patients": int(n), "events": int(outcome.sum())}
    for kind, stratum in strata.items():
        for score in SCORES:
            values = stratified_auroc(outcome, rows[score].to_numpy(float), weights, stratum)
            ends = np.quantile(values[1:], [0.025, 0.975])
            found[f"{kind}, {score}"] = [round(float(v), 3) for v in (values[0], *ends)]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--courses", type=int, default=16000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--draws", type=int, default=100, help="bootstrap draws")
    asked = parser.parse_args()
    questions = [QUESTIONS[name] for name in FRESH_QUESTIONS] + list(DAY_3)
    made = synthesize(asked.courses, asked.seed, questions=questions)
    results = {"synthetic": True, "courses": asked.courses, "seed": asked.seed}
    for question in questions:
        results[question.name] = judge(judged_rows(made.cohort, made.truth, question), asked.draws)
        print(question.name, json.dumps(results[question.name], indent=1), flush=True)
    out = Path(__file__).with_name("results.json")
    out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
