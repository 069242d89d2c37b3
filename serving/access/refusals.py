"""Why somebody is not let in: status, words and headers; nothing of what came is repeated.

A missing, wrong, expired and replayed token get the same words, so that trying them teaches
nothing. Which of them it was is counted (``/metrics``).
"""

from features.errors import VigiCellError

Header = tuple[bytes, bytes]


class Refusal(VigiCellError):
    """Somebody who is not let in.

    Attributes
    ----------
    status : int
        Of the reply.
    reason : str
        One of a few words, for the count of refusals.
    headers : list of (bytes, bytes)
    """

    status = 401

    def __init__(self, reason: str, message: str, headers: list[Header] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.headers = headers or []


class NotKnown(Refusal):
    """No token, or none that is valid here and now."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            reason,
            "A valid token is needed: Authorization: Bearer TOKEN. Whoever runs the service makes "
            "one with `python -m serving keys add NAME --role ROLE`.",
            [(b"www-authenticate", b"Bearer")],
        )


class NotAllowed(Refusal):
    """A valid token whose role may not do this."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "role", "The role of this token may not do this. Ask for a key with another role."
        )


class TooMany(Refusal):
    """More requests than a caller may send."""

    status = 429

    def __init__(self, wait_seconds: int) -> None:
        super().__init__(
            "rate",
            "Too many requests for one caller. Wait as long as Retry-After says.",
            [(b"retry-after", str(wait_seconds).encode())],
        )


class CannotTell(Refusal):
    """What tokens are checked against cannot be read: nobody is let in unchecked."""

    status = 503

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(
            reason,
            f"{what}, so no token can be checked. Whoever runs the service sees more with "
            "`python -m serving doctor`.",
            [(b"retry-after", b"5")],
        )
