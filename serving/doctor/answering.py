"""What answers: the release, the site's mapping, the port, and who is told of it."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path

from features.errors import CohortError, ReleaseError, SettingsError
from features.telemetry import SWITCHES, switch_off_telemetry
from models.release import RECORD, Release, verify_chain
from serving.doctor.finding import Finding
from serving.opening import opened_release, require_free_port
from serving.settings import Settings, site_mapping_of

_PATIENCE_SECONDS = 3.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def models_are_trusted(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the release loads, file by file, and the chain that it is part of."""
    release = opened_release(settings)
    if release is None:
        yield Finding.warn(
            "release",
            "there is none: findings are graded and scored, no risk is estimated. "
            "`python -m training export` makes one.",
        )
        return
    questions = ", ".join(sorted(release.models))
    yield Finding.ok("release", f"{release.digest[:12]} of {release.record.when}: {questions}")
    yield from _of_its_chain(release.record.directory)
    yield from _of_its_tiers(release, settings)
    if release.synthetic and not settings.demo:
        yield Finding.warn(
            "release", "it holds models of made-up courses, which answer with --demo only."
        )


def site_mapping_is_readable(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check the file that says how this site writes units and answers."""
    try:
        mapping = site_mapping_of(settings)
    except CohortError as wrong:
        yield Finding.fail("site mapping", str(wrong))
        return
    if settings.site_mapping is None:
        yield Finding.ok("site mapping", "none: units and answers as the contract names them")
    else:
        yield Finding.ok(
            "site mapping", f"{len(mapping.units)} units, {len(mapping.answers)} answers"
        )


def port_is_ours(settings: Settings, _: Mapping[str, str]) -> Iterator[Finding]:
    """Check that the port is free, or that VigiCell answers there."""
    place = f"port {settings.port} at {settings.host}"
    try:
        require_free_port(settings)
    except SettingsError as taken:
        yield _who_answers(settings, place, str(taken))
    else:
        yield Finding.ok("port", f"{place} is free; nothing is being served there")


def mlflow_is_reachable(_: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Check the tracking server, where one is named; the service itself never asks it."""
    place = environment.get("MLFLOW_TRACKING_URI", "").strip()
    if not place.startswith(("http://", "https://")):
        yield Finding.ok("mlflow", "no server is named (MLFLOW_TRACKING_URI); none is needed")
    elif _reply(f"{place.rstrip('/')}/health") is None:
        yield Finding.warn(
            "mlflow",
            "the server that MLFLOW_TRACKING_URI names does not answer. Training needs it, the "
            "service does not.",
        )
    else:
        yield Finding.ok("mlflow", "the tracking server answers")


def telemetry_is_off(_: Settings, __: Mapping[str, str]) -> Iterator[Finding]:
    """Ask BentoML itself; the other libraries obey the switches that are set before they load."""
    switch_off_telemetry()
    from bentoml._internal.utils.analytics import usage_stats

    usage_stats.do_not_track.cache_clear()
    if usage_stats.do_not_track():
        yield Finding.ok("telemetry", f"off ({', '.join(sorted(SWITCHES))})")
    else:
        yield Finding.fail(
            "telemetry", "BentoML would report its use. Set BENTOML_DO_NOT_TRACK=true."
        )


def _of_its_chain(directory: Path) -> Iterator[Finding]:
    releases = directory.parent
    count = len(list(releases.glob(f"[!.]*/{RECORD}")))
    if count < 2:
        return
    try:
        verify_chain(releases)
    except ReleaseError as broken:
        yield Finding.warn("release", f"the chain of releases beside it does not hold: {broken}")
    else:
        yield Finding.ok("release", f"the chain of {count} releases holds")


def _of_its_tiers(release: Release, settings: Settings) -> Iterator[Finding]:
    unsigned = sorted(name for name, one in release.models.items() if not one.tiers.signed_by)
    if unsigned:
        yield Finding.warn(
            "tiers", f"no clinician has signed those of {', '.join(unsigned)}: [[tiers]] does."
        )
    idle = sorted({one.question for one in settings.cut_offs} - set(release.models))
    if idle:
        yield Finding.warn("tiers", f"signed for {', '.join(idle)}, which this release lacks.")


def _who_answers(settings: Settings, place: str, taken: str) -> Finding:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    greeting = _reply(f"http://{host}:{settings.port}/")
    try:
        ours = json.loads(greeting or b"null")["name"] == "VigiCell"
    except (ValueError, TypeError, KeyError):
        ours = False
    if not ours:
        return Finding.fail("port", taken)
    if _reply(f"http://{host}:{settings.port}/readyz") is None:
        return Finding.warn("port", f"VigiCell answers on {place} and is not ready.")
    return Finding.ok("port", f"VigiCell answers on {place} and is ready")


def _reply(url: str) -> bytes | None:
    try:
        with _DIRECT.open(url, timeout=_PATIENCE_SECONDS) as reply:
            return bytes(reply.read(4096))
    except (OSError, HTTPException, ValueError):
        return None
