"""What is recorded: an entry as it is handed over, and as it is found again."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from features.errors import LedgerError

_LONGEST_NAME = 200
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # controls, halves of a character


class Kind(StrEnum):
    """What an entry records."""

    ANSWER = "answer"
    GRADE = "grade"
    COURSE = "course"
    EVENT = "event"
    OUTCOME = "outcome"
    SEEN = "seen"
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    OVERRIDE = "override"
    LIVE = "live"
    SILENT = "silent"
    ERASURE = "erasure"


NEVER_ERASED = (Kind.LIVE, Kind.SILENT, Kind.ERASURE)
"""Kinds that hold decisions about the service and no patient."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing as it is to be recorded.

    Attributes
    ----------
    entry_id : str
        Random; under it the entry can be found again.
    release : str
        Digest of the release that answered, empty where there was none.
    request, predictors, answer : bytes
        The body as it came, the predictor vectors, the body as it was returned; empty where there
        is none. An entry with one body holds it as ``request``.
    kind : Kind
    subject : str
        The random service id of the course, or the id of the answer, that it is about.
    who : str
        Name of the person or of the key, empty where nobody is named.

    Raises
    ------
    LedgerError
        For a name that is too long or holds control characters.
    """

    entry_id: str
    release: str = ""
    request: bytes = b""
    predictors: bytes = b""
    answer: bytes = b""
    kind: Kind = field(default=Kind.ANSWER, kw_only=True)
    subject: str = field(default="", kw_only=True)
    who: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        for name in ("entry_id", "release", "subject", "who"):
            text: str = getattr(self, name)
            if len(text) > _LONGEST_NAME or _UNWRITABLE.search(text):
                raise LedgerError(
                    f"{name} cannot be recorded. Legal are up to {_LONGEST_NAME} characters on "
                    "one line, without control characters. Send it so."
                )


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stands in the place of an erased payload: the erasure that took it.

    Attributes
    ----------
    erased_at : datetime
        In UTC.
    reason : str
    who : str
        The person who had it erased.
    """

    erased_at: datetime
    reason: str
    who: str


@dataclass(frozen=True, slots=True)
class Recorded(Entry):
    """One entry as it stands in the ledger.

    Attributes
    ----------
    position : int
        From 1, without gaps.
    written_at : datetime
        In UTC, by the clock of the machine that wrote it, which may go backwards: order is told by
        `position`.
    digest : str
        What the next entry follows.
    erased : Tombstone or None
        When the payload was erased; then `request`, `predictors` and `answer` are empty.
    """

    position: int = field(kw_only=True)
    written_at: datetime = field(kw_only=True)
    digest: str = field(kw_only=True)
    erased: Tombstone | None = field(default=None, kw_only=True)
