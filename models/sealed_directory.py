"""Directories of plain files that say what they hold: whole, unchanged, and of a format we read.

Beside its files a sealed directory holds ``files.json``: a format, its version, and a digest for
every file. It is written whole or not at all, and what it replaces stays until then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from features.cohort_files import replaced_directory
from features.errors import CohortError, ModelFormatError

SEAL = "files.json"


def json_bytes(content: Any) -> bytes:
    """Write plain JSON that reads back to the bit; NaN and infinity are refused.

    Raises
    ------
    ModelFormatError
        If something is not plain JSON.
    """
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1, default=_plain)
    except (TypeError, ValueError) as failure:
        raise ModelFormatError(
            f"cannot be saved as plain JSON: {failure}. Use numbers, texts, lists, tables and null."
        ) from None
    return (text + "\n").encode()


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):  # a numpy scalar
        return value.item()
    raise TypeError(f"{type(value).__name__} is not plain JSON")


def digest_of_files(files: Mapping[str, bytes]) -> str:
    """Return one SHA-256 over the names and contents of all files."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def sealed(files: Mapping[str, bytes], kind: str, version: int) -> dict[str, bytes]:
    """Add the seal to the files of a directory."""
    seal = {
        "format": kind,
        "format_version": version,
        "files": {name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)},
    }
    return {**files, SEAL: json_bytes(seal)}


def write_directory(directory: Path, files: Mapping[str, bytes], mark: str) -> None:
    """Write files into a directory, replacing an earlier one that holds ``mark``, or not at all.

    Raises
    ------
    ModelFormatError
        If writing fails (a full disk, no permission, a directory that is something else); what
        was there before is whole.
    """
    try:
        with replaced_directory(directory, mark) as fresh:
            for name, content in files.items():
                _write(fresh / name, content)
    except CohortError as failure:
        raise ModelFormatError(str(failure)) from failure


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read_files(directory: Path) -> dict[str, bytes]:
    """Read all files below a directory, by relative path; refuses anything but plain files.

    Raises
    ------
    ModelFormatError
        If there is no such directory, or it holds a link.
    """
    if not directory.is_dir():
        raise ModelFormatError(f"{directory} is not a directory; a model is a directory of files.")
    files = {}
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            raise ModelFormatError(f"{name} in {directory} is a link; a model holds plain files.")
        if path.is_file():
            files[name] = path.read_bytes()
    return files


def unsealed(files: Mapping[str, bytes], kind: str, version: int) -> dict[str, bytes]:
    """Check the files of a directory against their seal and return them without it.

    Raises
    ------
    ModelFormatError
        By name: the seal is missing or unreadable, the format is another or newer, or a file is
        missing, unknown or changed.
    """
    if SEAL not in files:
        raise ModelFormatError(f"{SEAL} is missing: this is no {kind} directory, or half of one.")
    seal = parsed_json(files, SEAL)
    if not isinstance(seal, dict) or seal.get("format") != kind:
        raise ModelFormatError(f"{SEAL} does not describe a {kind}.")
    check_version(seal, kind, version)
    listed = seal.get("files")
    inside = {name: content for name, content in files.items() if name != SEAL}
    if not isinstance(listed, dict):
        raise ModelFormatError(f"{SEAL} lists no files.")
    for name in sorted({*listed, *inside}):
        _check_file(name, listed, inside)
    return inside


def check_version(content: Mapping[str, Any], kind: str, version: int) -> None:
    """Refuse a format that this reader does not know, by name.

    Raises
    ------
    ModelFormatError
    """
    found = content.get("format_version")
    if not isinstance(found, int) or isinstance(found, bool):
        raise ModelFormatError(f"{kind}: format_version is missing or not a whole number.")
    if found > version:
        raise ModelFormatError(
            f"{kind} of format {found}: this version of VigiCell reads up to format {version}. "
            "Update VigiCell, or use a release that the installed version made."
        )
    if found < 1:
        raise ModelFormatError(f"{kind} of format {found}: the first format is 1.")


def _check_file(name: str, listed: Mapping[str, Any], inside: Mapping[str, bytes]) -> None:
    if name not in inside:
        raise ModelFormatError(f"{name} is missing from the model. Copy the directory again.")
    if name not in listed:
        raise ModelFormatError(f"{name} does not belong to the model. Take it out, or copy again.")
    if hashlib.sha256(inside[name]).hexdigest() != listed[name]:
        raise ModelFormatError(f"{name} was changed after the model was saved. Copy it again.")


def parsed_json(files: Mapping[str, bytes], name: str) -> Any:
    """Read one JSON file.

    Raises
    ------
    ModelFormatError
        If it is missing or no JSON.
    """
    if name not in files:
        raise ModelFormatError(f"{name} is missing from the model. Copy the directory again.")
    try:
        return json.loads(files[name])
    except (ValueError, RecursionError):
        raise ModelFormatError(f"{name} is not readable JSON.") from None
