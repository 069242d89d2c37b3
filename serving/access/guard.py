"""Who is let in: a key or a signed token, a fitting role, not too often."""

from typing import TYPE_CHECKING

from anyio import to_thread

from features.errors import SettingsError
from serving.access.caller import Caller
from serving.access.keys import PREFIX, KeyRing
from serving.access.rate import Rate
from serving.access.refusals import CannotTell, NotAllowed, NotKnown, TooMany
from serving.access.rules import Roles

if TYPE_CHECKING:
    from serving.access.signed_tokens import SignedTokens

_BEARER = b"bearer "
_KEY = PREFIX.encode()
_DOTS = 2  # between the three parts of a signed token
_LONGEST_TOKEN = 8192


class Guard:
    """Decides for each request.

    Parameters
    ----------
    ring : KeyRing
    rate : Rate
    signed : SignedTokens, optional
        Without it only keys are taken.
    """

    def __init__(self, ring: KeyRing, rate: Rate, signed: "SignedTokens | None" = None) -> None:
        self._ring = ring
        self._rate = rate
        self._signed = signed

    async def admit(self, authorization: bytes, roles: Roles) -> Caller:
        """Return the caller of a header ``Authorization``, when it may use a route.

        Raises
        ------
        Refusal
        """
        caller = await self._caller(_token(authorization))
        wait = self._rate.wait_seconds(caller.who)
        if wait:
            raise TooMany(wait)
        if caller.roles.isdisjoint(roles):
            raise NotAllowed
        return caller

    def close(self) -> None:
        """Close what was opened."""
        if self._signed is not None:
            self._signed.close()

    async def _caller(self, token: bytes) -> Caller:
        if token.startswith(_KEY):
            return self._of_key(token)
        if self._signed is None or token.count(b".") != _DOTS:
            raise NotKnown("wrong")
        return await to_thread.run_sync(self._signed.caller, token)

    def _of_key(self, token: bytes) -> Caller:
        try:
            found = self._ring.caller(token)
        except SettingsError:
            raise CannotTell("key file", "The key file cannot be read") from None
        if found is None:
            raise NotKnown("wrong")
        return found


def _token(authorization: bytes) -> bytes:
    if not authorization:
        raise NotKnown("missing")
    if len(authorization) > _LONGEST_TOKEN or authorization[:7].lower() != _BEARER:
        raise NotKnown("wrong")
    return authorization[7:].strip()
