"""How long silence lasts: patients and months until written limits are read as met.

`python experiments/silent_mode/run.py` writes results.json beside it (aggregates only);
`--table` prints what stands in the README. Synthetic courses, whose true risks are known.
"""

import argparse
import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from features.questions import QUESTIONS, labels
from features.sources.synthetic import synthesize
from training.comparators import fitted
from training.default_plans import default_plan
from training.elsewhere import risks_by_margin
from training.silent.figures import bounds
from training.silent.joined import Joined
from training.silent.limits import Limits, TierLimits
from training.silent.sequential import Ratio, log_wealth
from training.simpler import in_matrix_columns
from training.task import prepare

HERE = Path(__file__).parent
ASKED = QUESTIONS["severe-crs-72h"]
POOL, POOL_SEED, COMPARATOR_SEED = 6000, 23, 7
PATIENTS_A_MONTH = 5
MOST_PATIENTS = 1200
SIMULATIONS = 400
LOOKS_AT_THE_LIMIT = 500
HIGH = 0.10  # of these synthetic risks: a tier for the simulation, for no ward
LIMITS = Limits(
    written_on=date(2026, 1, 1),
    signed_by="simulation",
    question=ASKED.name,
    least_patients=60,
    least_event_patients=6,
    observed_to_expected=(0.5, 2.0),
    worst_log_loss_difference=0.02,
    tier=TierLimits(("high",), 0.5, 0.05, 25.0),
)
NAMES = {
    "observed_to_expected, lowest": "observed to expected at least 0.5",
    "observed_to_expected, highest": "observed to expected at most 2",
    "worst_log_loss_difference": "log loss at most 0.02 above grade + day",
    "least_sensitivity": "sensitivity at least 0.5",
    "least_positive_predictive_value": "positive predictive value at least 0.05",
    "most_alerts_per_100_patient_days": "at most 25 alerts per 100 patient-days",
    "all of them": "**all of them, 60 patients, 6 with the event**",
}


def odds_times(risk, factor):
    odds = risk / (1.0 - risk) * factor
    return odds / (1.0 + odds)


def pool():
    """Rows of many synthetic courses: outcome, true risk, and what grade + day says."""
    made = synthesize(POOL, POOL_SEED, questions=[ASKED])
    rows = labels(made.cohort, ASKED)
    rows = rows[(rows["outcome"].notna()) & ~rows["recurrent"]]
    truth = made.truth[made.truth["question"] == ASKED.name]
    rows = rows.merge(
        truth[["course_id", "landmark_day", "true_risk"]], on=["course_id", "landmark_day"]
    ).dropna(subset="true_risk")
    earlier = prepare(
        synthesize(400, COMPARATOR_SEED, questions=[ASKED]).cohort, default_plan(ASKED)
    )
    margin = in_matrix_columns(fitted("grade_and_day", earlier.rows, 0), earlier)
    rows["compared"] = risks_by_margin(margin, made.cohort, rows[["course_id", "instant"]])
    return rows.reset_index(drop=True)


