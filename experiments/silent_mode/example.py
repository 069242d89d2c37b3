"""A made-up export of a ledger: synthetic courses, answered in silence by a model.

`python experiments/silent_mode/example.py work/silent` asks severe-crs-72h@champion every morning;
`--model MODEL` names another, `--courses N` how many patients, one every six days.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from features.answers import write_answers
from features.cohort_files import write_cohort
from features.matrix import feature_matrix
from features.questions import labels
from features.sources.synthetic import synthesize
from models.columns import named_matrix
from training.references import referred
from training.tracking_store import open_store
from training.work_folder import WorkFolder

SEED = 31
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
DAYS_BETWEEN = 6.0


def seen(courses):
    """Synthetic courses as a service would have seen them: with real dates."""
    cohort = synthesize(courses, SEED).cohort
    infused = START + pd.to_timedelta(np.arange(courses) * DAYS_BETWEEN, unit="D")
    dates = pd.Series(infused, index=cohort.courses.index).astype("datetime64[us, UTC]")
    cohort.courses = cohort.courses.assign(infused_at=dates)
    return cohort


def answered(cohort, model):
    """One answer a day to every course at risk, as the ledger would export it."""
    rows = labels(cohort, model.question)
    X = named_matrix(feature_matrix(cohort, rows[["course_id", "instant"]], model.predictors))
    risk, interval = model.predict(X), model.interval(X)
    at = model.tiers.position(risk, crs_grade=rows["current_grade"].to_numpy())
    infused = cohort.courses.set_index("course_id")["infused_at"].reindex(rows["course_id"])
    return pd.DataFrame(
        {
            "answer_id": [f"made-up-{number}" for number in range(len(rows))],
            "written_at": infused.reset_index(drop=True)
            + pd.to_timedelta(rows["instant"], unit="D"),
            "course_id": rows["course_id"],
            "question": model.question.name,
            "landmark_day": rows["instant"],
            "probability": risk,
            "low": interval[:, 0],
            "high": interval[:, 1],
            "tier": [model.tiers.shown_name(int(position)) for position in at],
            "abstention": "",
            "model": model.digest,
            "release": "",
            "shown": False,
        }
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("destination", type=Path)
    asked.add_argument("--model", default="severe-crs-72h@champion")
    asked.add_argument("--courses", type=int, default=600)
    said = asked.parse_args()
    model = referred(said.model, lambda: open_store(WorkFolder.from_environment(os.environ))).model
    cohort = seen(said.courses)
    answers = answered(cohort, model)
    write_cohort(cohort, said.destination)
    write_answers(answers, said.destination)
    print(f"{len(answers)} silent answers to {said.courses} synthetic courses: {said.destination}")
