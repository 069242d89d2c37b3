"""From events to a cohort: infusions, days, inputs, what is left out and what is not mapped."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from features.checks import Failures
from features.errors import CohortError
from features.sources.records.assembling import cohort_of_events
from features.sources.records.codes import Meaning
from features.sources.records.site_mapping import SiteMapping
from features.tables import Cohort, Manifest
from tests.features.sources.records.event_rows import (
    NOW,
    a_fact,
    a_person,
    a_procedure,
    a_result,
    an_infusion,
    events,
    on,
)

BERLIN = ZoneInfo("Europe/Berlin")
OBE_CEL = SiteMapping(
    meanings={("local:pharmacy", "OBE"): Meaning("product", "obecabtagene autoleucel")}
)


def assembled(
    *rows: dict[str, object], mapping: SiteMapping | None = None, **manifest: object
) -> tuple[Cohort, Failures]:
    said = Manifest(**{"name": "a stream", "origin": "test", **manifest})
    return cohort_of_events(events(*rows), said, mapping, time_zone=BERLIN, now=NOW)


def test_a_result_is_converted_and_known_when_it_was_issued() -> None:
    cohort, failures = assembled(
        a_person("P"),
        an_infusion("P"),
        a_result("P", 2, "1988-5", 3.0, "mg/dL", known=on(2.25), source_value="3.0"),
    )
    row = cohort.measurements.iloc[0]
    assert (row["course_id"], row["input"], row["unit"]) == ("P-1", "crp_mg_l", "mg/L")
    assert row["value"] == pytest.approx(30.0)
    assert (row["day"], row["known_day"]) == (2.0, 2.25)
    assert (row["source_value"], row["source_unit"], row["source_row"]) == ("3.0", "mg/dL", 3)
    assert len(failures) == 0
    course = cohort.courses.iloc[0]
    assert (course["product"], course["sex"]) == ("axicabtagene ciloleucel", "female")
    assert (course["age_years"], course["follow_up_days"]) == (64.0, 2.0)


def test_a_declared_delay_stands_for_the_time_of_the_result() -> None:
    cohort, _ = assembled(
        an_infusion("P"),
        a_result("P", 2, "1988-5", 30),
        mapping=SiteMapping(delays={"crp_mg_l": 0.5}),
    )
    assert cohort.measurements["known_day"].tolist() == [2.5]
    assert cohort.manifest.delays == {"crp_mg_l": 0.5}


def test_a_date_without_an_hour_is_placed_at_the_end_of_its_local_day() -> None:
    midnight = datetime(2024, 3, 4, 23, tzinfo=UTC)  # 5 March in Berlin
    cohort, _ = assembled(
        an_infusion("P"), a_result("P", 0, "1988-5", 30) | {"start": midnight, "date_only": True}
    )
    end = (datetime(2024, 3, 5, 23, tzinfo=UTC) - on(0)).total_seconds() / 86400
    row = cohort.measurements.iloc[0]
    assert (row["day"], row["known_day"]) == pytest.approx((end, end))


def test_a_day_of_a_clock_change_ends_an_hour_sooner() -> None:
    midnight = datetime(2024, 3, 30, 23, tzinfo=UTC)  # the clock goes forward on 31 March
    cohort, _ = assembled(
        an_infusion("P"), a_result("P", 0, "1988-5", 30) | {"start": midnight, "date_only": True}
    )
    assert cohort.measurements["day"].iloc[0] == pytest.approx(
        (datetime(2024, 3, 31, 22, tzinfo=UTC) - on(0)).total_seconds() / 86400
    )


def test_days_are_calendar_days_where_the_source_knows_no_hours() -> None:
    late = datetime(2024, 3, 6, 22, 30, tzinfo=UTC)  # 6 March in Berlin
    cohort, _ = assembled(
        an_infusion("P"), a_result("P", 0, "1988-5", 30) | {"start": late}, resolution="day"
    )
    row = cohort.measurements.iloc[0]
    assert (row["day"], row["known_day"]) == (2.0, 3.0)


def test_an_infusion_found_as_procedure_and_as_medication_is_one() -> None:
    cohort, _ = assembled(an_infusion("P", 0.25), a_procedure("P", 0), a_procedure("P", 0.5))
    assert cohort.courses["course_id"].tolist() == ["P-1"]
    assert cohort.courses["infused_at"].tolist() == [pd.Timestamp(on(0.25))]


@pytest.mark.parametrize(("gap", "courses"), [(9, 1), (21, 1), (22, 2), (200, 2)])
def test_split_doses_within_21_days_are_one_course(gap: float, courses: int) -> None:
    def a_dose(day: float) -> dict[str, object]:
        return an_infusion("P", day, "OBE", system="local:pharmacy", dose=10, dose_unit="{cells}")

    cohort, _ = assembled(a_dose(0), a_dose(gap), mapping=OBE_CEL)
    assert len(cohort.courses) == courses
    if courses == 1:
        assert cohort.courses["second_dose_day"].tolist() == [gap]


def test_a_second_infusion_of_an_unsplit_product_is_a_second_course() -> None:
    cohort, _ = assembled(
        an_infusion("P"), an_infusion("P", 15), a_result("P", 3, "1988-5", 30),
        a_result("P", 16, "1988-5", 40),
    )  # fmt: skip
    assert cohort.courses["course_id"].tolist() == ["P-1", "P-2"]
    placed = cohort.measurements[["course_id", "day"]].apply(tuple, axis=1).tolist()
    assert sorted(placed) == [("P-1", 3.0), ("P-2", -12.0), ("P-2", 1.0)]


@pytest.mark.parametrize(
    ("row", "table", "rule"),
    [
        (an_infusion("P", 9999), "medication", "record_is_not_in_the_future"),
        (an_infusion("P", None), "medication", "record_is_dated"),
        (a_procedure("P", 40), "infusion", "infusion_names_its_product"),
        (a_result("P", 1, "1988-5", 3, "stones"), "measurements", "unit_is_one_of_its_input"),
        (a_result("P", 1, "1988-5", 3, None), "measurements", "unit_is_one_of_its_input"),
        (a_result("P", 1, "2160-0", 88, "mg/dL"), "measurements", "value_is_possible_in_its_unit"),
        (
            a_result("P", 1, "1988-5", 3, known=on(0.5)),
            "measurements",
            "known_is_not_before_it_happened",
        ),
        (
            a_result("P", 1, "1988-5", 3, left_out="record_is_not_entered_in_error"),
            "observation",
            "record_is_not_entered_in_error",
        ),
    ],
)
def test_what_is_left_out_is_listed_by_row_and_rule(
    row: dict[str, object], table: str, rule: str
) -> None:
    cohort, failures = assembled(a_person("P"), an_infusion("P"), row)
    assert len(cohort.courses) == 1
    assert failures.rows[["table", "row", "rule"]].to_numpy().tolist() == [[table, 3, rule]]
    assert cohort.manifest.exclusions == {f"{table}.{rule}": 1}
    assert failures.rows["legal"].notna().all()


def test_a_later_version_supersedes_and_may_take_a_record_back() -> None:
    cohort, failures = assembled(
        an_infusion("P"),
        a_result("P", 1, "1988-5", 3, record="Observation/1", version=2),
        a_result("P", 1, "1988-5", 4, record="Observation/1", version=1),
        a_result("P", 2, "1988-5", 5, record="Observation/2"),
        a_result("P", 2, "1988-5", 5, record="Observation/2", left_out="result_is_final"),
    )
    assert cohort.measurements["value"].tolist() == [3.0]
    assert failures.counts() == {
        "observation.record_is_its_latest_version": 2, "observation.result_is_final": 1,
    }  # fmt: skip


def test_a_negative_age_is_emptied_and_counted() -> None:
    born_later = a_person("P", datetime(2024, 6, 1, tzinfo=UTC))
    cohort, failures = assembled(born_later, an_infusion("P"))
    assert cohort.courses["age_years"].isna().all()
    assert failures.counts() == {"courses.age_years_is_within_its_range (cell)": 1}


def test_codes_of_conditions_are_weak_labels_and_the_rest_is_listed() -> None:
    cohort, failures = assembled(
        an_infusion("P"),
        a_fact("P", "condition", 3, system="ICD10CM", code="D89.832", known=on(12)),
        a_fact("P", "condition", -900, system="ICD10CM", code="C83.30"),
        a_fact("P", "condition", 3, system="SNOMED", code="444814009", label="Viral sinusitis"),
        a_result("P", 3, "1988-5", 3, "furlongs"),
    )
    grade = cohort.grades.iloc[0]
    assert grade[["toxicity", "grade", "system", "day", "known_day"]].tolist() == [
        "CRS", 2.0, "unknown", 3.0, 12.0,
    ]  # fmt: skip
    assert cohort.courses["diagnosis"].tolist() == ["LBCL"]
    assert any("weak label" in note for note in cohort.manifest.notes)
    unmapped = failures.unmapped
    assert unmapped is not None
    told = unmapped[["kind", "code", "input", "unit", "count"]].fillna("").to_numpy().tolist()
    assert told == [
        ["condition", "444814009", "", "", 1], ["unit", "", "crp_mg_l", "furlongs", 1],
    ]  # fmt: skip


def test_lymphodepletion_discharge_and_death_are_read() -> None:
    cohort, _ = assembled(
        an_infusion("P"),
        a_fact("P", "medication", -5, system="RxNorm", code="24698"),
        a_fact("P", "medication", -4, system="RxNorm", code="3002"),
        a_fact("P", "medication", 2, system="ATC", code="H02AB02", dose=10, dose_unit="mg"),
        a_fact("P", "encounter", -6, system="ActCode", code="IMP", stop=on(12)),
        a_fact("P", "encounter", 20, system="ActCode", code="IMP", stop=on(25)),
        a_fact("P", "death", 26),
        a_result("P", -6, "29463-7", 70, "kg"),
        a_result("P", -3, "29463-7", 75, "kg"),
    )
    course = cohort.courses.iloc[0]
    assert course["lymphodepletion"] == "fludarabine_cyclophosphamide"
    days = ["lymphodepletion_day", "discharge_day", "readmission_day", "death_day"]
    assert course[days].tolist() == [-5.0, 12.0, 20.0, 26.0]
    assert (course["weight_kg"], course["follow_up_days"]) == (70.0, 26.0)
    assert cohort.treatments[["agent", "start_day"]].to_numpy().tolist() == [
        ["corticosteroid", 2.0]
    ]


def test_records_of_patients_without_an_infusion_are_not_held() -> None:
    cohort, _ = assembled(an_infusion("P"), a_person("Q"), a_result("Q", 1, "1988-5", 3))
    assert cohort.manifest.counts["measurements"] == 0


def test_without_an_infusion_the_codes_that_came_are_said() -> None:
    with pytest.raises(CohortError, match=r"(?s)no infusion.* 1 medication local:pharmacy X9"):
        assembled(a_fact("P", "medication", 0, system="local:pharmacy", code="X9"))


def test_what_counts_by_a_code_that_nobody_looked_up_is_said() -> None:
    rows = [
        a_person("P"),
        an_infusion("P"),
        an_infusion("P", 2, "68442"),
        a_result("P", 1, "1988-5", 30),
    ]
    cohort, _ = assembled(*rows)
    assert [note for note in cohort.manifest.notes if "not looked up" in note] == [
        note for note in cohort.manifest.notes if note.startswith("1 records") and "g_csf" in note
    ]
    assert any("g_csf" in note for note in cohort.manifest.notes)
    sure, _ = assembled(*rows[:2], an_infusion("P", 2, "612865"))
    assert not any("not looked up" in note for note in sure.manifest.notes)


def a_pressor(day: float, code: str, **cells: object) -> dict[str, object]:
    return a_fact("P", "medication", day, system="RxNorm", code=code, **cells)


def test_one_vasopressor_charted_every_hour_is_one() -> None:
    """Noradrenaline three times without a stop, adrenaline once: one, then two that overlap."""
    cohort, _ = assembled(
        an_infusion("P"),
        *(a_pressor(2.0 + hour / 24, "7512") for hour in (0, 1, 2)),
        a_pressor(2.0 + 1.5 / 24, "3992"),
    )
    rows = cohort.treatments.sort_values("start_day")
    stops = [None if pd.isna(stop) else round(24 * (stop - 2.0), 3) for stop in rows["stop_day"]]
    assert stops == [1.0, 2.0, None, None]  # the adrenaline stands third, and goes on


def test_a_stop_that_is_known_stays() -> None:
    cohort, _ = assembled(
        an_infusion("P"), a_pressor(2.0, "7512", stop=on(2.5)), a_pressor(3.0, "7512")
    )
    assert cohort.treatments["stop_day"].tolist()[0] == pytest.approx(2.5)
