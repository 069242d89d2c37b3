"""The origins a cohort can be read from: one module an origin, imported when asked for.

A loader is a function ``load(path, **options) -> Cohort`` in ``features.sources.<name>``. To add an
origin, write the module and name it here.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from features.checks import Failures, check_cohort
from features.errors import CohortError
from features.tables import Cohort

SOURCES: tuple[str, ...] = ("csv", "nulisa", "unicar")


def load(source: str, path: Path | str, **options: Any) -> Cohort:
    """Read the cohort at `path` with the loader called `source`.

    Raises
    ------
    CohortError
        No such source, no such option, or the file cannot be used.
    """
    cohort: Cohort = _loader(source, options).load(Path(path), **options)
    return cohort


def read(source: str, path: Path | str, **options: Any) -> tuple[Cohort, Failures]:
    """Read a cohort like :func:`load`, and list every row that breaks a rule of the tables.

    A cohort asked for ``as_published`` is left as it is.
    """
    loader = _loader(source, options)
    if hasattr(loader, "read"):  # a loader that knows the rows of its files lists them itself
        listed: tuple[Cohort, Failures] = loader.read(Path(path), **options)
        return listed
    cohort: Cohort = loader.load(Path(path), **options)
    return (cohort, Failures()) if options.get("as_published") else check_cohort(cohort)


def _loader(source: str, options: Mapping[str, Any]) -> ModuleType:
    if source not in SOURCES:
        raise CohortError(f"source {source!r} is not known; sources: {', '.join(SOURCES)}.")
    loader = import_module(f"features.sources.{source}")
    unknown = sorted(set(options) - set(loader.OPTIONS))
    if unknown:
        legal = ", ".join(loader.OPTIONS)
        raise CohortError(f"source {source!r} has no option {unknown[0]!r}; options: {legal}.")
    return loader
