"""What CSV files cannot say about themselves: ``cohort.toml`` beside them, or options."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

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

SETTINGS = (
    replace(RESOLUTION, default=None, unsaid="must be said here or in cohort.toml or the mapping"),
    RECORD_END,
    replace(GRADING_SYSTEM, default="ASTCT"),
    NAME,
    Option("delays", "days from taken to known by input; a table, so only in the file"),
    SYNTHETIC,
)
KEYS = tuple(one.name for one in SETTINGS)
DEFAULTS = {one.name: one.default for one in SETTINGS}
SETTINGS_FILE = "cohort.toml"


def csv_settings(path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the folder at `path`; options that are not None come first.

    Raises
    ------
    CohortError
        No folder, a file that is no TOML, an unknown key, or no ``resolution``.
    """
    if not path.is_dir():
        raise CohortError(f"{path.name} is no folder. Give the folder that holds courses.csv.")
    settings: dict[str, Any] = {}
    file = path / SETTINGS_FILE
    if file.exists():
        try:
            settings = tomllib.loads(file.read_text(encoding="utf-8-sig"))
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
