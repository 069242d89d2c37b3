"""From champions to what is served: one release, in the work folder and in the BentoML store.

Releases form a chain: each names the digest of the one before it. To bring a release back
(`training.restore`) is to make a new one of the same models, so that the chain says what could
answer at any time.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.errors import ReleaseError
from features.telemetry import switch_off_telemetry
from models.release import ReleaseRecord, build_release, verify_chain
from training import registry
from training.chained_record import append_entry, read_entries
from training.registry import Version
from training.release_facts import release_facts
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

STORE_NAME = "vigicell-release"
TAG_LENGTH = 16  # of the 64 digits of a digest; the whole of it is in the metadata
RELEASED = "released"


@dataclass(frozen=True)
class Champions:
    """Model directories of the champions, and what the release says of each, by question."""

    models: Mapping[str, Path]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Exported:
    """A release that was built; `tag` is empty where it was not put in the BentoML store."""

    record: ReleaseRecord
    tag: str = ""


def export_champions(
    store: TrackingStore, folder: WorkFolder, who: str, why: str, only: tuple[str, ...] = ()
) -> Exported:
    """Build the next release of the champions and put it in the BentoML store.

    Parameters
    ----------
    only : tuple of str
        Questions to release; all that have a champion by default.

    Raises
    ------
    ReleaseError
        Where there is no champion, some learnt from real and some from synthetic cohorts, or the
        chain of releases does not verify.
    """
    with _champions(store, only) as champions:
        return next_release(folder, champions, who, why)


def export_to(
    store: TrackingStore, destination: Path, who: str, why: str, only: tuple[str, ...] = ()
) -> Exported:
    """Write the champions to a directory and nowhere else: such a release is not in the chain."""
    with _champions(store, only) as found:
        now = datetime.now(UTC)
        return Exported(build_release(destination, found.models, who, why, now, facts=found.facts))


def release_chain(folder: WorkFolder) -> list[ReleaseRecord]:
    """Return the releases, first to last, after checking every file of them against the record.

    Raises
    ------
    ReleaseError
        Where a release was changed, one is missing, or the record does not know of one.
    """
    recorded = [entry["release"] for entry in releases_recorded(folder)]
    chain = verify_chain(folder.releases)
    digests = [record.digest for record in chain]
    if digests[: len(recorded)] != recorded:
        raise ReleaseError(
            f"The releases in {folder.releases} are not those that {folder.gate_record.name} "
            f"records: one was changed or is missing. Restore the folder from a backup."
        )
    if len(digests) > len(recorded):
        raise ReleaseError(
            f"{folder.gate_record.name} does not know of {chain[len(recorded)].directory}. If the "
            "record was cut, restore it from a backup. If an export was stopped before it was "
            "recorded, that release never answered: move its directory away."
        )
    return chain


def releases_recorded(folder: WorkFolder) -> list[dict[str, Any]]:
    """Return the entries of the record that speak of a release, oldest first."""
    return [entry for entry in read_entries(folder.gate_record) if entry["what"] == RELEASED]


@contextmanager
def _champions(store: TrackingStore, only: tuple[str, ...]) -> Iterator[Champions]:
    """Download every champion; the copies are gone after the block."""
    asked = only or tuple(registry.questions(store))
    found = {name: registry.at_alias(store, name, registry.CHAMPION) for name in asked}
    without = [name for name, version in found.items() if version is None]
    champions = {name: version for name, version in found.items() if version is not None}
    if not champions or (only and without):
        raise ReleaseError(
            f"No champion for {', '.join(without) or 'any question'}. Fit a plan, then let it pass "
            "the gate with `python -m training promote`."
        )
    _check_one_kind(champions)
    facts = {name: release_facts(store, version) for name, version in champions.items()}
    with TemporaryDirectory() as place:
        models = {
            name: registry.fetch(store, version, Path(place)) for name, version in champions.items()
        }
        yield Champions(models, facts)


def _check_one_kind(champions: Mapping[str, Version]) -> None:
    """Keep models of made-up patients and of real ones apart: one release serves one kind."""
    synthetic = [name for name, version in champions.items() if version.synthetic]
    real = [name for name, version in champions.items() if not version.synthetic]
    if synthetic and real:
        raise ReleaseError(
            "A release holds models of real cohorts or of synthetic ones, never both. Of real "
            f"cohorts: {', '.join(real)}. Of synthetic cohorts: {', '.join(synthetic)}. Release "
            f"one kind with --only {' '.join(real)}, or promote models of the same kind for the "
            "other questions."
        )


def next_release(
    folder: WorkFolder, champions: Champions, who: str, why: str, brings_back: str = ""
) -> Exported:
    """Build the next release of the chain, record it and put it in the BentoML store.

    Parameters
    ----------
    brings_back : digest of the release whose models these are, where it is a return.
    """
    chain = release_chain(folder)
    previous = chain[-1].directory if chain else None
    now = datetime.now(UTC)
    destination = folder.releases / f"{len(chain) + 1:04d}-{now:%Y%m%dT%H%M%SZ}"
    record = build_release(destination, champions.models, who, why, now, previous, champions.facts)
    append_entry(
        folder.gate_record,
        {
            "what": RELEASED,
            "release": record.digest,
            "models": dict(record.model_digests),
            "brings_back": brings_back,
            "who": who,
            "why": why,
            "when": record.when,
        },
    )
    return Exported(record, put_in_store(record))


@cache
def import_bentoml() -> Any:
    """Import BentoML once, silent towards its makers and without its own warnings."""
    switch_off_telemetry()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # BentoML 1.4 warns of its own dependencies
        import bentoml
        import bentoml.exceptions
        import bentoml.models
    return bentoml


def put_in_store(record: ReleaseRecord) -> str:
    """Copy a release into the BentoML store as its newest version and return the tag.

    Raises
    ------
    ReleaseError
        Where the store cannot be written; the release itself is complete.
    """
    bentoml = import_bentoml()
    try:
        with bentoml.models.create(
            f"{STORE_NAME}:{record.digest[:TAG_LENGTH]}",
            labels={"synthetic": str(record.synthetic).lower()},
            metadata={"digest": record.digest, "when": record.when},
        ) as stored:
            shutil.copytree(record.directory, stored.path, dirs_exist_ok=True)
    except (OSError, bentoml.exceptions.BentoMLException) as error:
        raise ReleaseError(
            f"The release is complete in {record.directory}, but the BentoML store does not take "
            f"it ({type(error).__name__}). Serve it with VIGICELL_RELEASE={record.directory}."
        ) from error
    return str(stored.tag)
