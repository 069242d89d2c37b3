"""Every rule says which column it is about, and the column is one of its table."""

import pytest

from features.row_rules import RULES
from features.rule_columns import column_of_rule
from features.tables import TABLES

WHOLE_ROW = "row_is_not_repeated"


@pytest.mark.parametrize(
    ("table", "rule"),
    [(table, rule.__name__) for table, rules in RULES.items() for rule in rules],
)
def test_a_rule_of_rows_names_a_column_of_its_table(table: str, rule: str) -> None:
    column = column_of_rule(table, rule)
    assert column in TABLES[table].names if rule != WHOLE_ROW else column == ""


@pytest.mark.parametrize("table", TABLES)
def test_a_rule_of_one_column_names_it(table: str) -> None:
    endings = ("is_present", "is_legal", "is_a_number", "is_within_its_range", "is_a_whole_date")
    for name in TABLES[table].names:
        for ending in endings:
            assert column_of_rule(table, f"{name}_{ending}") == name


@pytest.mark.parametrize(
    ("rule", "column"),
    [
        ("infusion_is_present", "infused_at"),
        ("infusion_is_a_date_with_its_hour", "infused_at"),
        ("infused_at_is_an_hour_that_exists_once", "infused_at"),
        ("weight_kg_is_the_same_in_every_row", "weight_kg"),
        ("agent_is_a_flag", "agent"),
    ],
)
def test_a_rule_of_reading_names_a_column(rule: str, column: str) -> None:
    assert column_of_rule("courses", rule) == column


@pytest.mark.parametrize(
    "rule",
    [
        "input_is_known", "value_is_a_number", "unit_is_one_of_its_input",
        "value_is_possible_in_its_unit", "value_fits_no_other_unit_better", "course_is_known",
    ],
)  # fmt: skip
def test_a_rule_of_results_names_a_column_of_them(rule: str) -> None:
    assert column_of_rule("measurements", rule) in TABLES["measurements"].names
