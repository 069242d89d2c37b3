"""The manifest of a cohort from CSV files: what was declared, and what is said of the files."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_files import MANIFEST, read_manifest
from features.errors import CohortError
from features.sources.csv.settings import DEFAULTS
from features.sources.csv.table_files import TableFile
from features.sources.records.delays import declared_delays
from features.tables import Manifest

DAY_COLUMNS = {"measurements": "day", "treatments": "start_day", "grades": "day"}


def manifest_of(
    path: Path, settings: Mapping[str, Any], files: Mapping[str, TableFile]
) -> Manifest:
    """Return the manifest; that of a shared folder keeps its origin, notes and known faults."""
    shared = (path / MANIFEST).is_file()
    manifest = replace(
        read_manifest(path) if shared else Manifest(name="", origin="csv"),
        name=str(settings.get("name", path.resolve().name)),
        resolution=settings["resolution"],
        end_of_record=settings.get("end_of_record", DEFAULTS["end_of_record"]),
        grading_system=settings.get("grading_system", DEFAULTS["grading_system"]),
        synthetic=settings["synthetic"],
        delays=declared_delays(settings.get("delays", {})),
    )
    manifest.notes += [remark for one in files.values() for remark in one.remarks]
    manifest.notes += _remarks_on_spelling(files)
    manifest.notes += _remarks_on_time(manifest.resolution, files)
    return manifest


def _remarks_on_spelling(files: Mapping[str, TableFile]) -> list[str]:
    counts = {
        f"{name}.{column}": count
        for name, one in files.items()
        for column, count in one.respelt.items()
    }
    if not counts:
        return []
    places = ", ".join(f"{place} {count}" for place, count in counts.items())
    return [f"{sum(counts.values())} cells were respelt as the columns have it: {places}."]


def _remarks_on_time(resolution: str, files: Mapping[str, TableFile]) -> list[str]:
    remarks = []
    whole = True
    for name, column in DAY_COLUMNS.items():
        rows = files[name].rows
        if column not in rows or rows.empty:
            continue
        days = pd.to_numeric(rows[column], errors="coerce")
        fractions = int((days % 1 != 0).sum() - days.isna().sum())
        whole &= fractions == 0
        if resolution == "day" and fractions:
            raise CohortError(
                f"{files[name].label}: resolution is 'day', but {fractions} of {len(rows)} days "
                'carry hours. Say resolution = "instant", or round the days down.'
            )
        unknown = len(rows) if "known_day" not in rows else int(rows["known_day"].isna().sum())
        if unknown:
            then = "at the end of its day" if resolution == "day" else "at once"
            remarks.append(
                f"{files[name].label}: {unknown} rows without known_day are taken as known {then}, "
                "plus the declared delay of the input."
            )
    if whole and resolution == "instant":
        remarks.append("Every day is a whole number: is resolution 'day' meant?")
    return remarks
