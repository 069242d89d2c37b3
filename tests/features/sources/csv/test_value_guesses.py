"""A style is decided by values that prove it, and by nothing else."""

from datetime import date, datetime

import pandas as pd
import pytest

from features.sources.csv.value_guesses import (
    are_day_numbers,
    date_style,
    hours_in,
)


def cells(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize(
    ("values", "style"),
    [
        (("2026-03-04", "2026-12-01"), "iso"), (("04.03.2026", "25.03.2026"), "day_first"),
        (("03/04/2026", "03/25/2026"), "month_first"), (("2026年3月4日",), "chinese"),
        ((46085, 46090), "excel"), ((date(2026, 3, 4), datetime(2026, 3, 4, 5)), "excel"),  # noqa: DTZ001
        (("04.03.2026", "25.03.2026", "03.2026", None), "day_first"),
    ],
)  # fmt: skip
def test_values_that_prove_a_style(values: tuple[object, ...], style: str) -> None:
    assert date_style(cells(*values))[0] == style


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (("03/04/2026", "05/06/2026"), "day_first reads 2, month_first reads 2"),
        (("25/03/2026", "03/25/2026", "03/04/2026"), "day_first reads 2, month_first reads 2"),
        (("25.03.2026", "2026-03-04"), "iso reads 1, day_first reads 1"),
        (("soon", "later"), "no style reads any of 2 cells"),
        ((), "no style reads any of 0 cells"),
    ],
)
def test_what_is_not_proven_is_left_with_its_counts(
    values: tuple[object, ...], reason: str
) -> None:
    style, why = date_style(cells(*values))
    assert style == ""
    assert reason in why


def test_partial_dates_are_counted() -> None:
    assert "1 of them are no whole dates" in date_style(cells("2026-03-04", "2026-03"))[1]


def test_days_are_told_from_dates() -> None:
    assert are_day_numbers(cells("D+3", "day -5", "第3天", 0, -5.5))
    assert not are_day_numbers(cells("2026-03-04", 0))
    assert not are_day_numbers(cells(date(2026, 3, 4)))
    assert not are_day_numbers(cells())


def test_hours_and_zones_are_counted() -> None:
    assert hours_in(cells("2026-03-04 10:00", "2026-03-04 10:00Z", "2026-03-04"), "iso") == (2, 1)
