"""A release: the models that answer together, who put them there, when, why and after what.

A directory with ``release.json`` and ``models/<question>/`` for every question. The digest of a
release is that of ``release.json``, which holds the digest of every model and of the release
before: the chain of releases is the record of promotions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from features.errors import ModelFormatError, ReleaseError
from models.risk_model import RiskModel, digest
from models.sealed_directory import (
    check_version,
    json_bytes,
    parsed_json,
    read_files,
    write_directory,
)

FORMAT = "vigicell-release"
FORMAT_VERSION = 1
RECORD = "release.json"
MODELS = "models"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class ReleaseRecord:
    """What ``release.json`` says.

    Parameters
    ----------
    digest : str
        SHA-256 of the file itself.
    previous : str or None
        Digest of the release before; None for the first.
    who, why : str
        The person who promoted, and the reason given.
    when : str
        ISO 8601 with offset.
    model_digests : mapping of question to digest
    synthetic : bool
        Whether any model was trained on made-up patients.
    directory : Path
    facts : mapping of question to plain JSON
        How each model was judged when it was released; empty for older releases.
    """

    digest: str
    previous: str | None
    who: str
    why: str
    when: str
    model_digests: Mapping[str, str]
    synthetic: bool
    directory: Path
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what may be shown of the release, without where it lies."""
        shown = {key: value for key, value in self.__dict__.items() if key != "directory"}
        return {**shown, "model_digests": dict(self.model_digests), "facts": dict(self.facts)}


@dataclass(frozen=True, eq=False)
class Release:
    """A release with its models loaded."""

    record: ReleaseRecord
    models: Mapping[str, RiskModel]

    @property
    def digest(self) -> str:
        """Digest of the release."""
        return self.record.digest

    @property
    def digests(self) -> Mapping[str, str]:
        """Digest of each model, by question."""
        return self.record.model_digests

    @property
    def synthetic(self) -> bool:
        """Whether any model was trained on made-up patients."""
        return any(model.synthetic for model in self.models.values())


def build_release(
    destination: Path | str,
    models: Mapping[str, Path | str],
    who: str,
    why: str,
    when: datetime,
    previous: Path | str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> ReleaseRecord:
    """Put model directories together as a release, whole or not at all.

    Parameters
    ----------
    destination : Path
        A new or empty directory: a release is never replaced, the next one refers to it.
    models : mapping of question name to model directory
    who, why : str
        The person who promotes and the reason; neither may be empty.
    when : datetime
        With a time zone.
    previous : Path, optional
        Directory of the release before; None only for the first.
    facts : mapping of question to plain JSON, optional
        How each model was judged and who overrode what; kept in the record, never a row of a
        cohort.

    Raises
    ------
    ReleaseError
        If a part is missing, the destination is taken, a model answers another question than it is
        listed for, facts are of a question that has no model, or it cannot be written.
    ModelFormatError
        If a model directory cannot be trusted, or facts are not plain JSON.
    """
    target, known = Path(destination), dict(facts or {})
    _check_arguments(target, models, who, why, when)
    _check_facts(models, known)
    files: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    synthetic = False
    for asked, place in models.items():
        own = read_files(Path(place))
        model = RiskModel.from_files(own)
        if model.question.name != asked:
            raise ReleaseError(
                f"the model listed for {asked} answers {model.question.name}; list it under that."
            )
        digests[asked], synthetic = model.digest, synthetic or model.synthetic
        files |= {f"{MODELS}/{asked}/{name}": content for name, content in own.items()}
    files[RECORD] = json_bytes(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "previous": None if previous is None else read_record(previous).digest,
            "who": who,
            "when": when.isoformat(),
            "why": why,
            "synthetic": synthetic,
            "models": digests,
            **({"facts": known} if known else {}),
        }
    )
    try:
        write_directory(target, files, mark=RECORD)
    except ModelFormatError as failure:
        raise ReleaseError(str(failure)) from failure.__cause__
    return read_record(target)


def read_record(directory: Path | str) -> ReleaseRecord:
    """Read ``release.json`` alone.

    Raises
    ------
    ReleaseError
        If it is missing, unreadable or of a newer format.
    """
    place = Path(directory)
    path = place / RECORD
    if not path.is_file():
        raise ReleaseError(f"{place} holds no {RECORD}: it is no release, or half of one.")
    content = path.read_bytes()
    try:
        said = parsed_json({RECORD: content}, RECORD)
        if not isinstance(said, dict) or said.get("format") != FORMAT:
            raise ReleaseError(f"{RECORD} in {place} does not describe a {FORMAT}.")
        check_version(said, FORMAT, FORMAT_VERSION)
        return _record(said, hashlib.sha256(content).hexdigest(), place)
    except ModelFormatError as failure:
        raise ReleaseError(f"{place}: {failure}") from None
    except (KeyError, TypeError, AttributeError) as failure:
        raise ReleaseError(
            f"{RECORD} in {place} lacks an entry or has a wrong one: {failure}"
        ) from (None)


