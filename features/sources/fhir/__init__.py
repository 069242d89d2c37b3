"""FHIR R4 records: Bundles and bulk NDJSON, read by our own light reader.

What is read: Patient, Condition, Observation (with its components), MedicationAdministration (with
the Medication it refers to, contained or not), Procedure and Encounter. A source is a file or a
folder, packed or not (``files.py``), and is read twice: once for who was infused, once for their
records. Memory is bounded by the patients with an infusion.

What is decided here:

- Observations count when final, amended or corrected; administrations and procedures when
  completed, in progress or stopped. What was entered in error, and refuted conditions, is left out.
  Of several versions of one record the latest counts (``meta.lastUpdated``, else ``versionId``,
  else the later row). Each is counted by a named rule.
- A result is known when it was ``issued``; without it, when it was taken plus the delay that the
  mapping file declares for its input. The result of a period counts from its end.
- A timestamp with an offset is exact. One without, and a date, is that of the ``time_zone`` of the
  site, and is left out when none is given (the date of a diagnosis may be off by a day and is
  kept). An hour that a change of the clock doubles or skips is left out by a named rule, and is the
  later one where it tells when something ended or became known (``site_zone.py``). A date counts at
  the end of its day. A year or a month cannot be placed; of a birth date it gives an age within
  half a year.
- Codes match by system and code; of several codings the first that means something. Codings that
  mean two different things leave the record out.
- One patient of two ids (a Patient that links to another, or the same identifier with the same
  birth date and sex) is kept under one; two patients of one id are left out.

Not carried by FHIR as it is read here: the second dose and lymphodepletion as such (they follow
from administrations), bridging, prior lines, tumour burden and the like unless the mapping names
their codes, the cause of death, late events, and by whom a grade was seen.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.checks import Failures
from features.errors import CohortError
from features.sources.fhir.files import FhirFiles
from features.sources.fhir.records import FhirRecords, Progress
from features.sources.fhir.times import Clock
from features.sources.options import Option, checked, with_defaults
from features.sources.records.assembling import cohort_of_events
from features.sources.records.event_failures import failures_of, listed
from features.sources.records.settings import SHARED, manifest_of, site_mapping_of
from features.sources.site_zone import zone_called
from features.tables import Cohort, Manifest

OPTIONS = (
    Option(
        "time_zone",
        "IANA name, as Europe/Berlin, of dates and of timestamps without an offset",
        unsaid="without it these are left out",
    ),
    *SHARED,
    Option("site", "what the hospital is called", unsaid="default as the records name it"),
)
TELLS_PROGRESS = True


def _unwatched(step: str, done: int, total: int) -> None:
    """Show nothing."""


def load(path: Path, **options: Any) -> Cohort:
    """Read the records at `path` and leave out what breaks a rule; see :func:`read`."""
    return read(path, **options)[0]


def read(
    path: Path,
    *,
    progress: Progress = _unwatched,
    now: datetime | None = None,
    **options: Any,
) -> tuple[Cohort, Failures]:
    """Read the records at `path`; list what breaks a rule.

    Parameters
    ----------
    progress : callable
        Told the step, and megabytes done and in all.
    now : datetime, optional
        What lies after it is left out.
    options
        Of :data:`OPTIONS`.

    Returns
    -------
    cohort : Cohort
        ``source_row`` counts through all files, as ``files.py`` says.
    failures : Failures
        Rows count in the file that is named beside them, where there are several. Its ``unmapped``
        holds the codes, units and answers that nobody has mapped.

    Raises
    ------
    CohortError
        Nothing to read, a damaged or overlarge file, an illegal option, or no infusion.
    """
    said = with_defaults(OPTIONS, checked("fhir", OPTIONS, options))
    zone = None if said["time_zone"] is None else zone_called(str(said["time_zone"]))
    mapping = site_mapping_of(said)
    manifest = manifest_of("fhir", path.resolve().name, said, {})
    files = FhirFiles(path)
    records = FhirRecords(files, Clock(zone), mapping.codes(), progress)
    try:
        cohort, failures = cohort_of_events(
            records, manifest, mapping,
            time_zone=zone or UTC, now=now, as_published=said["as_published"],
        )  # fmt: skip
    except CohortError as refused:
        raise CohortError(f"{path.name}: {refused}{_counts(records)}") from None
    if said["site"] is not None:
        cohort.courses["site"] = str(said["site"])
    _remark(manifest, records)
    for rule, count in records.left_out_counts.items():
        manifest.exclusions[f"line.{rule}"] = count
    early = listed(records.left_out, ["line"] * len(records.left_out))
    rows = pd.concat([early, failures.rows], ignore_index=True)
    rows["file"], rows["row"] = files.places(rows["row"])
    everything = failures_of(early.iloc[:0], rows)
    everything.unmapped = failures.unmapped
    return cohort, everything


def _counts(records: FhirRecords) -> str:
    counts = records.left_out_counts.most_common()
    return "".join(f"\n  line.{rule}: {count}" for rule, count in counts)


def _remark(manifest: Manifest, records: FhirRecords) -> None:
    told = (
        (records.people.merged, "ids are another id of a patient; the records are kept under one."),
        (
            records.reading.rough_birth_dates,
            "birth dates name only a year or month: ages are right within half a year.",
        ),
        (records.reading.undated_deaths, "patients are said to be dead without a date."),
    )
    manifest.notes += [f"{count} {words}" for count, words in told if count]


__all__ = ["OPTIONS", "load", "read"]
