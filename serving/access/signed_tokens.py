"""Signed tokens (JWT, RFC 7519) of issuers that the settings name.

Signed with RS384 or ES384 by a key of that issuer; for this audience; not expired, not before its
time, at most an hour long, and, where the issuer says so, never used before.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jwt
from jwt.exceptions import InvalidTokenError

from serving.access.caller import Caller, Role, is_name
from serving.access.issuer import Issuer
from serving.access.jwks import Fetch, PublicKeys, fetched
from serving.access.refusals import NotAllowed, NotKnown
from serving.access.seen_tokens import SeenTokens

ALGORITHMS = ("RS384", "ES384")
LEEWAY_SECONDS = 30.0  # between two clocks
LONGEST_LIFE_SECONDS = 3600.0
_LONGEST_ID = 200


class SignedTokens:
    """Reads signed tokens; safe between threads.

    Parameters
    ----------
    issuers : iterable of Issuer
    seen : SeenTokens
    fetch : callable
        How public keys are fetched.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        seen: SeenTokens,
        fetch: Fetch = fetched,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuers = {one.issuer: (one, PublicKeys(one.jwks_url, fetch)) for one in issuers}
        self._seen = seen
        self._clock = clock

    def caller(self, token: bytes) -> Caller:
        """Return whose token it is.

        Raises
        ------
        Refusal
            `NotKnown` for whatever is wrong with it, `NotAllowed` where it carries no role of
            ours, `CannotTell` where its issuer or the record of used tokens cannot be asked.
        """
        issuer, claims = self._claims(token)
        self._check_life(claims)
        name = claims.get("sub", issuer.issuer)
        if not is_name(name):
            raise NotKnown("wrong")
        if issuer.single_use:
            self._check_unused(issuer, claims)
        return Caller(name, _roles(claims, issuer), issuer.issuer)

    def close(self) -> None:
        """Close the record of used tokens."""
        self._seen.close()

    def _claims(self, token: bytes) -> tuple[Issuer, Mapping[str, Any]]:
        """Return who issued a token and what it says, once its signature holds."""
        try:
            header = jwt.get_unverified_header(token)
            said = jwt.decode(token, options={"verify_signature": False}).get("iss")
            found = self._issuers.get(said) if isinstance(said, str) else None
            if found is None or header.get("alg") not in ALGORITHMS:
                raise NotKnown("issuer or algorithm")
            issuer, keys = found
            key = keys.key(str(header.get("kid")))
            if key is None:
                raise NotKnown("unknown key")
            # Its own algorithm, never the one that the token asks for. Times are checked by us.
            claims = jwt.decode(
                token, key, algorithms=[key.algorithm_name], audience=issuer.audience,
                issuer=issuer.issuer,
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False, "verify_nbf": False, "verify_iat": False,
                },
            )  # fmt: skip
        except (InvalidTokenError, ValueError, TypeError):
            raise NotKnown("wrong") from None
        return issuer, claims

    def _check_life(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        expires, begins = _seconds(claims["exp"]), _seconds(claims.get("nbf", now))
        issued = _seconds(claims.get("iat", now))
        if expires <= now - LEEWAY_SECONDS:
            raise NotKnown("expired")
        if max(begins, issued) > now + LEEWAY_SECONDS:
            raise NotKnown("before its time")
        if expires > now + LEEWAY_SECONDS + LONGEST_LIFE_SECONDS:
            raise NotKnown("too long a life")

    def _check_unused(self, issuer: Issuer, claims: Mapping[str, Any]) -> None:
        token_id = claims.get("jti")
        if not isinstance(token_id, str) or not 0 < len(token_id) <= _LONGEST_ID:
            raise NotKnown("wrong")
        forgotten = _seconds(claims["exp"]) + LEEWAY_SECONDS
        if not self._seen.is_new(issuer.issuer, token_id, forgotten, self._clock()):
            raise NotKnown("replayed")


def _roles(claims: Mapping[str, Any], issuer: Issuer) -> frozenset[Role]:
    said = claims.get(issuer.role_claim)
    words = said if isinstance(said, list) else [said]
    found = frozenset(
        issuer.roles[word] for word in words if isinstance(word, str) and word in issuer.roles
    )
    if not found:
        raise NotAllowed
    return found


def _seconds(said: Any) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not abs(said) < 1e12:
        raise NotKnown("wrong")
    return float(said)
