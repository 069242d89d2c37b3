"""One file, whole or as it was before: a full disk or a stop leaves no half of it."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a sibling to write, which takes the place of `path` when the block ends well.

    Raises
    ------
    OSError
        Naming `path`: its folder does not exist or cannot be written, or the disk is full. What
        was there before is whole.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        fresh = _sibling(path)
        try:
            yield fresh
            _sync(fresh)
            fresh.chmod(0o644)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        code = error.errno or errno.EIO
        raise OSError(code, os.strerror(code), str(path)) from error


def _sibling(path: Path) -> Path:
    place, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(place)
    return Path(name)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
