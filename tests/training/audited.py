"""A cohort made by hand for the tests of the audit, and the evidence a rule is given."""

import numpy as np
import pandas as pd

from features.questions import Question
from features.tables import Cohort, Manifest, cohort_of
from training.audit import AuditReport, audit
from training.audit_rules.evidence import Evidence

QUESTION = Question("severe-crs-72h", "CRS", 3, tuple(range(5)), horizon_days=3.0)
N_PATIENTS, N_DAYS = 200, 5


class Audited:
    """A cohort made by hand: a lab that tells something, honest blanks, one event in ten."""

    def __init__(self, seed: int = 0, rate: float = 0.12) -> None:
        rng = np.random.default_rng(seed)
        self.rng = rng
        risk = rng.normal(size=N_PATIENTS)
        self.ever = rng.random(N_PATIENTS) < 1 / (1 + np.exp(-(np.log(rate) + risk)))
        patient = np.repeat(np.arange(N_PATIENTS), N_DAYS)
        day = np.tile(np.arange(N_DAYS, dtype=float), N_PATIENTS)
        outcome = self.ever[patient] & (day >= 1) & (day <= 3)
        self.rows = pd.DataFrame(
            {
                "course_id": [f"c{number}" for number in patient],
                "patient_id": [f"p{number}" for number in patient],
                "site": np.where(patient % 2, "east", "west"),
                "landmark_day": day,
                "instant": day + 0.5,
                "event_instant": np.where(outcome, 4.2, np.nan),
                "status": np.where(outcome, "event", "event_free"),
                "outcome": outcome.astype(float),
                "weight": 1.0,
                "current_grade": np.minimum(day, rng.integers(0, 2, len(day))).astype(float),
            }
        )
        crp = np.exp(3 + 0.5 * risk[patient] + rng.normal(0, 0.5, len(day)))
        blank = rng.random(len(day)) < 0.3
        self.X = pd.DataFrame(
            {
                "day": day,
                "crp_mg_l__last": np.where(blank, np.nan, crp),
                "crp_mg_l__hours_since": np.where(blank, np.nan, rng.uniform(0, 60, len(day))),
                "ldh_u_l__last": np.where(rng.random(len(day)) < 0.2, np.nan, 200 + crp),
            }
        )
        self.courses = self.rows.drop_duplicates("course_id")[["course_id", "patient_id", "site"]]
        self.courses = self.courses.assign(product="axicabtagene ciloleucel")
        long = self.rows[["course_id"]].assign(day=day + 0.4, known_day=day + 0.5)
        self.measurements = pd.concat(
            [
                long.assign(input="crp_mg_l", value=crp.round(1)),
                long.assign(input="ldh_u_l", value=(200 + 3 * crp).round(0)),
            ]
        )
        self.grades = self.rows[["course_id"]].assign(
            day=day, known_day=day, toxicity="CRS", grade=self.rows["current_grade"]
        )

    def cohort(self, **facts: object) -> Cohort:
        manifest = Manifest(**{"name": "made", "origin": "test", "synthetic": True, **facts})
        return cohort_of(
            manifest,
            courses=self.courses,
            measurements=self.measurements.reset_index(drop=True),
            grades=self.grades,
        )

    def evidence(self, **facts: object) -> Evidence:
        return Evidence(self.cohort(**facts), QUESTION, self.X, self.rows, self.rows)

    def audit(self) -> AuditReport:
        return audit(self.cohort(), QUESTION, self.X, self.rows)


def patients_with_the_event(made: Audited) -> np.ndarray:
    """Say of each measurement whether its patient ever has the event, (measurements,)."""
    ever = set(made.rows.loc[made.rows["outcome"] == 1, "course_id"])
    return made.measurements["course_id"].isin(ever).to_numpy()
