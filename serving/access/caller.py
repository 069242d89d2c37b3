"""Who asks, and in which role."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LONGEST_NAME = 80
_UNWRITABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")  # controls, halves of a character


class Role(StrEnum):
    """What somebody is here for."""

    CLINICIAN = "clinician"
    DATA_SCIENTIST = "data scientist"
    SAFETY = "safety"
    ADMIN = "admin"


ROLES = tuple(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in; handlers find it as ``request.state.caller``.

    Attributes
    ----------
    name : str
        Of the key, or the subject of the signed token; one line of up to 80 characters.
    roles : frozenset of Role
        A key has one; a signed token may carry several.
    issuer : str
        Who vouches for the name: empty for a key of this service.
    """

    name: str
    roles: frozenset[Role]
    issuer: str = ""

    @property
    def who(self) -> str:
        """Under which name the ledger records what was done."""
        return f"{self.name} ({self.issuer})" if self.issuer else self.name


def is_name(text: Any) -> bool:
    """Whether a text can name a caller: one line, not too long, no control characters."""
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_NAME or text != text.strip():
        return False
    return _UNWRITABLE.search(text) is None
