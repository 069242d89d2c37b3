"""How fast predictors are made, beside plain vectorised pandas of the same definitions.

    python experiments/benchmarks/feature_matrix.py            # about a minute
    python experiments/benchmarks/feature_matrix.py --full     # 10,000 courses x 1,000 x 15

Both sides make the reading summaries (last, max, min, change, slope, hours since) of the same
inputs at the same landmarks, and are compared number by number. The second table is the full
predictor set, the third one course at one landmark as the service computes it. Values are random:
nothing here is a patient.
"""

import argparse
import resource
import time

import numpy as np
import pandas as pd

from features.inputs import INPUTS
from features.matrix import PredictorSet, course_arrays, feature_matrix, features_of_course
from features.predictors import BEDSIDE_INPUTS
from features.summaries import SUMMARIES
from features.tables import Cohort, Manifest, cohort_of

LANDMARKS = 15
NUMERIC_INPUTS = tuple(name for name in BEDSIDE_INPUTS if not INPUTS[name].is_text)


def random_cohort(courses: int, measurements: int, seed: int = 0) -> Cohort:
    """Return a cohort of random readings, gradings and treatments over days -7 to 15."""
    rng = np.random.default_rng(seed)
    ids = np.char.add("course ", np.arange(courses).astype(str)).astype(object)
    n = courses * measurements
    day = np.round(rng.uniform(-7, 15, n), 4)
    readings = pd.DataFrame(
        {
            "course_id": pd.Series(np.repeat(ids, measurements), dtype="str"),
            "day": day,
            "known_day": day + np.round(rng.exponential(0.05, n), 4),
            "input": pd.Categorical.from_codes(
                rng.integers(0, len(NUMERIC_INPUTS), n), list(NUMERIC_INPUTS)
            ).astype("str"),
            "value": np.round(rng.lognormal(3, 1, n), 2),
        }
    )
    graded = np.tile(np.arange(0, 15.0, 0.5), courses)
    grades = pd.DataFrame(
        {
            "course_id": np.repeat(ids, 30),
            "day": graded,
            "toxicity": np.tile(["CRS", "ICANS"], courses * 15),
            "grade": rng.integers(0, 4, courses * 30),
        }
    )
    treatments = pd.DataFrame(
        {
            "course_id": np.repeat(ids, 3),
            "start_day": rng.uniform(0, 10, courses * 3),
            "agent": np.tile(["tocilizumab", "corticosteroid", "oxygen"], courses),
        }
    )
    facts = pd.DataFrame(
        {
            "course_id": ids,
            "patient_id": ids,
            "product": "axi-cel",
            "diagnosis": "LBCL",
            "age_years": rng.uniform(20, 80, courses),
        }
    )
    return cohort_of(
        Manifest("benchmark", "random", synthetic=True),
        courses=facts, measurements=readings, grades=grades, treatments=treatments,
    )  # fmt: skip


def landmarks_of(cohort: Cohort) -> pd.DataFrame:
    """Return every course at days 0 to 14."""
    ids = cohort.courses["course_id"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "course_id": np.repeat(ids, LANDMARKS),
            "instant": np.tile(np.arange(float(LANDMARKS)), len(ids)),
        }
    )


def by_pandas(cohort: Cohort, landmarks: pd.DataFrame) -> pd.DataFrame:
    """Make the reading summaries with groupby, one landmark day at a time."""
    rows = cohort.measurements[["course_id", "input", "day", "known_day", "value"]].copy()
    logged = rows["input"].map({name: one.scale == "log" for name, one in INPUTS.items()})
    rows["value"] = rows["value"].where(~logged.astype(bool), np.log2(1 + rows["value"]))
    rows["course_id"] = rows["course_id"].astype("category")
    rows["input"] = rows["input"].astype("category")
    rows = rows.sort_values(["course_id", "input", "day", "known_day", "value"])
    parts = []
    for instant, asked in landmarks.groupby("instant"):
        part = _pandas_at(rows, float(instant)).reindex(asked["course_id"].to_numpy())
        part.index = asked.index
        parts.append(part)
    return pd.concat(parts).sort_index()


