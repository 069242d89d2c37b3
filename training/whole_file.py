"""One file, whole or as it was before: a full disk or a stop leaves no half of it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a sibling to write, which takes the place of `path` when the block ends well.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written; `path` is as it was before.
    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    fresh = _sibling(path)
    try:
        yield fresh
        _sync(fresh)
        fresh.chmod(0o644)
        fresh.replace(path)
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def _sibling(path: Path) -> Path:
    try:
        place, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    except OSError as error:  # says the name that was asked for, not that of the sibling
        raise OSError(error.errno, error.strerror, str(path)) from error
    os.close(place)
    return Path(name)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
