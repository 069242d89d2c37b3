"""What CSV files cannot say about themselves: ``cohort.toml`` beside them, or options.

A folder that was shared as CSV says it in ``cohort.json``, the manifest of its cohort.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.cohort_files import MANIFEST, read_manifest
from features.errors import CohortError
from features.sources.flags import stated_flag

OF_MANIFEST = ("resolution", "end_of_record", "grading_system", "name", "delays", "synthetic")
KEYS = (*OF_MANIFEST, "time_zone")
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
        settings = {key: shared[key] for key in OF_MANIFEST}
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
