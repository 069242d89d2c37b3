"""The resources of a FHIR export, one after the other: Bundles, NDJSON, packed or not.

A source is a file or a folder. ``.ndjson`` and ``.jsonl`` hold one resource a line; ``.json``
holds one Bundle, one resource or such lines; all may be packed as ``.gz``, or together in a
``.zip``. What a resource is, its ``resourceType`` says; names of files say nothing.

Rows count through the files in the order of their names: a line of NDJSON, an entry of a Bundle.
Of a row, :meth:`FhirFiles.places` tells the file and the row in it.
Nothing is unpacked to disk. What unpacks to more than :data:`MOST_BYTES`, or to more than
:data:`MOST_TIMES` its packed size, is refused, and so is a longer line than :data:`LONGEST_LINE`.
"""

import gzip
import json
import re
import zipfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from features.errors import CohortError

LONGEST_LINE = 64 << 20
LARGEST_DOCUMENT = 512 << 20
MOST_BYTES = 256 << 30
MOST_TIMES = 200
FREE_BYTES = 64 << 20
"""Up to here the ratio of unpacking is not looked at: a repeated line packs well."""

_SUFFIX = re.compile(r"\.(ndjson|jsonl|json)(\.gz)?$", re.IGNORECASE)
_TYPE = re.compile(rb'"resourceType"\s*:\s*"(\w+)"')
_TOLD_EVERY = 1 << 22

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """One resource, or why there is none.

    Attributes
    ----------
    row : int
        Where it stands; see above.
    resource : dict or None
    rule : str or None
        ``record_is_json`` or ``record_is_a_resource`` where it is none.
    urls : dict
        Full URL -> "Type/id" of the Bundle it came in.
    """

    row: int
    resource: dict[str, Any] | None = None
    rule: str | None = None
    urls: dict[str, str] = field(default_factory=dict)


@dataclass
class _Part:
    """One file of the source, packed or not.

    Attributes
    ----------
    name : str
        What it is called in messages.
    file : str
        What it is called on disk, or in its archive.
    """

    name: str
    file: str
    packed_bytes: int
    open: Callable[[], IO[bytes]]
    is_packed: bool
    is_lines: bool


class FhirFiles:
    """The files of one export; raises `CohortError` when there are none to read."""

    def __init__(self, path: Path) -> None:
        self._parts = _parts(path)
        if not self._parts:
            raise CohortError(
                f"{path.name} holds no FHIR records. Give a Bundle (.json), a folder of Bundles or "
                "of NDJSON (.ndjson, .jsonl), or these packed as .gz or .zip."
            )
        self.packed_bytes = sum(part.packed_bytes for part in self._parts)
        self._starts = [0] * len(self._parts)

    def places(self, rows: Iterable[float]) -> tuple[list[str | None], list[int]]:
        """Return the file of each row that was read, and its row there; one file needs no name."""
        parts = [bisect_left(self._starts, int(row)) - 1 for row in rows]
        return (
            [self._parts[one].file if len(self._parts) > 1 else None for one in parts],
            [int(row) - self._starts[one] for row, one in zip(rows, parts, strict=True)],
        )

    def resources(self, kinds: frozenset[str], told: Progress) -> Iterator[Found]:
        """Yield every resource whose type is among `kinds`, and every row that is no resource.

        Parameters
        ----------
        told : callable
            Called with bytes done and bytes in all, as the files are on disk.
        """
        row, done, unpacked = 0, 0, 0
        for number, part in enumerate(self._parts):
            mine, self._starts[number] = 0, row
            for line in _lines(part):
                mine += len(line)
                unpacked += len(line)
                _refuse_a_bomb(part, mine, unpacked)
                if mine % _TOLD_EVERY < len(line):
                    told(done + min(mine, part.packed_bytes), self.packed_bytes)
                for found in _in_line(line, row, kinds):
                    row = max(row, found.row)
                    if found.resource is not None or found.rule is not None:
                        yield found
            done += part.packed_bytes
            told(done, self.packed_bytes)


def _parts(path: Path) -> list[_Part]:
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file() and not _hidden(one, path))
    elif path.is_file():
        files = [path]
    else:
        raise CohortError(f"there is no {path.name}. Give a file or a folder of FHIR records.")
    parts: list[_Part] = []
    for file in files:
        if file.suffix.lower() == ".zip":
            parts += _in_zip(file)
        elif _SUFFIX.search(file.name):
            parts.append(_on_disk(file))
    if len(files) > 1:  # names of Bundles are often names of patients
        for number, part in enumerate(parts, start=1):
            part.name = f"file {number} of {len(parts)} in the order of their names"
    return parts


def _hidden(file: Path, under: Path) -> bool:
    return any(name.startswith((".", "__MACOSX")) for name in file.relative_to(under).parts)


def _on_disk(file: Path) -> _Part:
    packed = file.suffix.lower() == ".gz"
    size = file.stat().st_size
    return _Part(file.name, file.name, size, lambda: _opened(file), packed, _is_lines(file.name))


def _opened(file: Path) -> IO[bytes]:
    if file.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.open(file, "rb"))
    return file.open("rb")


def _is_lines(name: str) -> bool:
    return ".json" not in name.lower() or ".jsonl" in name.lower()


