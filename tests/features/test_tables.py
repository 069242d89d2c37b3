import pandas as pd
import pytest

from features.checks import check_cohort, check_tables
from features.errors import CohortError
from features.row_rules import row_is_not_repeated
from features.tables import TABLES, Manifest, cohort_of, conform


def manifest(**changes):
    return Manifest(**({"name": "test", "origin": "test"} | changes))


def one_course(**changes):
    row = {"course_id": "a", "patient_id": "p", "product": "axi-cel", "site": "s"}
    return pd.DataFrame([row | changes])


def reading(**changes):
    row = {"course_id": "a", "day": 1.0, "input": "crp_mg_l", "value": 5.0}
    return row | changes


def kept_and_counts(**tables):
    tables = {"courses": one_course()} | tables
    cohort, failures = check_tables(tables, manifest())
    return cohort, failures.counts()


def test_absent_tables_and_columns_are_empty_not_wrong():
    cohort = cohort_of(manifest(), courses=one_course())
    for name, table in TABLES.items():
        assert list(cohort.table(name).columns) == table.names
    assert cohort.courses["age_years"].isna().all()
    assert cohort.manifest.counts["courses"] == 1


def test_an_empty_cohort_passes_the_checks():
    cohort, failures = check_cohort(cohort_of(manifest()))
    assert len(cohort.courses) == 0
    assert failures.counts() == {}
    assert failures.of_courses() == ""


def test_a_required_column_that_is_absent_is_named():
    with pytest.raises(CohortError, match="lacks product"):
        cohort_of(manifest(), courses=one_course().drop(columns="product"))


@pytest.mark.parametrize(
    ("resolution", "known"), [("instant", 3.0), ("day", 4.0)], ids=["instant", "day"]
)
def test_a_day_is_known_at_its_end_when_hours_are_not(resolution, known):
    cohort = cohort_of(
        manifest(resolution=resolution),
        courses=one_course(),
        measurements=pd.DataFrame([reading(day=3.0)]),
    )
    assert cohort.measurements["known_day"].tolist() == [known]


def test_a_declared_delay_is_added():
    cohort = cohort_of(
        manifest(delays={"crp_mg_l": 0.25}),
        courses=one_course(),
        measurements=pd.DataFrame([reading(day=3.0)]),
    )
    assert cohort.measurements["known_day"].tolist() == [3.25]


BAD_READINGS = [
    ("day_is_a_number", {"day": "Tuesday"}),
    ("value_is_a_number", {"value": "high"}),
    ("input_is_legal", {"input": "crp"}),
    ("course_is_known", {"course_id": "nobody"}),
    ("value_is_possible", {"value": -4.0}),
    ("known_is_not_before_it_happened", {"known_day": 0.5}),
    ("number_or_level_is_present", {"value": None}),
    ("level_is_legal", {"input": "oxygen_device", "value": None, "text": "snorkel"}),
    ("day_is_within_its_range", {"day": 1e6}),
    ("comparator_is_legal", {"comparator": "~"}),
]


@pytest.mark.parametrize(("rule", "change"), BAD_READINGS, ids=[r for r, _ in BAD_READINGS])
def test_a_bad_reading_is_left_out_and_counted_by_rule(rule, change):
    rows = pd.DataFrame([reading(), reading(day=2.0, value=6.0)])
    broken = pd.DataFrame([reading(day=4.0) | change])
    cohort, counts = kept_and_counts(
        measurements=pd.concat([rows.astype("object"), broken.astype("object")])
    )
    assert counts == {f"measurements.{rule}": 1}
    assert cohort.measurements["day"].tolist() == [1.0, 2.0]


def test_failures_name_table_row_and_rule_and_no_value():
    rows = pd.DataFrame([reading(), reading(value=-4.0)])
    _, failures = check_tables({"courses": one_course(), "measurements": rows}, manifest())
    assert failures.rows.to_dict("records") == [
        {
            "table": "measurements", "row": 2, "column": "value", "rule": "value_is_possible",
            "legal": "0 to 1000 mg/L",
        }
    ]  # fmt: skip