def joined(rows, risk):
    tier = np.where((risk >= HIGH) | (rows["current_grade"] >= 2), "high", "low")
    told = rows[["patient_id", "course_id", "landmark_day", "instant", "outcome"]].assign(
        probability=risk, tier=tier
    )
    day = np.floor(told["landmark_day"])
    days = pd.DataFrame(
        {"patient_id": told["patient_id"], "day": day, "tiers": [frozenset([t]) for t in tier]}
    )
    patients = told.groupby("patient_id", sort=False)["outcome"].max().eq(1).rename("event")
    entered = patients.reset_index().assign(entered_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Joined(ASKED, told, days, entered, "", pd.Timestamp("2026-01-01", tz="UTC"), len(told))


def members(found, name):
    """Which patients of the pool tell of a limit."""
    if name == "least_sensitivity":
        return found.patients["event"].to_numpy()
    if name == "least_positive_predictive_value":
        alerted = found.rows[found.rows["tier"] == "high"]["patient_id"].unique()
        return found.patients["patient_id"].isin(alerted).to_numpy()
    return np.ones(len(found.patients), dtype=bool)


def spread(ratio, member):
    """Each patient's numbers in the order of the pool; those who do not tell have none."""
    top, bottom = np.zeros(len(member)), np.zeros(len(member))
    top[member], bottom[member] = ratio.top, ratio.bottom
    return top, bottom


def met_after(bound, member, drawn, limit):
    """Patients after which a limit is met, (simulations,); infinite where it never is."""
    top, bottom = spread(bound.ratio, member)
    ratio = Ratio(
        top[drawn], bottom[drawn], bound.ratio.top_range, bound.ratio.bottom_range, np.array([])
    )
    # Who does not tell of a limit bets nothing.
    shares = np.where(member[drawn], ratio.shares(limit, above=bound.at_least), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        now = np.cumsum(ratio.top, axis=1) / np.cumsum(ratio.bottom, axis=1)
    kept = now >= limit if bound.at_least else now <= limit
    rejected = np.maximum.accumulate(log_wealth(shares), axis=1) >= -np.log(LIMITS.error)
    return rejected, kept


def first(hit):
    return np.where(hit.any(axis=1), hit.argmax(axis=1) + 1, np.inf)


def months(after):
    low, middle, high = np.quantile(after, [0.1, 0.5, 0.9], method="higher")
    made = {
        name: None if np.isinf(n) else float(n) / PATIENTS_A_MONTH
        for name, n in (("months_p10", low), ("months_median", middle), ("months_p90", high))
    }
    return made | {
        f"met_within_{years}_years": float((after <= years * 12 * PATIENTS_A_MONTH).mean())
        for years in (1, 2, 3, 5, 10, 20)
    }


def scenario(rows, risk, random):
    found = joined(rows, risk)
    n = len(found.patients)
    drawn = random.integers(0, n, (SIMULATIONS, MOST_PATIENTS))
    at_limit = random.integers(0, n, (SIMULATIONS, LOOKS_AT_THE_LIMIT))
    events = found.patients["event"].to_numpy()
    counted = np.cumsum(events[drawn], axis=1) >= LIMITS.least_event_patients
    counted &= np.arange(1, MOST_PATIENTS + 1) >= LIMITS.least_patients
    whole, limits = counted, {}
    for bound in bounds(found, LIMITS, rows["compared"].to_numpy()):
        member = members(found, bound.name)
        rejected, kept = met_after(bound, member, drawn, bound.limit)
        whole = whole & rejected & kept
        true = bound.ratio.estimate
        at, _ = met_after(bound, member, at_limit, true)
        limits[bound.name] = {
            "limit": bound.limit,
            "true": true,
            **months(first(rejected & kept)),
            "ever_met_at_the_limit": float(at.any(axis=1).mean()),
        }
    limits["all of them"] = months(first(whole))
    return {
        "n_patients_of_the_pool": n,
        "share_with_the_event": float(events.mean()),
        "limits": limits,
    }


def run():
    rows = pool()
    risk = rows["true_risk"].to_numpy()
    random = np.random.default_rng(1)
    answers = {
        "the true risk": risk,
        "odds 1.5 times too high": odds_times(risk, 1.5),
        "odds 3 times too high": odds_times(risk, 3.0),
        "only grade + day": rows["compared"].to_numpy(),
    }
    made = {name: scenario(rows, one, random) for name, one in answers.items()}
    about = {
        "synthetic": True, "question": ASKED.name, "patients_a_month": PATIENTS_A_MONTH,
        "simulations": SIMULATIONS, "error": LIMITS.error, "looks_at_the_limit": LOOKS_AT_THE_LIMIT,
        "most_patients": MOST_PATIENTS, "high_from": HIGH,
    }  # fmt: skip
    text = json.dumps({"about": about, "scenarios": made}, indent=1)
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")


def table():
    told = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    head = "| answers | limit | true value | months until met: median (10 to 90 %) "
    print(head + "| met within 1 / 2 / 3 / 5 / 10 years | ever met where the truth is the limit |")
    print("|---|---|---|---|---|---|")
    for answers, one in told["scenarios"].items():
        for name, limit in one["limits"].items():
            true = f"{limit['true']:.3f}" if "true" in limit else ""
            times = [limit[f"months_{key}"] for key in ("median", "p10", "p90")]
            most = f"over {told['about']['most_patients'] // PATIENTS_A_MONTH}"
            middle, low, high = (most if t is None else f"{t:.0f}" for t in times)
            within = " / ".join(f"{limit[f'met_within_{y}_years']:.0%}" for y in (1, 2, 3, 5, 10))
            false = limit.get("ever_met_at_the_limit")
            at = "" if false is None else f"{false:.1%}"
            print(f"| {answers} | {NAMES[name]} | {true} | {middle} ({low} to {high}) "
                  f"| {within} | {at} |")  # fmt: skip
            answers = ""


if __name__ == "__main__":
    asked = argparse.ArgumentParser()
    asked.add_argument("--table", action="store_true")
    table() if asked.parse_args().table else run()
