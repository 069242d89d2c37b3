"""The origins a cohort can be read from: one module an origin, imported when asked for.

A loader is a function ``load(path, **options) -> Cohort`` in ``features.sources.<name>``. To add an
origin, write the module and name it here.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from features.checks import Failures, check_cohort
from features.errors import CohortError
from features.sources.options import Option, checked
from features.tables import Cohort

SOURCES: tuple[str, ...] = ("bwh", "csv", "fhir", "meds", "nulisa", "omop", "unicar")
Progress = Callable[[str, int, int], None]


def load(source: str, path: Path | str, **options: Any) -> Cohort:
    """Read the cohort at `path` with the loader called `source`.

    Every source has the option ``as_published``: what stands in the file, defects and all, for the
    leakage audit. It may be given as the word "true" or "false".

    Raises
    ------
    CohortError
        No such source, no such option, or the file cannot be used.
    """
    loader, said = _loader(source, options)
    cohort: Cohort = loader.load(place_of(path), **said)
    return cohort


def read(
    source: str, path: Path | str, progress: Progress | None = None, /, **options: Any
) -> tuple[Cohort, Failures]:
    """Read a cohort like :func:`load`, and list every row that breaks a rule of the tables.

    A loader of long files tells `progress` the step, how many parts are done and of how many.

    A cohort asked for ``as_published`` is left as it is; only a loader that reads files of any site
    lists what it could not read of them.
    """
    loader, said = _loader(source, options)
    if hasattr(loader, "read"):  # a loader that knows the rows of its files lists them itself
        if progress is not None and getattr(loader, "TELLS_PROGRESS", False):
            said["progress"] = progress
        listed: tuple[Cohort, Failures] = loader.read(place_of(path), **said)
        return listed
    cohort: Cohort = loader.load(place_of(path), **said)
    return (cohort, Failures()) if said.get("as_published") else check_cohort(cohort)


def place_of(path: Path | str) -> Path | str:
    """Return a path, or the address of a server as it came."""
    return path if isinstance(path, str) and "://" in path else Path(path)


def options_of(source: str) -> tuple[Option, ...]:
    """Return what `source` can be asked.

    Raises
    ------
    CohortError
        No such source.
    """
    options: tuple[Option, ...] = _module(source).OPTIONS
    return options


def _loader(source: str, options: Mapping[str, Any]) -> tuple[ModuleType, dict[str, Any]]:
    """Return the loader of `source` and its options, checked and with the flags read."""
    loader = _module(source)
    return loader, checked(source, loader.OPTIONS, options)


def _module(source: str) -> ModuleType:
    if source not in SOURCES:
        raise CohortError(f"source {source!r} is not known; sources: {', '.join(SOURCES)}.")
    return import_module(f"features.sources.{source}")
