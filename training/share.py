"""Giving a cohort to others: as a cohort directory, as CSV or as MEDS, named or de-identified."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from features.cohort_files import MANIFEST, read_cohort, replaced_directory, write_cohort
from features.deidentified import FEW, SmallCell, de_identified
from features.inputs import INPUTS
from features.sources.meds.writing import MANIFEST_FILE, write_meds
from features.tables import Cohort

Format = Literal["parquet", "csv", "meds"]
FORMATS: tuple[Format, ...] = ("parquet", "csv", "meds")
SMALL_CELLS = "small_cells.csv"
_READ_BACK = {
    "csv": "Read back: import csv (all but source_row, which is then the line of these files).",
    "meds": "Read back: import meds.",
    "parquet": "It is a cohort as it stands: check, audit and fit read it.",
}


@dataclass(frozen=True)
class Shared:
    """What was written.

    Attributes
    ----------
    small_cells : list of SmallCell
        Groups of few courses, of a de-identified cohort.
    """

    destination: Path
    counts: dict[str, int]
    de_identified: bool
    small_cells: list[SmallCell]
    fmt: Format = "parquet"

    def lines(self) -> list[str]:
        """Return the report as lines a person reads."""
        how = "de-identified" if self.de_identified else "WITH ids and dates: keep it like a cohort"
        said = [f"Written: {self.destination} ({how})"]
        said += [f"  {count:>9,} {name}" for name, count in self.counts.items()]
        said.append(f"  {_READ_BACK[self.fmt]}")
        if self.small_cells:
            said.append(f"  groups of fewer than {FEW} courses; may they leave the hospital?")
            said += [f"    {one.column}: {one.group}" for one in self.small_cells]
        return said


def share(
    cohort_directory: Path | str,
    destination: Path | str,
    fmt: Format = "parquet",
    *,
    de_identify: bool = False,
) -> Shared:
    """Write the cohort in `cohort_directory` to `destination`, which others may read.

    A de-identified cohort comes with ``small_cells.csv``, the groups of few courses.

    Raises
    ------
    CohortError
        There is no cohort, or the destination is taken or cannot be written.
    """
    cohort = read_cohort(cohort_directory)
    cells: list[SmallCell] = []
    if de_identify:
        cohort, cells = de_identified(cohort)
    where = Path(destination)
    with replaced_directory(
        where, mark=str(MANIFEST_FILE) if fmt == "meds" else MANIFEST
    ) as folder:
        if fmt == "meds":
            write_meds(cohort, folder)
        else:
            write_cohort(_with_units(cohort) if fmt == "csv" else cohort, folder, fmt)
        if de_identify:
            rows = [f"{one.column},{one.group},<{FEW}\n" for one in cells]
            text = "column,group,courses\n" + "".join(rows)
            (folder / SMALL_CELLS).write_text(text, encoding="utf-8")
    return Shared(where, dict(cohort.manifest.counts), de_identify, cells, fmt)


def _with_units(cohort: Cohort) -> Cohort:
    """Name the unit of every number: files without it could not be read back."""
    results = cohort.measurements
    canonical = results["input"].map({n: o.unit for n, o in INPUTS.items() if not o.is_text})
    units = results["unit"].where(results["unit"].notna(), canonical)
    return replace(cohort, measurements=results.assign(unit=units))
