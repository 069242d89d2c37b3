"""Records that were left out, by the rules of reading an event stream, with what is legal."""

from collections.abc import Mapping, Sequence

import pandas as pd

from features.checks import Failures
from features.legal_values import LEGAL_OF_ENDING
from features.sources.site_zone import HOUR_TWICE, NO_SUCH_HOUR

LEGAL = {
    "infusion_names_its_product": "a code of one product, or product = ... in the mapping file",
    "infusion_names_one_product": "records of one infusion that name the same product",
    "record_is_dated": "a date that names its day",
    "record_is_not_in_the_future": "dates up to the day of the import",
    "record_is_its_latest_version": "the latest version of a record; earlier ones are superseded",
    "record_is_not_entered_in_error": "records that the source has not taken back",
    "condition_is_not_refuted": "conditions that were not refuted or entered in error",
    "result_is_final": "status final, amended or corrected",
    "result_has_a_value": "a quantity, number, text, coded answer or true/false",
    "act_is_done": "status completed or in-progress",
    "date_names_its_day": "dates with year, month and day, as 2026-01-31",
    "timestamp_has_a_zone": "timestamps with an offset (+01:00, Z), or the option time_zone",
    f"timestamp{NO_SUCH_HOUR}": LEGAL_OF_ENDING[NO_SUCH_HOUR],
    f"timestamp{HOUR_TWICE}": LEGAL_OF_ENDING[HOUR_TWICE],
    "timestamp_is_readable": "dates and timestamps of FHIR, as 2026-01-31T09:30:00+01:00",
    "codings_mean_one_thing": "codings of one concept that mean the same input",
    "line_has_the_cells_of_the_header": "UTF-8, and as many cells as the header names",
    "person_id_is_a_number": "whole numbers, as CDM 5.4 has them",
    "value_as_number_is_a_number": "numbers with a decimal point; a sign such as < goes elsewhere",
    "record_is_json": "whole JSON: one resource a line, or one document",
    "record_is_a_resource": "FHIR resources with a resourceType",
    "record_has_a_subject": "records with a reference to a Patient",
    "patient_id_is_one_person": "one person for each patient id",
}
"""Rule of reading -> what would have been accepted."""


Broken = tuple[float, str, str | None]
"""Row of the source, the rule it breaks, and the file in which that row counts."""


def listed(broken: Sequence[Broken], tables: Sequence[str] = ()) -> pd.DataFrame:
    """Return rows of :class:`features.checks.Failures`, of infusions unless `tables` are named."""
    return pd.DataFrame(
        {
            "table": list(tables) or ["infusion"] * len(broken),
            "file": [file for _, _, file in broken],
            "row": [row for row, _, _ in broken],
            "column": [""] * len(broken),
            "rule": [rule for _, rule, _ in broken],
            "legal": [LEGAL[rule] for _, rule, _ in broken],
        },
        dtype="object",
    )


def failures_of(before: pd.DataFrame, after: pd.DataFrame) -> Failures:
    """Put together what reading and the checks left out; rows are whole numbers, or none."""
    every = pd.concat([before, after], ignore_index=True)
    place = ["table", *(["file"] if every["file"].notna().any() else []), "row"]
    every = every.sort_values(place, kind="stable").reset_index(drop=True)
    numbers = [None if pd.isna(row) else int(row) for row in every["row"]]
    every["row"] = pd.Series(numbers, dtype="object")
    return Failures(every[[*place, "column", "rule", "legal"]])


def with_source_rows(rows: pd.DataFrame, came: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Turn the positions that the checks report into files and rows of the source."""
    parts = [rows.assign(file=None).iloc[:0]]
    for name, mine in rows.groupby("table"):
        of_source = came[str(name)].iloc[mine["row"].to_numpy(dtype="int64") - 1]
        parts.append(
            mine.assign(
                row=of_source["source_row"].to_numpy(), file=of_source["source_file"].to_numpy()
            )
        )
    return pd.concat(parts, ignore_index=True)
