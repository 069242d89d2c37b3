"""Use case: draft how a site's own files become a cohort. Nothing here prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import CohortError
from features.sources.csv.mapping_draft import FileDraft, draft_files
from features.sources.csv.mapping_text import mapping_text, open_questions
from features.sources.csv.places import IGNORED
from features.sources.csv.settings import SETTINGS_FILE
from features.sources.csv.site_files import folder_and_files, remarks_on_other_files
from training.whole_file import whole_file


@dataclass(frozen=True)
class MappingReport:
    """What was drafted, in counts.

    Attributes
    ----------
    source : Path
        The file or folder to import.
    questions : int
        How many things are left open that the import would refuse.
    """

    source: Path
    destination: Path
    files: tuple[FileDraft, ...]
    questions: int

    def lines(self) -> list[str]:
        """Return the report as lines a person reads."""
        said = []
        for one in self.files:
            where = f"{one.name}[{one.sheet}]" if one.sheet else one.name
            how = f" ({one.encoding})" if one.encoding else ""
            if one.rows.kind == IGNORED:
                said.append(
                    f"  {where}{how}: not read, its headings do not tell what it is; "
                    f"{len(one.ignored)} are listed in the draft"
                )
                continue
            said.append(
                f"  {where}{how}: {_rows(one)}; {len(one.entries)} columns placed, "
                f"{len(one.ignored)} ignored"
            )
            if one.codes.tests:
                placed = sum(test.meaning != IGNORED for test in one.codes.tests)
                said.append(f"    {placed} of {len(one.codes.tests)} shown tests placed")
        return [
            *said,
            *(f"  {remark}" for remark in remarks_on_other_files(self.source)),
            f"  {self.questions} open questions to answer; every guess says so beside it",
        ]


def _rows(one: FileDraft) -> str:
    return f"rows of {one.rows.kind}" if one.rows.kind else "what a row is has to be said"


def draft_mapping(paths: Sequence[Path], destination: Path) -> MappingReport:
    """Draft the mapping of a file, of files of one folder or of a folder; write `destination`.

    Raises
    ------
    CohortError
        Nothing to read at `paths`, a file that cannot be read, tables that need no mapping, or
        `destination` is there already: what a person has corrected is never replaced.
    """
    path, files = folder_and_files(paths)
    if (path / SETTINGS_FILE).is_file() and (path / "courses.csv").is_file():
        raise CohortError(
            f"{path.name} holds the tables of the template, which need no mapping: "
            f"python -m training import csv {path.name} DEST."
        )
    if destination.exists():
        raise CohortError(f"{destination} is there already and may be corrected; name another.")
    drafts = draft_files(files)
    text = mapping_text(str(path), path.resolve().stem, drafts)
    with whole_file(destination) as fresh:
        fresh.write_text(text, encoding="utf-8")
    return MappingReport(path, destination, tuple(drafts), open_questions(text))
