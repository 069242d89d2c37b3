"""The same patient under two ids is found, also when moved, thinned or rounded; not strangers."""

import numpy as np
import pandas as pd
import pytest

from training.audit_rules.copies import similar_courses


def series(course: str, seed: int, days: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "course_id": course,
                "day": np.arange(days, dtype=float),
                "input": name,
                "value": np.exp(rng.normal(4, 1, days)).round(1),
            }
        )
        for name in ("crp_mg_l", "ferritin_ng_ml", "ldh_u_l", "il6_pg_ml")
    ]
    return pd.concat(parts, ignore_index=True)


def strangers(n: int) -> list[pd.DataFrame]:
    return [series(f"s{seed}", seed) for seed in range(100, 100 + n)]


def exact(rows: pd.DataFrame) -> pd.DataFrame:
    return rows


def moved_by_two_days(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(day=rows["day"] + 2.0)


def without_a_third_of_the_days(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["day"] >= 4]


def jittered_by_half_a_per_cent(rows: pd.DataFrame) -> pd.DataFrame:
    noise = np.random.default_rng(9).normal(1, 0.005, len(rows))
    return rows.assign(value=rows["value"] * noise)


def rounded_to_whole_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(value=rows["value"].round(0))


def in_another_row_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sample(frac=1.0, random_state=1)


@pytest.mark.parametrize(
    "change",
    [
        exact,
        moved_by_two_days,
        without_a_third_of_the_days,
        jittered_by_half_a_per_cent,
        rounded_to_whole_numbers,
        in_another_row_order,
    ],
)
def test_a_copy_is_found(change) -> None:
    original = series("a", 1)
    copy = change(original).assign(course_id="b")
    pairs = similar_courses(pd.concat([original, copy, *strangers(30)]))
    assert list(zip(pairs["one"], pairs["other"], strict=True)) == [("a", "b")]


def test_strangers_are_not_alike() -> None:
    assert similar_courses(pd.concat(strangers(60))).empty


def test_patients_whose_values_stand_still_are_not_alike() -> None:
    flat = pd.concat([series(f"c{n}", n).assign(value=37.0) for n in range(20)])
    assert similar_courses(flat).empty


def test_no_results_make_no_pairs() -> None:
    assert similar_courses(series("a", 1).iloc[:0]).empty