def _pandas_at(rows: pd.DataFrame, instant: float) -> pd.DataFrame:
    keys = ["course_id", "input"]
    known = rows[(rows["known_day"] <= instant) & (rows["day"] <= instant)]
    last = known.groupby(keys, observed=True)[["value", "day"]].last()
    after = known[known["day"] >= 0].groupby(keys, observed=True)["value"]
    before = known[known["day"] <= 0].groupby(keys, observed=True)["value"].last()
    recent = known[known["day"] >= instant - 3].assign(
        t=lambda r: r["day"] - instant,
        ty=lambda r: (r["day"] - instant) * r["value"],
        tt=lambda r: (r["day"] - instant) ** 2,
    )
    sums = recent.groupby(keys, observed=True)[["t", "value", "ty", "tt"]].agg("sum")
    span = recent.groupby(keys, observed=True)["day"].agg(["min", "max", "size"])
    steep = (sums["ty"] - sums["t"] * sums["value"] / span["size"]) / (
        sums["tt"] - sums["t"] ** 2 / span["size"]
    ).where(span["max"] > span["min"])
    made = {
        "last": last["value"],
        "max": after.max(),
        "min": after.min(),
        "change": (last["value"] - before).where(last["day"] > 0),
        "slope": steep,
        "hours_since": (instant - last["day"]) * 24,
    }
    wide = {name: column.unstack("input") for name, column in made.items()}
    return pd.concat(
        {f"{one}__{name}": table.get(one) for name, table in wide.items() for one in table}, axis=1
    )


def seconds(work: object) -> tuple[float, pd.DataFrame]:
    """Return how long `work()` takes, and what it returns."""
    start = time.perf_counter()
    made = work()  # type: ignore[operator]
    return time.perf_counter() - start, made


def beside_pandas(courses: int, measurements: int) -> tuple[str, float, float]:
    """Time both on one cohort; stop if they differ."""
    cohort = random_cohort(courses, measurements)
    landmarks = landmarks_of(cohort)
    predictors = PredictorSet(inputs=NUMERIC_INPUTS, statics=(), groups=())
    ours, made = seconds(lambda: feature_matrix(cohort, landmarks, predictors))
    theirs, other = seconds(lambda: by_pandas(cohort, landmarks))
    other = other.reindex(columns=made.columns)
    np.testing.assert_allclose(made.to_numpy(), other.to_numpy(), rtol=1e-5, atol=1e-6)
    return f"{courses:>6} x {measurements}", ours, theirs


def one_course(measurements: int, repeats: int = 400) -> tuple[float, float, float, float]:
    """Return milliseconds (median, 99th centile) to build arrays, and to read one landmark."""
    cohort = random_cohort(1, measurements)
    course = cohort.courses.iloc[0].to_dict()
    columns = ["input", "day", "known_day", "value"]
    readings = list(cohort.measurements[columns].itertuples(index=False, name=None))
    grades = list(
        cohort.grades[["toxicity", "day", "known_day", "grade"]].itertuples(index=False, name=None)
    )
    treatments = [
        (agent, start, None, known)
        for agent, start, known in cohort.treatments[
            ["agent", "start_day", "known_day"]
        ].itertuples(index=False, name=None)
    ]
    predictors = PredictorSet(inputs=BEDSIDE_INPUTS)
    build, read = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        arrays = course_arrays(course, readings, treatments, grades)
        middle = time.perf_counter()
        features_of_course(arrays, [3.0], predictors)
        build.append(middle - start)
        read.append(time.perf_counter() - middle)
    return tuple(  # type: ignore[return-value]
        1000 * float(np.quantile(times, q)) for times in (build, read) for q in (0.5, 0.99)
    )


def main() -> None:
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="10,000 courses x 1,000 measurements")
    sizes = [(500, 300), (1000, 1000)]
    if parser.parse_args().full:
        sizes.append((10_000, 1000))
    print(f"Reading summaries ({', '.join(SUMMARIES)}) of {len(NUMERIC_INPUTS)} inputs,")
    print(f"{LANDMARKS} landmarks a course; both sides give the same numbers.")
    print(f"{'courses x measurements':>24} {'here s':>8} {'pandas s':>9} {'ratio':>6}")
    for courses, measurements in sizes:
        if courses * measurements > 2_000_000:
            continue
        name, ours, theirs = beside_pandas(courses, measurements)
        print(f"{name:>24} {ours:8.2f} {theirs:9.2f} {theirs / ours:6.1f}")
    everything = PredictorSet(inputs=BEDSIDE_INPUTS)
    print(f"\nAll {len(everything.names())} daily predictors")
    print(f"{'courses x measurements':>24} {'s':>8} {'peak GB':>9}")
    for courses, measurements in sizes:
        cohort = random_cohort(courses, measurements)
        spent, _ = seconds(lambda: feature_matrix(cohort, landmarks_of(cohort), everything))  # noqa: B023 - called at once
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(f"{courses:>12} x {measurements:<9} {spent:8.2f} {peak:9.2f}")
    build, build99, read, read99 = one_course(300)
    print("\nOne course, 300 measurements, one landmark, all daily predictors (ms, median and p99)")
    print(f"arrays from rows {build:.3f} {build99:.3f}; predictors {read:.3f} {read99:.3f}")


if __name__ == "__main__":
    main()