def test_a_row_is_listed_for_every_rule_it_breaks_and_left_out_once():
    row = reading(value=-4.0, known_day=0.5, comparator="~")
    cohort, counts = kept_and_counts(measurements=pd.DataFrame([row, reading()]))
    assert counts == {
        "measurements.value_is_possible": 1,
        "measurements.known_is_not_before_it_happened": 1,
        "measurements.comparator_is_legal": 1,
    }
    assert len(cohort.measurements) == 1


def test_a_repeated_row_is_kept_once():
    cohort, counts = kept_and_counts(
        measurements=pd.DataFrame([reading(source_row=1), reading(source_row=2)])
    )
    assert len(cohort.measurements) == 1
    assert counts == {"measurements.row_is_not_repeated": 1}


def test_a_day_beyond_follow_up_is_left_out():
    _, counts = kept_and_counts(
        courses=one_course(follow_up_days=10),
        measurements=pd.DataFrame([reading(day=10.0), reading(day=12.0)]),
    )
    assert counts == {"measurements.day_is_within_follow_up": 1}


def test_a_row_of_the_future_is_left_out_and_watches_nobody():
    given = pd.Timestamp.now("UTC") - pd.Timedelta(days=30)
    cohort, counts = kept_and_counts(
        courses=one_course(infused_at=given),
        measurements=pd.DataFrame([reading(day=29.0), reading(day=2557.0)]),
        grades=pd.DataFrame(
            [{"course_id": "a", "day": day, "toxicity": "CRS", "grade": 1} for day in (2.0, 400.0)]
        ),
        treatments=pd.DataFrame([{"course_id": "a", "start_day": 400.0, "agent": "tocilizumab"}]),
    )
    assert counts == {
        f"{table}.day_is_not_in_the_future": 1 for table in ("measurements", "grades", "treatments")
    }
    assert cohort.measurements["day"].tolist() == [29.0]
    without_dates = kept_and_counts(measurements=pd.DataFrame([reading(day=2557.0)]))[1]
    assert without_dates == {}, "days alone cannot tell"


BAD_COURSES = [
    ("course_id_is_unique", [{}, {"patient_id": "q"}]),
    ("patient_belongs_to_one_site", [{}, {"course_id": "b", "site": "t"}]),
    ("product_is_a_car_t", [{"product": "Blincyto"}]),
    ("product_is_in_the_catalogue", [{"product": "aspirin"}]),
    ("death_is_not_before_infusion", [{"death_day": -2}]),
    ("death_is_within_follow_up", [{"death_day": 31.5, "follow_up_days": 30}]),
    ("death_day_is_a_number", [{"death_day": "spring"}]),
    ("death_cause_is_legal", [{"death_cause": "fate"}]),
    ("follow_up_days_is_within_its_range", [{"follow_up_days": 1e6}]),
    ("second_dose_day_is_within_its_range", [{"second_dose_day": 400}]),
    ("readmission_is_after_discharge", [{"discharge_day": 9, "readmission_day": 4}]),
]


@pytest.mark.parametrize(("rule", "rows"), BAD_COURSES, ids=[r for r, _ in BAD_COURSES])
def test_a_bad_course_is_left_out_with_its_rows(rule, rows):
    courses = pd.concat([one_course(**row) for row in rows])
    cohort, counts = kept_and_counts(courses=courses, measurements=pd.DataFrame([reading()]))
    assert counts == {f"courses.{rule}": len(rows), "measurements.course_was_kept": 1}
    assert len(cohort.courses) == len(cohort.measurements) == 0


BROKEN_CELLS = [
    ("age_years_is_within_its_range", "age_years", 1962),
    ("age_years_is_a_number", "age_years", "old"),
    ("sex_is_legal", "sex", "F"),
    ("diagnosis_is_legal", "diagnosis", "DLBCL"),
    ("dose_car_t_cells_is_within_its_range", "dose_car_t_cells", 200),
    ("bridging_is_a_flag", "bridging", "perhaps"),
    ("developmental_delay_is_a_flag", "developmental_delay", "perhaps"),
    ("infused_at_is_a_timestamp", "infused_at", "in May"),
]


