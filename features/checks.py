"""Named row checks of a cohort. A rule's name is its message; what fails is counted and listed.

The rules are in :mod:`features.row_rules`. A row is reported by
table, row number and every rule it breaks, never by its values.

A row is left out, with one exception. What a course tells besides its ids, its product and the days
that decide an outcome may be missing, so a broken cell there becomes missing and the course stays:
to leave out the patients whose sex was written "F" would choose patients by their typist. Such a
rule is reported with the suffix ``(cell)``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.inputs import COURSE_FIELDS
from features.legal_values import legal_for_rows
from features.products import product
from features.row_rules import RULES, Mask, course_is_known, no_row, product_refusal
from features.rule_columns import column_of_rule
from features.tables import TABLES, Cohort, Manifest, Table, conform, finished

CELL = " (cell)"
_SHOWN_ROWS = 5
# What breaks one of these cannot be read at all; every other rule judges what was read.
_READING_RULES = frozenset(
    {
        "course_id_is_unique", "product_is_in_the_catalogue", "product_is_a_car_t",
        "course_is_known", "course_was_kept", "input_is_known", "unit_is_one_of_its_input",
        "unit_is_the_one_stated_for_its_test", "patient_id_is_one_person",
    }
)  # fmt: skip
_READING_ENDINGS = (
    "_is_present", "_is_legal", "_is_a_number", "_is_a_flag", "_is_a_timestamp", "_is_a_date",
    "_is_a_whole_date", "_is_a_date_with_its_hour", "_is_an_hour_that_exists",
    "_is_an_hour_that_exists_once",
)  # fmt: skip


@dataclass
class Failures:
    """Rows and cells that were left out, and why.

    Attributes
    ----------
    rows : DataFrame
        Columns table, row (from 1, in the order the table came), column (empty where the rule is
        about the whole row), rule, legal (what would have been accepted). A row that breaks several
        rules is listed once for each; a rule that ends in ``(cell)`` left out one value and kept
        the row.
    unmapped : DataFrame or None
        Codes, units and answers that nobody has mapped, with counts, for a site to complete; only
        from records that come with codes.
    """

    rows: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(
            {"table": [], "row": [], "column": [], "rule": [], "legal": []}, dtype="object"
        )
    )
    unmapped: pd.DataFrame | None = None

    def counts(self) -> dict[str, int]:
        """Return rows by the ``table.rule`` they break, most frequent first."""
        names = self.rows["table"].astype("str") + "." + self.rows["rule"].astype("str")
        return {str(name): int(n) for name, n in names.value_counts().items()}

    def of_courses(self, numbered: str = "row") -> str:
        """Say which rules left out courses: how often, in which first rows, and what is legal."""
        rows = self.rows[
            self.rows["table"].eq("courses") & ~self.rows["rule"].astype("str").str.endswith(CELL)
        ]
        said = []
        for rule, broken in rows.groupby("rule", sort=False):
            first = ", ".join(str(int(row)) for row in broken["row"].head(_SHOWN_ROWS))
            more = ", ..." if len(broken) > _SHOWN_ROWS else ""
            legal = broken["legal"].iloc[0]
            said.append(f"{rule}: {len(broken)} ({numbered} {first}{more}); legal: {legal}")
        return "\n".join(f"  {line}" for line in said)

    def __len__(self) -> int:
        return len(self.rows)


# What decides an outcome is no predictor; of the records the second dose starts the risk anew.
_BLANKED = tuple(
    name
    for name, one in COURSE_FIELDS.items()
    if one.role == "predictor" or name in ("infused_at", "calendar_year", "developmental_delay")
)
# A rule is not counted again for what another rule has already said of the row.
_SAID_BY = {
    "course_is_known": ("course_id_is_present",),
    "course_was_kept": ("course_id_is_present", "course_is_known"),
    "input_is_present": ("input_is_known",),
    "input_is_legal": ("input_is_known", "input_is_present"),
    "number_or_level_is_present": (
        "input_is_known", "value_is_a_number", "unit_is_one_of_its_input",
    ),
    "unit_is_one_of_its_input": ("unit_is_the_one_stated_for_its_test",),
    "value_is_possible": ("value_is_possible_in_its_unit",),
    "day_is_present": ("course_was_kept", "course_is_known"),
    "start_day_is_present": ("course_was_kept", "course_is_known", "agent_is_a_flag"),
}  # fmt: skip


def check_tables(
    tables: Mapping[str, pd.DataFrame | None],
    manifest: Manifest,
    broken_before: Mapping[str, Mapping[str, Mask]] | None = None,
    *,
    as_published: bool = False,
) -> tuple[Cohort, Failures]:
    """Keep the rows that pass every rule; list the others by every rule they break.

    Parameters
    ----------
    tables : mapping
        Table name -> frame, as read; columns may be missing or hold text where numbers belong.
    manifest : Manifest
        Its ``counts`` and ``exclusions`` are filled.
    broken_before : mapping, optional
        Table name -> rule -> mask of the rows that a source found to break a rule of its own.
    as_published : bool
        Leave out only what cannot be read; no range and no rule of plausibility applies.

    Returns
    -------
    cohort : Cohort
        Products are called by their catalogue names.
    failures : Failures

    Raises
    ------
    CohortError
        A table with rows lacks a required column.
    """
    kept: dict[str, pd.DataFrame] = {}
    listed: list[pd.DataFrame] = []
    every_course = pd.DataFrame()  # the first table, before its rules
    for name, table in TABLES.items():
        frame, unreadable = conform(tables.get(name), table)
        found = {**(broken_before or {}).get(name, {}), **unreadable}
        found |= dict(_column_rules(frame, table))
        found = _about_reading(found) if as_published else found
        frame, cells = _without_broken_cells(frame, found) if name == "courses" else (frame, {})
        every_course = frame if name == "courses" else every_course
        of_rows = dict(_row_rules(name, frame, every_course, kept.get("courses", frame)))
        found |= _about_reading(of_rows) if as_published else of_rows
        found = _each_once(found)
        listed += list(_listed(name, frame, found | cells))
        bad = no_row(frame)
        for mask in found.values():
            bad |= mask
        kept[name] = frame[~bad].reset_index(drop=True) if bad.any() else frame
    kept["courses"] = _with_catalogue_names(kept["courses"])
    manifest.notes += _products_that_are_no_car_t(every_course)
    failures = Failures(pd.concat(listed, ignore_index=True)) if listed else Failures()
    for rule_name, count in failures.counts().items():
        manifest.exclusions[rule_name] = manifest.exclusions.get(rule_name, 0) + count
    return finished(kept, manifest), failures


def _about_reading(found: Mapping[str, Mask]) -> dict[str, Mask]:
    return {
        rule: mask
        for rule, mask in found.items()
        if rule in _READING_RULES or rule.endswith(_READING_ENDINGS)
    }


def _without_broken_cells(
    courses: pd.DataFrame, found: dict[str, Mask]
) -> tuple[pd.DataFrame, dict[str, Mask]]:
    """Empty the cells of `_BLANKED` that break a rule; take these rules out of `found`."""
    made, cells = courses, {}
    for column in _BLANKED:
        for rule in [name for name in found if _column_of(name) == column]:
            mask = found.pop(rule)
            made = made.assign(**{column: made[column].mask(mask)})
            cells[rule + CELL] = mask
    return made, cells


def _column_of(rule: str) -> str:
    return rule.rpartition("_is_")[0]


def _each_once(found: Mapping[str, Mask]) -> dict[str, Mask]:
    made = {}
    for rule, mask in found.items():
        said_by = list(_SAID_BY.get(rule, ()))
        if rule.endswith("_is_present"):
            said_by += [f"{_column_of(rule)}{ending}" for ending in _READING_ENDINGS[2:]]
        for other in said_by:
            mask = mask & ~found[other] if other in found else mask
        made[rule] = mask
    return made


def _listed(table: str, frame: pd.DataFrame, found: Mapping[str, Mask]) -> Iterator[pd.DataFrame]:
    for rule, mask in found.items():
        places = np.flatnonzero(mask.to_numpy())
        if len(places):
            plain = rule.removesuffix(CELL)
            legal = legal_for_rows(table, plain, frame.iloc[places])
            found_in = {"table": table, "row": places + 1, "column": column_of_rule(table, plain)}
            yield pd.DataFrame({**found_in, "rule": rule, "legal": legal})


def _row_rules(
    name: str, frame: pd.DataFrame, every_course: pd.DataFrame, courses: pd.DataFrame
) -> Iterator[tuple[str, Mask]]:
    if name != "courses":
        yield course_is_known.__name__, course_is_known(frame, every_course)
    for rule in RULES[name]:
        yield rule.__name__, rule(frame, courses).fillna(value=False).astype(bool)


def check_cohort(cohort: Cohort) -> tuple[Cohort, Failures]:
    """Check a cohort that was read before; see :func:`check_tables`."""
    return check_tables({name: cohort.table(name) for name in TABLES}, cohort.manifest)


def _with_catalogue_names(courses: pd.DataFrame) -> pd.DataFrame:
    names = {name: product(name).name for name in courses["product"].unique()}
    return courses.assign(product=courses["product"].astype("object").map(names).astype("str"))


def _products_that_are_no_car_t(courses: pd.DataFrame) -> list[str]:
    """Name what the catalogue knows as no CAR-T; an unknown text could be anything, a name too."""
    counts = {str(name): int(n) for name, n in courses["product"].value_counts().items()}
    return [
        f"{count} courses left out: {name.strip()} is no CAR-T product, and no risk is estimated."
        for name, count in counts.items()
        if product_refusal(name) == "not_car_t"
    ]


def _column_rules(frame: pd.DataFrame, table: Table) -> Iterator[tuple[str, Mask]]:
    for column in table.columns:
        cells = frame[column.name]
        if column.required:
            yield f"{column.name}_is_present", cells.isna() | cells.astype("object").eq("")
        if column.legal:
            yield f"{column.name}_is_legal", cells.notna() & ~cells.isin(column.legal)
        if column.kind == "number" and np.isfinite([column.low, column.high]).any():
            outside = (cells < column.low) | (cells > column.high)
            yield f"{column.name}_is_within_its_range", outside.fillna(value=False).astype(bool)
