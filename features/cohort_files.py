"""Cohorts on disk: a directory of Parquet or CSV tables and ``cohort.json``, whole or absent."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.tables import TABLES, Cohort, Manifest, conform, finished, no_course_in_common

MANIFEST = "cohort.json"
REJECTED = "rejected.csv"
UNMAPPED = "unmapped.csv"


def read_manifest(directory: str | Path) -> Manifest:
    """Read ``cohort.json``.

    Raises
    ------
    CohortError
        It is absent, is no JSON, or holds unknown keys or illegal values.
    """
    path = Path(directory) / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CohortError(
            f"{directory} is no cohort: it has no {MANIFEST}. "
            "Make one with `python -m training import` or `synthesize`."
        ) from None
    except NotADirectoryError:
        raise CohortError(
            f"{directory} is a file; a cohort is a directory that holds {MANIFEST}."
        ) from None
    except (OSError, ValueError) as error:
        raise CohortError(f"{path} cannot be read: {error}.") from None
    return manifest_from(path, content)


def manifest_from(path: Path, content: Any) -> Manifest:
    """Return the manifest that `content` of the file at `path` says.

    Raises
    ------
    CohortError
        Unknown keys, absent ones, or illegal values.
    """
    if not isinstance(content, dict):
        raise CohortError(f"{path} holds no table of keys. Import the cohort again.")
    legal = {one.name for one in fields(Manifest)}
    unknown = sorted(set(content) - legal)
    if unknown:
        raise CohortError(
            f"{path}: unknown {', '.join(unknown)}; legal: {', '.join(sorted(legal))}."
        )
    absent = [name for name in ("name", "origin") if not isinstance(content.get(name), str)]
    if absent:
        raise CohortError(f"{path}: {absent[0]} is a text and may not be absent.")
    return Manifest(**content)


def read_cohort(directory: str | Path) -> Cohort:
    """Read a cohort directory; a table may be ``.parquet`` or ``.csv``, an absent one is empty."""
    manifest = read_manifest(directory)
    tables: dict[str, pd.DataFrame] = {}
    for name, table in TABLES.items():
        frame, unreadable = conform(read_table(Path(directory), name), table)
        if unreadable:
            rule, mask = next(iter(unreadable.items()))
            raise CohortError(
                f"{directory}: table {name}: {int(mask.sum())} rows break {rule}. "
                "Import the files again to have them listed."
            )
        _refuse_strangers(Path(directory), name, frame, tables)
        tables[name] = frame
    return finished(tables, manifest)


def _refuse_strangers(
    directory: Path, name: str, frame: pd.DataFrame, read: Mapping[str, pd.DataFrame]
) -> None:
    """Refuse a table of which no row has a known course: it would count as a table without rows."""
    if name == "courses" or frame.empty:
        return
    if not frame["course_id"].isin(read["courses"]["course_id"]).any():
        raise CohortError(f"{directory}: table {name}: {no_course_in_common(len(frame))}")


def read_table(directory: Path, name: str) -> pd.DataFrame | None:
    """Read one table as it was written; None where there is none."""
    parquet, csv = directory / f"{name}.parquet", directory / f"{name}.csv"
    try:
        if parquet.exists():
            return pd.read_parquet(parquet)
        if csv.exists():
            return pd.read_csv(csv, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise CohortError(f"{directory}: table {name} cannot be read: {error}.") from None
    return None


def write_cohort(
    cohort: Cohort,
    directory: str | Path,
    fmt: Literal["parquet", "csv"] = "parquet",
    rejected: pd.DataFrame | None = None,
    unmapped: pd.DataFrame | None = None,
) -> Path:
    """Write a cohort; an earlier cohort at `directory` is replaced whole or stays as it was.

    Parameters
    ----------
    rejected : DataFrame, optional
        What was left out (table, row, rule, legal), written beside the tables.
    unmapped : DataFrame, optional
        Codes, units and answers that nobody has mapped, written beside the tables.

    Raises
    ------
    CohortError
        The place is taken by something else or cannot be written.
    """
    with replaced_directory(directory, MANIFEST) as fresh:
        for name in TABLES:
            frame = cohort.table(name)
            if fmt == "parquet":
                frame.to_parquet(fresh / f"{name}.parquet", index=False)
            else:
                frame.to_csv(fresh / f"{name}.csv", index=False)
        if rejected is not None:
            rejected.to_csv(fresh / REJECTED, index=False)
        if unmapped is not None:
            unmapped.to_csv(fresh / UNMAPPED, index=False)
        write_manifest(cohort.manifest, fresh)
    return Path(directory)


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write ``cohort.json`` into `directory`."""
    text = json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False, sort_keys=True)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


@contextmanager
def replaced_directory(directory: str | Path, mark: str) -> Iterator[Path]:
    """Yield an empty sibling that takes the place of `directory` when the block ends well.

    Parameters
    ----------
    mark : str
        File that an existing `directory` must hold to be replaced; anything else is left alone.

    Raises
    ------
    CohortError
        `directory` is a file, holds something else than `mark`, or cannot be written (a full disk,
        no permission); what was there before is whole.
    """
    target = Path(directory)
    try:
        _refuse_what_is_no(mark, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            yield fresh
            _sync(fresh)
            _swap(fresh, target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as failure:
        raise CohortError(
            f"{target} could not be saved: {os.strerror(failure.errno or errno.EIO)}. What was "
            "there before is unchanged. Make room, or choose a place that can be written."
        ) from failure


def _refuse_what_is_no(mark: str, target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise CohortError(f"{target} is a file; choose a directory.")
    if target.exists() and any(target.iterdir()) and not (target / mark).exists():
        raise CohortError(
            f"{target} is not empty and holds something else; choose another directory."
        )


def _sync(directory: Path) -> None:
    for path in directory.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(fresh: Path, target: Path) -> None:
    fresh.chmod(0o755)
    if not target.exists():
        fresh.rename(target)
        return
    aside = fresh.with_name(fresh.name + "-old")
    target.rename(aside)
    try:
        fresh.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


_MEANING = ("resolution", "end_of_record", "grading_system", "synthetic")


def fingerprint(cohort: Cohort) -> str:
    """Return a SHA-256 over what the cohort says; the order of rows does not count."""
    digest = hashlib.sha256()
    meaning = cohort.manifest.to_dict()
    digest.update(json.dumps([meaning[key] for key in _MEANING]).encode())
    for name in TABLES:
        frame = cohort.table(name)
        digest.update(f"{name}:{len(frame)}".encode())
        if len(frame):
            rows = pd.util.hash_pandas_object(frame, index=False).to_numpy()
            digest.update(np.sort(rows).tobytes())
    return digest.hexdigest()
