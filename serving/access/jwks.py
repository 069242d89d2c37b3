"""The public keys of an issuer, fetched from the one address that the settings name.

An address inside a token (``jku``, ``x5u``) is never asked. Keys are fetched again when they are
old, or when a token names one that is not known: that is how an issuer rotates its keys.
"""

import json
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from threading import Lock
from time import monotonic
from typing import Any

from jwt import PyJWK
from jwt.exceptions import InvalidKeyError, PyJWTError

from serving.access.refusals import CannotTell

FRESH_SECONDS = 600.0
PAUSE_SECONDS = 10.0  # between two fetches, whatever the tokens say
_PATIENCE_SECONDS = 5.0
_LONGEST_BYTES = 512 * 1024
_LEAST_RSA_BITS = 2048
_ALGORITHMS = {"RSA": "RS384", "EC": "ES384"}

Fetch = Callable[[str], bytes]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)


def fetched(url: str) -> bytes:
    """Return what an address says; no redirect is followed, no proxy asked.

    Raises
    ------
    OSError
    """
    with _OPENER.open(url, timeout=_PATIENCE_SECONDS) as reply:
        return bytes(reply.read(_LONGEST_BYTES))


class PublicKeys:
    """The keys of one issuer by their id; safe between threads.

    Parameters
    ----------
    url : str
    fetch : callable
        Address to bytes; raises OSError.
    clock : callable
        Seconds that never go back.
    """

    def __init__(
        self, url: str, fetch: Fetch = fetched, clock: Callable[[], float] = monotonic
    ) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def key(self, key_id: str) -> PyJWK | None:
        """Return a key, ``None`` where the issuer has none of this id.

        Raises
        ------
        CannotTell
            When the issuer has to be asked and cannot be.
        """
        with self._lock:
            now = self._clock()
            stale = now - self._fetched_at > FRESH_SECONDS
            if stale or key_id not in self._keys:
                self._renew(now, stale=stale)
            return self._keys.get(key_id)

    def count(self) -> int:
        """Return how many usable keys the issuer has now.

        Raises
        ------
        CannotTell
            When it cannot be asked.
        """
        with self._lock:
            self._ask(self._clock())
            return len(self._keys)

    def _renew(self, now: float, *, stale: bool) -> None:
        if now - self._tried_at < PAUSE_SECONDS:
            failed = self._fetched_at < self._tried_at
            if stale or failed:
                raise _unreachable()
            return  # asked a moment ago: the id is not known
        self._ask(now)

    def _ask(self, now: float) -> None:
        self._tried_at = now
        try:
            self._keys = _keys_in(self._fetch(self._url))
        except (OSError, HTTPException, ValueError, RecursionError):
            raise _unreachable() from None
        self._fetched_at = now


def _keys_in(content: bytes) -> dict[str, PyJWK]:
    said = json.loads(content)
    listed = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no key set")
    found = ((one.get("kid"), _usable(one)) for one in listed if isinstance(one, dict))
    return {name: key for name, key in found if isinstance(name, str) and key is not None}


def _usable(said: Mapping[str, Any]) -> PyJWK | None:
    """Return a key that verifies RS384 or ES384; ``None`` for any other kind, or a weak one."""
    algorithm = _ALGORITHMS.get(str(said.get("kty")))
    unfit = said.get("use", "sig") != "sig" or said.get("alg", algorithm) != algorithm
    if algorithm is None or unfit or (algorithm == "ES384" and said.get("crv") != "P-384"):
        return None
    public = {
        name: part for name, part in said.items() if name in ("kty", "n", "e", "crv", "x", "y")
    }
    try:
        key = PyJWK(public, algorithm=algorithm)
    except (PyJWTError, InvalidKeyError, ValueError, TypeError):
        return None
    weak = algorithm == "RS384" and key.key.key_size < _LEAST_RSA_BITS
    return None if weak else key


def _unreachable() -> CannotTell:
    return CannotTell("issuer unreachable", "The keys of the issuer cannot be fetched")
