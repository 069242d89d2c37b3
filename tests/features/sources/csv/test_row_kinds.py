"""A file without a known date is no list of patients for that alone."""

import pytest

from features.sources.csv.row_kinds import rows_guess
from features.sources.csv.site_files import site_file

ONE_EACH = ("P1", "P2", "P3")
REPEATED = ("P1", "P1", "P2", "P2")
LISTED_TWICE = ("P1", "P1", "P2", "P3")


@pytest.mark.parametrize(
    ("headings", "ids", "kind"),
    [
        (("ID", "Sex", "Age"), ONE_EACH, "patients"),
        (("ID", "Infusion date", "Sex"), LISTED_TWICE, "patients"),
        (("ID", "Infusion date", "LDH"), ONE_EACH, "patients"),
        (("ID", "Sex", "CRP", "LDH"), REPEATED, "days"),
        (("ID", "When", "CRS grade"), REPEATED, "days"),
        (("ID", "Weight", "CRP"), ONE_EACH, ""),
        (("ID", "Sex", "Age"), REPEATED, ""),
        (("ID", "CRP", "LDH"), ONE_EACH, ""),
        (("Whose", "When", "CRP"), ONE_EACH, ""),
        (("ID", "Drug", "When"), REPEATED, "treatments"),
        (("ID", "Item", "Result", "When"), REPEATED, "results"),
        (("ID", "Date", "CRP"), ONE_EACH, "days"),
        (("Whose", "When", "What"), ONE_EACH, "ignored"),
    ],
)
def test_rows_are_told_by_headings_and_ids(
    headings: tuple[str, ...], ids: tuple[str, ...], kind: str
) -> None:
    rows = [(n, [one, *["x"] * (len(headings) - 1)]) for n, one in enumerate(ids, 2)]
    assert rows_guess(site_file("a.csv", [(1, list(headings)), *rows], 1)).kind == kind
