"""Use cases around a cohort: import one, check one, write a template or an example to fill.

Nothing here prints; the command line shows what these functions return.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from features import sources
from features.checks import CELL, Failures, check_cohort
from features.cohort_files import (
    MANIFEST,
    fingerprint,
    read_cohort,
    read_manifest,
    replaced_directory,
    write_cohort,
)
from features.errors import CohortError
from features.inputs import INPUTS
from features.row_rules import course_was_kept
from features.sources.csv.example import write_example
from features.sources.csv.template import write_template
from features.sources.synthetic import synthesize_to
from features.tables import Cohort
from training.progress import Progress, unwatched
from training.synthetic_mark import mark
from training.whole_file import whole_file

_SEVERE = 3
_SHOWN = 10
_FOLLOWS = course_was_kept.__name__


@dataclass(frozen=True)
class CohortReport:
    """What a cohort holds and what was left out; counts, rules and row numbers, never values.

    Attributes
    ----------
    counts : dict
        Rows by table.
    patients, products : int, dict
        Patients, and courses by product.
    toxicities : dict
        Toxicity -> courses graded at all, and courses ever at grade 1, 2 and 3 or more.
    missing : dict
        Input -> share of courses without a single result.
    exclusions : dict
        Rows or values left out, by rule.
    rejected : DataFrame
        Columns table, row, rule, legal of what this check left out.
    replaced : str
        The earlier cohort that stood in this place, if one did.
    unmapped : DataFrame or None
        Codes, units and answers that nobody has mapped, of records that come with codes.
    """

    name: str
    origin: str
    synthetic: bool
    resolution: str
    end_of_record: str
    grading_system: str
    fingerprint: str
    counts: dict[str, int]
    patients: int
    products: dict[str, int]
    toxicities: dict[str, dict[str, int]]
    missing: dict[str, float]
    exclusions: dict[str, int]
    notes: list[str] = field(default_factory=list)
    rejected: pd.DataFrame = field(default_factory=pd.DataFrame)
    replaced: str = ""
    unmapped: pd.DataFrame | None = None

    @property
    def excluded_by_rule(self) -> dict[str, int]:
        """Return what was left out by rule, summed over the inputs a rule names."""
        totals: dict[str, int] = {}
        for rule, count in self.exclusions.items():
            short = rule.split(":")[0]
            totals[short] = totals.get(short, 0) + count
        return dict(sorted(totals.items(), key=lambda item: -item[1]))

    def lines(self) -> list[str]:
        """Return the report as lines a person reads."""
        said = [
            f"{mark(self.synthetic)}cohort {self.name!r} from {self.origin}: "
            f"{self.counts['courses']} courses of {self.patients} patients",
            f"  days: {self.resolution}; end of record: {self.end_of_record}; "
            f"grades: {self.grading_system}",
        ]
        said += [f"  {count:>9,} {name}" for name, count in self.counts.items()]
        said += [f"  {count:>9,} courses of {name}" for name, count in self.products.items()]
        measured = sum(share < 1 for share in self.missing.values())
        said.append(f"  {measured} of {len(self.missing)} inputs measured in at least one course")
        for toxicity, counts in self.toxicities.items():
            said.append(f"  {toxicity}: " + ", ".join(f"{n} {what}" for what, n in counts.items()))
        said += self._left_out()
        if self.replaced:
            said.append(f"  replaced an earlier cohort in this place: {self.replaced}")
        said += [f"  note: {note}" for note in self.notes]
        return said

    def rejected_lines(self) -> list[str]:
        """Return one line a rule with the first rows that broke it; what follows a course last."""
        said = []
        for (table, rule), rows in self.rejected.groupby(["table", "rule"])["row"]:
            first = ", ".join(str(int(row)) for row in rows.dropna().head(_SHOWN)) or "without id"
            more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
            said.append((rule == _FOLLOWS, f"  {table}: {rule}: row {first}{more}"))
        return [line for _, line in sorted(said, key=lambda one: one[0])]

    def _left_out(self) -> list[str]:
        if not self.exclusions:
            return ["  nothing was left out"]
        rules = self.excluded_by_rule.items()
        said = ["  left out, by rule (a row counts for every rule it breaks):"]
        if any(rule.endswith(CELL) for rule in self.exclusions):
            said = [f"{said[0][:-2]}; {CELL.strip()}: one value, the row stays):"]
        return said + [f"  {count:>9,} {rule}" for rule, count in rules]


def import_cohort(
    source: str,
    path: Path | str,
    destination: Path | str,
    *,
    fmt: Literal["parquet", "csv"] = "parquet",
    progress: Progress = unwatched,
    **options: Any,
) -> CohortReport:
    """Read a cohort from elsewhere, check every row, and write it to `destination`.

    Rows that break a rule are left out, counted in ``cohort.json`` and listed in ``rejected.csv``
    by table, row and every rule they break, with what is legal. Codes that nobody has mapped are
    listed in ``unmapped.csv``. A cohort asked for ``as_published`` is written unchecked.

    Raises
    ------
    CohortError
        No such source or option, a file that cannot be used, or nothing left of it.
    """
    cohort, failures = sources.read(source, path, progress, **options)
    if cohort.courses.empty:
        raise CohortError(
            f"no course of {cohort.manifest.name} passed the checks; nothing was written."
            + "".join(f"\n{line}" for line in failures.of_courses().splitlines())
        )
    earlier = _earlier_cohort(Path(destination))
    write_cohort(cohort, destination, fmt, rejected=failures.rows, unmapped=failures.unmapped)
    return replace(report(cohort, failures), replaced=earlier)


def _earlier_cohort(directory: Path) -> str:
    """Name the cohort that stands in `directory`, with its rows; empty where none does."""
    if not (directory / MANIFEST).is_file():
        return ""
    try:
        manifest = read_manifest(directory)
    except CohortError:
        return f"its {MANIFEST} could not be read"
    rows = ", ".join(f"{count:,} {table}" for table, count in manifest.counts.items())
    return f"{manifest.name!r} from {manifest.origin} ({rows})"


def check_directory(directory: Path | str, list_to: Path | None = None) -> CohortReport:
    """Check a cohort directory, or a folder of CSV files that was not imported yet.

    Parameters
    ----------
    list_to : Path, optional
        CSV file for the rows that this check leaves out: table, row and rule.
    """
    folder = Path(directory)
    if not (folder / MANIFEST).exists() and (folder / "courses.csv").exists():
        cohort, failures = sources.read("csv", folder)
    else:
        cohort, failures = check_cohort(read_cohort(folder))
    if list_to is not None:
        with whole_file(list_to) as fresh:
            failures.rows.to_csv(fresh, index=False)
    return report(cohort, failures)


def write_synthetic(
    destination: Path | str, courses: int, seed: int, *, replace_it: bool = False
) -> CohortReport:
    """Write a synthetic cohort with its true risks to `destination`.

    Raises
    ------
    CohortError
        A cohort stands there and is not to be replaced, or `destination` holds something else.
    """
    earlier = _earlier_cohort(Path(destination))
    if earlier and not replace_it:
        raise CohortError(
            f"{destination} holds a cohort already: {earlier}. Name another place, or say "
            "--replace to replace it."
        )
    synthesize_to(destination, courses, seed)
    return replace(check_directory(destination), replaced=earlier)


def write_csv_template(destination: Path | str) -> Path:
    """Write empty CSV files for a site to fill, with their dictionary, into a new folder."""
    return _into_a_new_folder(destination, write_template)


def write_csv_example(destination: Path | str, courses: int = 200, seed: int = 7) -> Path:
    """Write a small made-up cohort as CSV files, with their dictionary, into a new folder."""
    if courses < 1:
        raise CohortError(f"an example of {courses} courses cannot be written; ask for 1 or more.")
    return _into_a_new_folder(destination, lambda folder: write_example(folder, courses, seed))


def _into_a_new_folder(destination: Path | str, write: Callable[[Path], None]) -> Path:
    # The mark is a file that no folder holds: what a site has filled is never replaced.
    with replaced_directory(destination, mark=".never") as folder:
        write(folder)
    return Path(destination)


def report(cohort: Cohort, failures: Failures) -> CohortReport:
    """Count what `cohort` holds."""
    manifest = cohort.manifest
    return CohortReport(
        name=manifest.name,
        origin=manifest.origin,
        synthetic=manifest.synthetic,
        resolution=manifest.resolution,
        end_of_record=manifest.end_of_record,
        grading_system=manifest.grading_system,
        fingerprint=fingerprint(cohort),
        counts=dict(manifest.counts),
        patients=int(cohort.courses["patient_id"].nunique()),
        products={
            str(name): int(n) for name, n in cohort.courses["product"].value_counts().items()
        },
        toxicities=_toxicities(cohort),
        missing=_missing(cohort),
        exclusions=dict(manifest.exclusions),
        notes=list(manifest.notes),
        rejected=failures.rows,
        unmapped=failures.unmapped,
    )


def _toxicities(cohort: Cohort) -> dict[str, dict[str, int]]:
    highest = cohort.grades.groupby(["toxicity", "course_id"])["grade"].max()
    return {
        str(toxicity): {
            "graded": len(of_courses),
            **{
                f"grade >= {least}": int((of_courses >= least).sum())
                for least in range(1, _SEVERE + 1)
            },
        }
        for toxicity, of_courses in highest.groupby(level="toxicity")
    }


def _missing(cohort: Cohort) -> dict[str, float]:
    measured = cohort.measurements.groupby("input")["course_id"].nunique()
    courses = max(len(cohort.courses), 1)
    return {name: round(1 - int(measured.get(name, 0)) / courses, 4) for name in INPUTS}
