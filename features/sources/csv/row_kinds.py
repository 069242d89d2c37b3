"""What one row of a file is: guessed from its headings and ids, else asked, never presumed.

A file without a known date is no list of patients for that: it is one where its ids say so, each in
a row of its own, and it holds facts of courses alone, or the infusion.
"""

from dataclasses import dataclass

from features.inputs import INPUTS
from features.sources.csv.as_written import plain_text
from features.sources.csv.heading_guesses import of_patients, of_rows
from features.sources.csv.headings import GRADES
from features.sources.csv.mapped_files import mapped_cells, names_of
from features.sources.csv.places import IGNORED
from features.sources.csv.site_files import SiteFile
from features.tables import AGENTS

IDS = ("course_id", "patient_id")
_REPEATED = 1.5  # rows an id: a list of patients may name a few twice, for a further course [A]
_DATED = ("day", "start_day")
_FINDINGS = {*INPUTS, *GRADES, *AGENTS}


@dataclass(frozen=True)
class RowsGuess:
    """What one row is.

    Attributes
    ----------
    kind : str
        Of :data:`features.sources.csv.places.ROWS`; empty where only a person can say.
    why : str
        What speaks for it, or why it cannot be told.
    """

    kind: str
    why: str = ""

    @property
    def drafted(self) -> str:
        """The kind as which columns are placed until a person has said it."""
        return self.kind or "days"


def rows_guess(file: SiteFile) -> RowsGuess:
    """Guess what one row of `file` is."""
    headings = names_of(file.cells)
    of_each = {heading: found.meaning for heading in headings if (found := of_rows(heading))}
    facts = {found.meaning for found in map(of_patients, headings) if found}
    findings = {
        meaning
        for heading, meaning in of_each.items()
        if meaning in _FINDINGS and not of_patients(heading)
    }
    meanings = set(of_each.values())
    if {"test", "value"} <= meanings:
        return RowsGuess("results")
    if any(one in meanings for one in _DATED):
        if "agent" in meanings:
            return RowsGuess("treatments")
        if meanings & _FINDINGS:
            return RowsGuess("days")
    return _undated(meanings, facts - set(IDS), findings, _rows_an_id(file, of_each))


def _undated(
    meanings: set[str], facts: set[str], findings: set[str], rows_an_id: float | None
) -> RowsGuess:
    if rows_an_id is None:
        return RowsGuess("", "no heading is a known id, nor a known date") if findings else (
            RowsGuess(IGNORED)
        )  # fmt: skip
    repeated = rows_an_id >= _REPEATED
    said = f"{rows_an_id:.1f} rows an id"
    if repeated and "agent" in meanings:
        return RowsGuess("treatments", said)
    if repeated and findings:
        return RowsGuess("days", said)
    if not repeated and facts and ("infused_at" in facts or not findings):
        return RowsGuess("patients", said)
    if facts or findings:
        return RowsGuess("", f"no heading is a known date; {said}")
    return RowsGuess(IGNORED)


def _rows_an_id(file: SiteFile, of_each: dict[str, str]) -> float | None:
    for wanted in IDS:
        for heading, meaning in of_each.items():
            if meaning == wanted:
                ids = mapped_cells(file.cells[heading], plain_text).dropna()
                return len(ids) / max(ids.nunique(), 1)
    return None