@pytest.mark.parametrize(
    ("rule", "column", "cell"), BROKEN_CELLS, ids=[rule for rule, *_ in BROKEN_CELLS]
)
def test_a_broken_predictor_is_emptied_and_its_course_stays(rule, column, cell):
    cohort, failures = check_tables(
        {
            "courses": one_course(**{column: cell, "weight_kg": 70}),
            "measurements": pd.DataFrame([reading()]),
        },
        manifest(),
    )
    assert failures.counts() == {f"courses.{rule} (cell)": 1} == cohort.manifest.exclusions
    assert failures.rows["legal"].str.len().gt(0).all()
    assert cohort.courses[column].isna().all()
    assert cohort.courses["weight_kg"].tolist() == [70]
    assert len(cohort.measurements) == 1
    assert check_cohort(cohort)[1].counts() == {}


def test_a_death_on_the_last_day_of_follow_up_is_no_contradiction():
    _, counts = kept_and_counts(courses=one_course(death_day=30.6, follow_up_days=30))
    assert counts == {}


def test_what_is_no_car_t_is_named_and_an_unknown_text_is_not():
    courses = pd.concat(
        [one_course(product="Blincyto"), one_course(course_id="b", product="Mr Smith")]
    )
    cohort, _ = check_tables({"courses": courses}, manifest())
    assert cohort.manifest.notes == [
        "1 courses left out: Blincyto is no CAR-T product, and no risk is estimated."
    ]


BAD_GRADES = [
    ("grade_is_not_before_infusion", {"day": -1.0}),
    ("grade_is_a_whole_number", {"grade": 2.5}),
    ("grade_is_within_its_range", {"grade": 6}),
    ("toxicity_is_legal", {"toxicity": "TLS"}),
    ("system_is_legal", {"system": "house"}),
    ("grade_is_present", {"grade": None}),
]


@pytest.mark.parametrize(("rule", "change"), BAD_GRADES, ids=[r for r, _ in BAD_GRADES])
def test_a_bad_grade_is_left_out(rule, change):
    row = {"course_id": "a", "day": 2.0, "toxicity": "CRS", "grade": 2, "system": "ASTCT"}
    _, counts = kept_and_counts(grades=pd.DataFrame([row | change]))
    assert counts == {f"grades.{rule}": 1}


def test_products_are_called_by_their_catalogue_name():
    cohort, _ = kept_and_counts()
    assert cohort.courses["product"].tolist() == ["axicabtagene ciloleucel"]


def test_exclusions_are_kept_in_the_manifest():
    cohort, counts = kept_and_counts(measurements=pd.DataFrame([reading(value=-4.0)]))
    assert cohort.manifest.exclusions == counts


def test_an_illegal_manifest_says_what_is_legal():
    with pytest.raises(CohortError, match="censored, outcome_known, ended_at_peak"):
        manifest(end_of_record="whenever")


def test_one_column_may_hold_several_spellings_of_a_timestamp():
    written = ["2025-03-01T10:00:00+01:00", "2025-03-01T10:00", "2025-03-01", "yesterday"]
    frame, unreadable = conform(
        pd.DataFrame(
            {"course_id": list("abcd"), "patient_id": list("abcd"), "product": "axi-cel",
             "infused_at": written}
        ),
        TABLES["courses"],
    )  # fmt: skip
    assert frame["infused_at"].notna().tolist() == [True, True, True, False]
    assert unreadable["infused_at_is_a_timestamp"].tolist() == [False, False, False, True]


def test_rows_without_a_day_are_not_called_repeated():
    rows = pd.DataFrame({"course_id": ["a", "a"], "day": [None, None], "input": "crp_mg_l"})
    frame, _ = conform(rows, TABLES["measurements"])
    assert not row_is_not_repeated(frame, frame).any()