def _record(said: Mapping[str, Any], own_digest: str, place: Path) -> ReleaseRecord:
    digests = {str(asked): str(found) for asked, found in said["models"].items()}
    strange = [asked for asked in digests if not _PLAIN_NAME.fullmatch(asked)]
    if strange or not digests:
        raise ReleaseError(f"{RECORD} in {place} lists no model, or one under an illegal name.")
    return ReleaseRecord(
        own_digest,
        said["previous"],
        said["who"],
        said["why"],
        said["when"],
        digests,
        bool(said["synthetic"]),
        place,
        {str(asked): dict(found) for asked, found in said.get("facts", {}).items()},
    )


def load_release(directory: Path | str) -> Release:
    """Load a release and check every file that it vouches for.

    Raises
    ------
    ReleaseError
        If ``release.json`` is missing, unreadable or of a newer format, a model is missing or not
        listed, or a model is not the one that was released.
    ModelFormatError
        If a model directory is incomplete or of a newer format.
    """
    record = read_record(directory)
    _check_listed(record)
    models = {}
    for asked, promised in record.model_digests.items():
        model = RiskModel.load(record.directory / MODELS / asked)
        if model.digest != promised:
            raise ReleaseError(f"the model of {asked} is not the one that was released.")
        if model.question.name != asked:
            raise ReleaseError(f"the model listed for {asked} answers {model.question.name}.")
        models[asked] = model
    return Release(record, models)


def verify_chain(releases: Path | str, head: str | None = None) -> list[ReleaseRecord]:
    """Check the chain of all releases in a folder, first to last.

    Parameters
    ----------
    releases : Path
        Each subdirectory that holds a ``release.json`` is a release.
    head : str, optional
        Digest that the last release should have. Without it an edit of the very last
        ``release.json`` cannot be seen, since no later release vouches for it.

    Raises
    ------
    ReleaseError
        If a release is missing from the chain, the chain forks, a model was changed, or the last
        release is another than ``head``.
    """
    places = sorted(path.parent for path in Path(releases).glob(f"[!.]*/{RECORD}"))
    records = [read_record(place) for place in places]
    for record in records:
        _check_models(record)
    chain = _in_order(records)
    if head is not None and (not chain or chain[-1].digest != head):
        raise ReleaseError(f"the last release is not {head[:12]}: it was changed or is missing.")
    return chain


def _in_order(records: list[ReleaseRecord]) -> list[ReleaseRecord]:
    after: dict[str | None, ReleaseRecord] = {}
    for record in records:
        if record.previous in after:
            raise ReleaseError(
                f"{record.directory.name} and {after[record.previous].directory.name} both follow "
                "the same release: the chain forks."
            )
        after[record.previous] = record
    chain: list[ReleaseRecord] = []
    while (found := after.pop(chain[-1].digest if chain else None, None)) is not None:
        chain.append(found)
    if after:
        broken = next(iter(after.values()))
        raise ReleaseError(
            f"{broken.directory.name} follows a release that is missing or was changed "
            f"({str(broken.previous)[:12]})."
        )
    return chain


def _check_models(record: ReleaseRecord) -> None:
    _check_listed(record)
    for asked, promised in record.model_digests.items():
        if digest(record.directory / MODELS / asked) != promised:
            raise ReleaseError(
                f"the model of {asked} in {record.directory.name} was changed after its release."
            )


def _check_listed(record: ReleaseRecord) -> None:
    folder = record.directory / MODELS
    inside = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    listed = set(record.model_digests)
    if listed != inside:
        raise ReleaseError(
            f"{record.directory.name}: missing models {sorted(listed - inside)}, "
            f"models that are not listed {sorted(inside - listed)}. Copy the release again."
        )


def _check_facts(models: Mapping[str, Path | str], facts: Mapping[str, Any]) -> None:
    strange = sorted(set(facts) - set(models))
    if strange:
        raise ReleaseError(
            f"facts are given of {', '.join(strange)}, which has no model in this release."
        )


def _check_arguments(
    target: Path, models: Mapping[str, Path | str], who: str, why: str, when: datetime
) -> None:
    strange = [asked for asked in models if not _PLAIN_NAME.fullmatch(asked)]
    problems = {
        "a release needs at least one model": not models,
        f"question names are letters, digits, dot, dash and underscore; got {strange}": strange,
        "who promotes must be named": not who.strip(),
        "why it is promoted must be said": not why.strip(),
        "when needs a time zone": when.tzinfo is None,
        f"{target} is taken: a release is never replaced": target.exists()
        and any(target.iterdir()),
    }
    for problem, there in problems.items():
        if there:
            raise ReleaseError(f"{problem}.")
