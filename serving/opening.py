"""Opening what a start needs: the release, and the requests of a file."""

import errno
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from features.errors import CohortError, ReleaseError, SettingsError, VigiCellError
from features.telemetry import switch_off_telemetry
from models.release import Release, load_release
from serving.access.guard import Guard
from serving.access.keys import KeyFile, KeyRing
from serving.access.rate import Rate
from serving.answer import Desk
from serving.defaults import RELEASE_TAG
from serving.ledger import Ledger
from serving.settings import Settings, site_mapping_of
from serving.site_tiers import with_site_tiers

TOKEN = "VIGICELL_TOKEN"  # noqa: S105 - the name of a variable, so that no token is an argument
_PATIENCE_SECONDS = 60.0
_COMMAND = "serving score"  # who asks where no token names anybody
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # patients' data: direct


def opened_release(settings: Settings) -> Release | None:
    """Load the release that the settings name, else the one in the model store, else none.

    Raises
    ------
    ReleaseError, ModelFormatError
        When the one that is meant cannot be trusted.
    SettingsError
        When the tiers of the settings are of no question.
    """
    place = settings.release or stored_release()
    return None if place is None else loaded(place, settings)


def loaded(place: Path, settings: Settings) -> Release:
    """Load the release at a place, with the tiers that the site has signed.

    Raises
    ------
    ReleaseError, ModelFormatError, SettingsError
        As :func:`opened_release` does.
    """
    return with_site_tiers(load_release(place), settings.cut_offs)


def guard_of(settings: Settings) -> Guard:
    """Return who lets callers in, as the settings ask for."""
    ring = KeyRing(KeyFile(settings.keys))
    rate = Rate(settings.requests_per_minute, settings.request_burst)
    if not settings.issuers:
        return Guard(ring, rate)
    from serving.access.seen_tokens import SeenTokens
    from serving.access.signed_tokens import SignedTokens  # cryptography: only where it is needed

    seen = SeenTokens(settings.home / "seen_tokens.sqlite")
    return Guard(ring, rate, SignedTokens(settings.issuers, seen))


def require_free_port(settings: Settings) -> None:
    """Try the address on which the server is to listen.

    Raises
    ------
    SettingsError
        When something listens there already, or it is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            tried.bind((settings.host, settings.port))
        except OSError as reason:
            place = f"Port {settings.port} at {settings.host}"
            if reason.errno == errno.EADDRINUSE:
                raise SettingsError(
                    f"{place} is in use. Stop what listens there, or name another one with --port."
                ) from None
            raise SettingsError(
                f"{place} cannot be listened on ({reason.strerror}). Name another one with --host "
                "and --port."
            ) from None


def answers_from_desk(settings: Settings, requests: list[bytes]) -> Iterator[bytes]:
    """Answer here, recorded in the ledger like any other answer."""
    desk = Desk(
        opened_release(settings),
        Ledger(settings.ledger),
        demo=settings.demo,
        site=site_mapping_of(settings),
        plan=settings.plan,
        limits=settings.limits_status,
    )
    try:
        for body in requests:
            yield desk.answer(body, who=_COMMAND)
    finally:
        desk.close()


def answers_from_url(url: str, requests: list[bytes], token: str = "") -> Iterator[bytes]:
    """Ask a running service, with a token of it.

    Raises
    ------
    ReleaseError
        When no service answers there.
    VigiCellError
        With the service's own words when it refuses.
    """
    if not url.startswith(("http://", "https://")):
        raise VigiCellError("--url begins with http:// or https://.")
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    for body in requests:
        asked = urllib.request.Request(  # noqa: S310 - http or https, checked above
            url.rstrip("/") + "/v1/risk", body, headers
        )
        try:
            with _NO_PROXY.open(asked, timeout=_PATIENCE_SECONDS) as reply:
                yield reply.read()
        except urllib.error.HTTPError as refusal:
            raise VigiCellError(_words_of(refusal)) from None
        except OSError as reason:
            raise ReleaseError(
                f"No service answers at that address ({type(reason).__name__}). Start one with "
                "`python -m serving serve`."
            ) from None


def requests_in(text: str) -> list[bytes]:
    """Return the requests of a JSON text: one object, or a list of them.

    Raises
    ------
    CohortError
        For what is no JSON.
    """
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise CohortError(
            "The file is no readable JSON. It holds one request, or a list of requests, as "
            "POST /v1/risk takes them."
        ) from None
    return [
        json.dumps(one).encode() for one in (content if isinstance(content, list) else [content])
    ]


def _words_of(refusal: urllib.error.HTTPError) -> str:
    if refusal.code == HTTPStatus.UNAUTHORIZED:
        return (
            f"The service takes no request without a valid token. Put one into {TOKEN}: it was "
            "printed at the first start; `python -m serving keys add NAME --role clinician` makes "
            "another."
        )
    try:
        return str(json.loads(refusal.read())["message"])
    except (ValueError, KeyError, TypeError):
        return "The service refused without a word. Look into its log."


def stored_release() -> Path | None:
    """Return where the newest release in the model store lies, ``None`` without one."""
    switch_off_telemetry()
    import bentoml  # slow to import, and not needed where a directory is named
    from bentoml.exceptions import NotFound

    try:
        return Path(bentoml.models.get(RELEASE_TAG).path)
    except NotFound:
        return None
