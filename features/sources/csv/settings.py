"""What CSV files cannot say about themselves: ``cohort.toml`` beside them, or options.

A folder that was shared as CSV says it in ``cohort.json``, the manifest of its cohort.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from features.cohort_files import MANIFEST, read_manifest
from features.errors import CohortError
from features.sources.options import (
    GRADING_SYSTEM,
    NAME,
    RECORD_END,
    RESOLUTION,
    SYNTHETIC,
    Option,
    stated_flag,
)

OF_MANIFEST = (
    replace(RESOLUTION, default=None, unsaid="must be said here or in cohort.toml or the mapping"),
    RECORD_END,
    replace(GRADING_SYSTEM, default="ASTCT"),
    NAME,
    Option("delays", "days from taken to known by input; a table, so only in the file"),
    SYNTHETIC,
)
SETTINGS = (*OF_MANIFEST, Option("time_zone", "of times that name none, an IANA name"))
KEYS = tuple(one.name for one in SETTINGS)
DEFAULTS = {one.name: one.default for one in SETTINGS}
SETTINGS_FILE = "cohort.toml"


def csv_settings(path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the folder at `path`: of ``cohort.json``, over it ``cohort.toml``.

    Options that are not None come first.

    Raises
    ------
    CohortError
        No folder, a file that is no TOML, an unknown key, or no ``resolution``.
    """
    if not path.is_dir():
        raise CohortError(f"{path.name} is no folder. Give the folder that holds courses.csv.")
    settings: dict[str, Any] = {}
    if (path / MANIFEST).exists():
        shared = read_manifest(path).to_dict()
        settings = {one.name: shared[one.name] for one in OF_MANIFEST}
    file = path / SETTINGS_FILE
    if file.exists():
        try:
            settings |= tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CohortError(f"{SETTINGS_FILE} cannot be read: {error}.") from None
    settings |= {key: value for key, value in options.items() if value is not None}
    return checked_settings(settings, SETTINGS_FILE)


def checked_settings(settings: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return the settings that `file` and the options gave; refuse as :func:`csv_settings` does."""
    made = dict(settings)
    unknown = sorted(set(made) - set(KEYS))
    if unknown:
        legal = ", ".join(KEYS)
        raise CohortError(f"{file}: {unknown[0]!r} is not known; legal: {legal}.")
    # A word not understood must not turn made-up rows into patients.
    made["synthetic"] = stated_flag("synthetic", made.get("synthetic", False))
    if "resolution" not in made:
        raise CohortError(
            'say whether the days carry hours: put resolution = "instant" (day 2.5 is 60 '
            'hours after the start of the infusion) or resolution = "day" (only the number of the '
            f"day) into {file}, or "
            "give it as an option. It decides what a landmark may see."
        )
    return made
