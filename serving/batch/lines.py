"""Lines of a body as they arrive, a chunk at a time; what is too long is dropped as it comes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress

from serving.batch.chunk import Line

MOST_LINES = 64
"""Enough that computing together pays; few enough that nobody else waits long for the processor."""

MOST_BYTES = 1024 * 1024
"""A chunk ends with the line that reaches so much."""

PATIENCE_SECONDS = 0.25
"""After so long without news the lines at hand are answered."""

Pieces = AsyncIterator[bytes]


class Splitter:
    """Cuts pieces into numbered lines; holds the beginning of one line, within the limit.

    Parameters
    ----------
    limit_bytes : int
        The longest line that is kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._begun = bytearray()
        self._too_long = False
        self._number = 0

    def lines(self, piece: bytes) -> list[Line]:
        """Return the lines that end in a piece; an empty line has a number and no answer."""
        found = []
        *ended, rest = piece.split(b"\n")
        for part in ended:
            self._hold(part)
            found += self._end()
        self._hold(rest)
        return found

    def last(self) -> list[Line]:
        """Return what came after the last line break."""
        return self._end() if self._begun or self._too_long else []

    def _hold(self, part: bytes) -> None:
        if self._too_long or len(self._begun) + len(part) > self._limit:
            self._too_long = True
            self._begun.clear()
        else:
            self._begun += part

    def _end(self) -> list[Line]:
        self._number += 1
        text = None if self._too_long else bytes(self._begun).strip()
        self._begun, self._too_long = bytearray(), False
        return [] if text == b"" else [Line(self._number, text)]


async def chunks_of(pieces: Pieces, limit_bytes: int) -> AsyncGenerator[list[Line]]:
    """Yield chunks of lines; the next piece is asked for when the last chunk was taken."""
    splitter, waiting, coming = Splitter(limit_bytes), _Waiting(), _Coming(pieces)
    try:
        while (piece := await coming.piece(PATIENCE_SECONDS if waiting.lines else None)) != b"":
            if piece is None:
                yield waiting.taken()
                continue
            for line in splitter.lines(piece):
                if waiting.full(line):
                    yield waiting.taken()
        for line in splitter.last():
            waiting.full(line)
        if waiting.lines:
            yield waiting.taken()
    finally:
        await coming.stop()


class _Coming:
    """The next piece of a body; one that is late is waited for again, not asked for twice."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._next: asyncio.Future[bytes] | None = None

    async def piece(self, patience_seconds: float | None) -> bytes | None:
        """Return the next piece, empty at the end, ``None`` where it takes too long."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._pieces, b""))
        await asyncio.wait([self._next], timeout=patience_seconds)
        if not self._next.done():
            return None
        found, self._next = self._next.result(), None
        return found

    async def stop(self) -> None:
        """Wait for nothing any more."""
        if self._next is not None:
            self._next.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._next


class _Waiting:
    """Lines of the next chunk."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._bytes = 0

    def full(self, line: Line) -> bool:
        """Add a line; return whether the chunk is complete."""
        self.lines.append(line)
        self._bytes += len(line.text or b"")
        return len(self.lines) >= MOST_LINES or self._bytes >= MOST_BYTES

    def taken(self) -> list[Line]:
        """Return the lines and begin anew."""
        lines, self.lines, self._bytes = self.lines, [], 0
        return lines
