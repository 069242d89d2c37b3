"""Which column a rule is about, for the list of what was left out."""

from features.tables import TABLES

_COLUMN_OF = {
    "course_id_is_unique": "course_id",
    "patient_belongs_to_one_site": "patient_id",
    "product_is_in_the_catalogue": "product",
    "product_is_a_car_t": "product",
    "infusion_is_not_in_the_future": "infused_at",
    "death_is_not_before_infusion": "death_day",
    "death_is_within_follow_up": "death_day",
    "readmission_is_after_discharge": "readmission_day",
    "course_is_known": "course_id",
    "course_was_kept": "course_id",
    "known_is_not_before_it_happened": "known_day",
    "number_or_level_is_present": "value",
    "level_is_legal": "text",
    "value_is_possible": "value",
    "value_is_possible_in_its_unit": "value",
    "value_fits_no_other_unit_better": "unit",
    "unit_is_one_of_its_input": "unit",
    "input_is_known": "input",
    "stop_is_not_before_start": "stop_day",
    "grade_is_a_whole_number": "grade",
    "grade_is_not_before_infusion": "grade",
}
_WHOLE_ROW = "row_is_not_repeated"


def column_of_rule(table: str, rule: str) -> str:
    """Return the column of `table` whose cell breaks `rule`; empty where it is the whole row.

    A rule about one column begins with its name: ``sex_is_legal``.
    """
    if rule == _WHOLE_ROW:
        return ""
    names = TABLES[table].names
    if rule in ("day_is_within_follow_up", "day_is_not_in_the_future"):
        return "start_day" if "start_day" in names else "day"
    if rule in _COLUMN_OF:
        return _COLUMN_OF[rule]
    column = rule.rpartition("_is_")[0]
    return {"infusion": "infused_at"}.get(column, column)
