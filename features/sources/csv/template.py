"""The files a site fills, and their dictionary, written from the tables and inputs themselves."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from features.inputs import COURSE_FIELDS, INPUTS
from features.legal_values import legal_of_column, units_of
from features.products import PRODUCTS
from features.sources.csv.settings import KEYS, SETTINGS_FILE
from features.tables import END_OF_RECORD, GRADING_SYSTEMS, RESOLUTIONS, TABLES, Column, Table

# In a cohort values are canonical; a site writes them as its laboratory does.
_AS_FILLED = {
    "unit": "unit of value; required with every numeric measurement",
    "value": "as measured, in the unit that stands in column unit",
}
_FILLED_ON_READING = ("source_value", "source_unit", "source_row")


def template_columns(table: Table) -> list[Column]:
    """Return the columns a site fills; those that are filled on reading are left out."""
    return [column for column in table.columns if column.name not in _FILLED_ON_READING]


def write_template(folder: Path) -> None:
    """Write header-only tables, their dictionary, and a ``cohort.toml`` to uncomment."""
    for table in TABLES.values():
        write_rows(folder / f"{table.name}.csv", [c.name for c in template_columns(table)], [])
    write_dictionary(folder)
    (folder / SETTINGS_FILE).write_text(_settings_text(), encoding="utf-8")


def write_dictionary(folder: Path) -> None:
    """Write what every column and input means: ``columns.csv``, ``inputs.csv``, ``README.txt``."""
    write_rows(
        folder / "columns.csv",
        ("table", "column", "label_zh", "mandatory", "kind", "legal", "meaning"),
        (
            _column_row(table, column)
            for table in TABLES.values()
            for column in template_columns(table)
        ),
    )
    write_rows(
        folder / "inputs.csv",
        ("input", "label", "label_zh", "group", "legal_units", "lowest", "highest", "legal_words"),
        (
            (
                one.name, one.label, one.label_zh, one.group,
                "" if one.is_text else units_of(one),
                "" if one.is_text else one.hard[0], "" if one.is_text else one.hard[1],
                " | ".join(one.levels),
            )
            for one in INPUTS.values()
        ),
    )  # fmt: skip
    (folder / "README.txt").write_text(_readme_text(), encoding="utf-8")


def write_rows(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write one CSV file, UTF-8 with a byte-order mark so that spreadsheets show it right."""
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(header)
        writer.writerows(rows)


def _column_row(table: Table, column: Column) -> tuple[object, ...]:
    about = COURSE_FIELDS.get(column.name) if table.name == "courses" else None
    return (
        table.name, column.name, about.label_zh if about else "",
        "yes" if column.required else "no", column.kind, _legal_text(column),
        _AS_FILLED.get(column.name, column.meaning),
    )  # fmt: skip


def _legal_text(column: Column) -> str:
    if column.name == "input":
        return "see inputs.csv"
    if column.name == "unit":
        return "; ".join(
            f"{one.name}: {units_of(one)}" for one in INPUTS.values() if not one.is_text
        )
    return legal_of_column(column)


def _settings_text() -> str:
    return (
        "# What the CSV files cannot say. Only `resolution` has no default.\n"
        f"# Legal keys: {', '.join(KEYS)}.\n\n"
        f"# One of {', '.join(RESOLUTIONS)}: do days carry hours (day 2.5 is 60 hours\n"
        "# after the start of the infusion), or only the number of the day?\n"
        '# resolution = "instant"\n\n'
        f"# What it means that a record ends: one of {', '.join(END_OF_RECORD)}.\n"
        '# end_of_record = "censored"\n\n'
        f"# One of {', '.join(GRADING_SYSTEMS)}.\n"
        '# grading_system = "ASTCT"\n\n'
        "# Of times in infused_at that name no zone. Without it they are read as UTC, and\n"
        "# counted: days are numbers from the infusion, so no zone changes one.\n"
        '# time_zone = "Asia/Shanghai"\n\n'
        "# Days from taken to known, for results without known_day:\n"
        "# [delays]\n"
        "# ferritin_ng_ml = 0.2\n"
    )


def _readme_text() -> str:
    tables = "\n".join(
        f"  {table.name}.csv: one row is {table.one_row_is}; mandatory: "
        f"{', '.join(c.name for c in table.columns if c.required)}"
        for table in TABLES.values()
    )
    products = "\n".join(f"  {one.name} ({one.short})" for one in PRODUCTS.values())
    return (
        "A cohort as CSV files\n=====================\n\n"
        f"{tables}\n\n"
        "columns.csv says what every column means, inputs.csv which inputs there are and which\n"
        "units each may come in. All columns that are not mandatory may be empty or left out; of\n"
        "the files only courses.csv must be there. A missing value stays empty: no 0, no NA, no\n"
        "average. Time is in days from the first infusion (day 0), negative before:\n"
        "day 2.5 is 60 hours after the start of the infusion. Every numeric measurement comes\n"
        "with its unit; a result below a limit is written <0.1. A grade of 0 means looked at and\n"
        "absent.\n\n"
        "infused_at is optional and changes no day. Write it with its zone, as in\n"
        f"2026-03-04T10:00+08:00; a time without one is of the time_zone in {SETTINGS_FILE}, and\n"
        "where none is said it is read as UTC and counted in a note. A course infused in the\n"
        "future is left out.\n\n"
        "Products, by name, short name, brand or code name, in English or Chinese:\n"
        f"{products}\n\n"
        f"{SETTINGS_FILE} must say whether days carry hours (resolution).\n\n"
        "Then:  python -m training import csv THIS_FOLDER COHORT_FOLDER\n\n"
        "Rows that break a rule are left out, counted and listed by file, line and rule. Of a\n"
        "course, a wrong cell that is neither an id, the product nor a day or cause of an outcome\n"
        "is emptied instead, and the course stays.\n"
        "The files may be separated by comma, semicolon or tab and must be UTF-8.\n"
    )