def _in_zip(file: Path) -> list[_Part]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = sorted(archive.infolist(), key=lambda one: one.filename)
    except (zipfile.BadZipFile, OSError):
        raise CohortError(f"{file.name} cannot be unpacked: it is no whole zip file.") from None
    wanted = [one for one in members if _wanted_member(one)]
    for one in wanted:
        if one.flag_bits & 1:
            raise CohortError(f"{file.name} is locked by a password. Unlock it first.")
    return [
        _Part(
            f"{file.name}: member {number}",
            PurePosixPath(one.filename).name,
            one.compress_size,
            lambda one=one: _member(file, one),  # type: ignore[misc]  # bound now, not later
            True,
            _is_lines(one.filename),
        )
        for number, one in enumerate(wanted, start=1)
    ]


def _wanted_member(one: zipfile.ZipInfo) -> bool:
    plain = not any(part.startswith((".", "__MACOSX")) for part in one.filename.split("/"))
    return plain and not one.is_dir() and bool(_SUFFIX.search(one.filename))


def _member(file: Path, one: zipfile.ZipInfo) -> IO[bytes]:
    opened = zipfile.ZipFile(file).open(one)
    return (
        cast(IO[bytes], gzip.open(opened, "rb")) if one.filename.lower().endswith(".gz") else opened
    )


def _lines(part: _Part) -> Iterator[bytes]:
    """Yield the lines of a file; a document over several lines is one."""
    try:
        with part.open() as stream:
            first = _line(part, stream)
            while first and not first.strip() and not part.is_lines:
                first = _line(part, stream)
            if not part.is_lines and first.strip() and not _is_json(first):
                yield first + _rest(part, stream, len(first))
                return
            while first:
                yield first
                first = _line(part, stream)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile):
        raise CohortError(
            f"{part.name} cannot be read to its end: it is damaged or not whole. Export it again."
        ) from None


def _line(part: _Part, stream: IO[bytes]) -> bytes:
    most = LONGEST_LINE if part.is_lines else LARGEST_DOCUMENT
    line = stream.readline(_at_once(part, most) + 1)
    _refuse_a_bomb(part, len(line), 0)
    if len(line) > most:
        raise CohortError(
            f"{part.name} holds a line of more than {most >> 20} MB. Export it as NDJSON, one "
            "resource a line."
        )
    return line


def _rest(part: _Part, stream: IO[bytes], already: int) -> bytes:
    rest = stream.read(_at_once(part, LARGEST_DOCUMENT) - already + 1)
    _refuse_a_bomb(part, already + len(rest), 0)
    if already + len(rest) > LARGEST_DOCUMENT:
        raise CohortError(
            f"{part.name} is a document of more than {LARGEST_DOCUMENT >> 20} MB. Export it as "
            "NDJSON, one resource a line: that is read line by line."
        )
    return rest


def _at_once(part: _Part, most: int) -> int:
    """Return how many bytes to take at once: never more than shows that a packed file is a bomb."""
    return min(most, max(FREE_BYTES, MOST_TIMES * part.packed_bytes)) if part.is_packed else most


def _refuse_a_bomb(part: _Part, mine: int, unpacked: int) -> None:
    if unpacked > MOST_BYTES:
        raise CohortError(
            f"the export unpacks to more than {MOST_BYTES >> 30} GB. Import it in parts."
        )
    if part.is_packed and mine > FREE_BYTES and mine > MOST_TIMES * max(part.packed_bytes, 1):
        raise CohortError(
            f"{part.name} unpacks to more than {MOST_TIMES} times its size; records do not. It was "
            "not read further, and nothing was written."
        )


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _in_line(line: bytes, row: int, kinds: frozenset[str]) -> Iterator[Found]:
    """Yield what one line holds, numbered after `row`."""
    named = {found.decode() for found in _TYPE.findall(line)}
    if named and "Bundle" not in named and not named & kinds:
        yield Found(row + 1)
        return
    if not line.strip():
        yield Found(row + 1)
        return
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        yield Found(row + 1, rule="record_is_json")
        return
    if isinstance(content, dict) and content.get("resourceType") == "Bundle":
        yield from _in_bundle(content, row, kinds)
    else:
        yield _found(content, row + 1, kinds, {})


def _in_bundle(bundle: dict[str, Any], row: int, kinds: frozenset[str]) -> Iterator[Found]:
    entries = bundle.get("entry")
    entries = [one for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    urls = {}
    for entry in entries:
        resource, url = entry.get("resource"), entry.get("fullUrl")
        if isinstance(resource, dict) and isinstance(url, str):
            resource.setdefault("id", url.rpartition(":" if url.startswith("urn:") else "/")[2])
            urls[url] = f"{resource.get('resourceType')}/{resource['id']}"
    yield Found(row + 1) if not entries else Found(row)
    for number, entry in enumerate(entries, start=row + 1):
        yield _found(entry.get("resource"), number, kinds, urls)


def _found(content: Any, row: int, kinds: frozenset[str], urls: dict[str, str]) -> Found:
    if not isinstance(content, dict) or not isinstance(content.get("resourceType"), str):
        return Found(row, rule="record_is_a_resource")
    if content["resourceType"] not in kinds:
        return Found(row)
    return Found(row, content, urls=urls)
