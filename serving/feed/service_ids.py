"""Service ids: random, so that nobody can guess another patient's, and no hospital's number."""

import base64
import hashlib
import re

from serving.errors import RequestProblem
from serving.messages import Problem

LONGEST_ID = 64
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]{22,64}")
_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}"
)
_RANDOM_UUID, _VARIANT = "4", "89ab"
_LEAST_DISTINCT = 8  # of the characters of an id: 22 random ones hardly ever hold fewer
_DIGEST_LENGTH = 32

LEGAL = (
    "a random UUID (version 4), or 22 to 64 random characters of A-Z, a-z, 0-9, - and _, for "
    "instance what Python's secrets.token_urlsafe(16) returns"
)


def course_id_of(text: str, path: str = "id") -> str:
    """Return a service id as it is recorded; a UUID in small letters.

    Raises
    ------
    RequestProblem
        For an id that is short or can be guessed; it is not repeated.
    """
    small = text.lower()
    found = _UUID.fullmatch(small)
    if found is not None:
        if found[1] == _RANDOM_UUID and found[2] in _VARIANT:
            return small
        raise _refused(path, "is a UUID that is not random")
    if not _URL_SAFE.fullmatch(text):
        raise _refused(path, "is too short, too long, or holds other characters")
    if text.isdigit() or len(set(text)) < _LEAST_DISTINCT:
        raise _refused(path, "can be guessed: it is a number, or repeats itself")
    return text


def turn_id(course_id: str, turn: int) -> str:
    """Return the id of the entry that takes a turn of a course.

    The ledger holds an id once, so of two services that read the same course and both write its
    next turn, one is refused and reads again.
    """
    digest = hashlib.sha256(f"{course_id}\n{turn}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:_DIGEST_LENGTH]


def _refused(path: str, problem: str) -> RequestProblem:
    what_to_do = "Make one for the course, keep it beside the hospital's number, and use it here."
    return RequestProblem([Problem(path=path, problem=problem, legal=LEGAL, what_to_do=what_to_do)])
