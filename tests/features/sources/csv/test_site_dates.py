"""Dates in every style, partial ones, and the hours that a change of the clock makes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.sources.csv.site_dates import (
    LOOKS,
    NO_DATE,
    NOT_WHOLE,
    STYLES,
    Written,
    parsed,
)
from features.sources.site_zone import HOUR_TWICE, NO_SUCH_HOUR, in_zone, later_in_zone

MARCH_4 = date(2026, 3, 4)
BERLIN = ZoneInfo("Europe/Berlin")


def read(cell: object, style: str, clock: object = None) -> Written:
    found = parsed(cell, style, clock)
    assert isinstance(found, Written), found
    return found


@pytest.mark.parametrize("style", STYLES)
def test_every_style_reads_its_example_and_true_dates(style: str) -> None:
    for cell in (LOOKS[style], MARCH_4):
        assert read(cell, style) == Written(datetime(2026, 3, 4), has_hour=False)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("cell", "style"),
    [
        ("2026-03-04 10:30", "iso"), ("2026/3/4 10:30:00", "iso"), ("2026-03-04T10:30:00.5", "iso"),
        ("20260304 10:30", "iso"), ("04.03.26 10:30", "day_first"), ("4/3/2026 10:30", "day_first"),
        ("3/4/2026 10:30", "month_first"), ("2026年3月4日 10时30分", "chinese"),
        ("２０２６年３月４日 10:30", "chinese"), (46085.4375, "excel"), ("46085.4375", "excel"),
        (datetime(2026, 3, 4, 10, 30), "day_first"),  # noqa: DTZ001 - as a workbook holds it
    ],
)  # fmt: skip
def test_hours_are_read(cell: object, style: str) -> None:
    assert read(cell, style) == Written(datetime(2026, 3, 4, 10, 30), has_hour=True)  # noqa: DTZ001


@pytest.mark.parametrize("clock", ["10:30", "10时30分", time(10, 30)])
def test_the_time_of_day_may_stand_in_another_cell(clock: object) -> None:
    assert read("04.03.2026", "day_first", clock).at.time() == time(10, 30)
    assert not read("04.03.2026", "day_first", "in the morning").has_hour


@pytest.mark.parametrize(
    ("cell", "style"),
    [
        ("2026-03", "iso"), ("2026", "iso"), (2026, "iso"), ("2026-03-00", "iso"),
        ("2026-03-XX", "iso"), ("03.2026", "day_first"), ("03/2026", "month_first"),
        ("2026年3月", "chinese"), ("2026年", "chinese"), (2026, "excel"),
    ],
)  # fmt: skip
def test_a_partial_date_is_no_date(cell: object, style: str) -> None:
    assert parsed(cell, style) == NOT_WHOLE


@pytest.mark.parametrize(
    ("cell", "style"),
    [
        ("2026-02-30", "iso"), ("13.13.2026", "day_first"), ("04.03.2026", "iso"), ("soon", "iso"),
        ("2026-03-04 25:00", "iso"), ("2026-03.04", "iso"), (True, "iso"), ("5", "excel"),
        ("nan", "excel"), ("9999-12-31", "iso"), ("01.01.0001", "day_first"),
        (date(1899, 12, 31), "excel"), ("2026-03-04 10:00+99:00", "iso"),
    ],
)  # fmt: skip
def test_what_the_style_cannot_read_is_refused(cell: object, style: str) -> None:
    assert parsed(cell, style) == NO_DATE


def test_a_zone_that_is_written_wins_over_that_of_the_site() -> None:
    for cell in ("2026-03-04T10:00+08:00", "2026-03-04 02:00Z", "2026-03-04 10:00 +0800"):
        assert in_zone(read(cell, "iso").at, BERLIN) == datetime(2026, 3, 4, 2, tzinfo=UTC)


def test_a_clock_time_is_one_of_the_site() -> None:
    summer, winter = (read(f"2025-{month}-01 12:00", "iso").at for month in ("07", "12"))
    assert in_zone(summer, BERLIN) == datetime(2025, 7, 1, 10, tzinfo=UTC)
    assert in_zone(winter, BERLIN) == datetime(2025, 12, 1, 11, tzinfo=UTC)


def test_the_hours_that_a_change_of_the_clock_makes_are_refused() -> None:
    assert in_zone(read("2025-10-26 02:30", "iso").at, BERLIN) == HOUR_TWICE
    assert in_zone(read("2025-03-30 02:30", "iso").at, BERLIN) == NO_SUCH_HOUR
    shanghai = ZoneInfo("Asia/Shanghai")
    assert in_zone(read("2025-10-26 02:30", "iso").at, shanghai).hour == 18  # type: ignore[union-attr]


@pytest.mark.parametrize("cell", ["2025-10-26 02:30", "2025-03-30 02:30"])
def test_the_later_of_two_readings_never_comes_too_early(cell: str) -> None:
    at = read(cell, "iso").at
    readings = {at.replace(tzinfo=BERLIN, fold=fold).astimezone(UTC) for fold in (0, 1)}
    assert len(readings) == 2
    assert later_in_zone(at, BERLIN) == max(readings)
    assert later_in_zone(at.replace(month=6), BERLIN) == in_zone(at.replace(month=6), BERLIN)


@given(st.dates(date(2010, 1, 1), date(2090, 1, 1)))
def test_every_date_is_read_back_in_every_style(day: date) -> None:
    written = {
        "iso": day.isoformat(), "day_first": f"{day:%d.%m.%Y}", "month_first": f"{day:%m/%d/%Y}",
        "chinese": f"{day.year}年{day.month}月{day.day}日",
        "excel": str((day - date(1899, 12, 30)).days),
    }  # fmt: skip
    for style, cell in written.items():
        assert read(cell, style).at.date() == day


@given(st.text(max_size=25), st.sampled_from(STYLES))
def test_no_text_is_more_than_a_date_or_a_rule(text: str, style: str) -> None:
    found = parsed(text, style)
    assert isinstance(found, Written) or found in (NO_DATE, NOT_WHOLE)
