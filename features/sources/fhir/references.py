"""What a FHIR resource refers to, and which version of it this is."""

import re
from datetime import UTC
from typing import Any

from features.sources.fhir.times import Clock

_REFERENCE = re.compile(
    r"(?:.*/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-_]+)(?:/_history/[^/]*)?"
)
_ALWAYS = Clock(UTC)
_CONTAINED = "#"


def target_of(reference: Any, expected: str, urls: dict[str, str]) -> str | None:
    """Return "Type/id" of what is referred to; "#id" for a contained resource, None for nothing.

    Parameters
    ----------
    reference : dict or None
        A Reference: relative, absolute, by the full URL of its Bundle, or contained.
    expected : str
        The type that a bare ``urn:uuid:`` outside of a Bundle is taken for.
    urls : dict
        Full URL -> "Type/id" of the Bundle.
    """
    written = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(written, str) or not written:
        return None
    if written in urls:
        return urls[written]
    if written.startswith(_CONTAINED):
        return written
    if written.startswith("urn:"):
        return f"{expected}/{written.rpartition(':')[2]}"
    match = _REFERENCE.fullmatch(written)
    return f"{match['type']}/{match['id']}" if match else None


def contained(resource: dict[str, Any], target: str) -> dict[str, Any] | None:
    """Return the resource that `resource` contains under "#id"."""
    inside = resource.get("contained")
    for one in inside if isinstance(inside, list) else []:
        if isinstance(one, dict) and one.get("id") == target.removeprefix(_CONTAINED):
            return one
    return None


def version_of(resource: dict[str, Any]) -> float:
    """Return a number that grows with the versions of a resource; minus infinity without any."""
    meta = resource.get("meta")
    if not isinstance(meta, dict):
        return float("-inf")
    updated = _ALWAYS.read(meta.get("lastUpdated"))
    if updated.at is not None:
        return updated.at.timestamp()
    try:
        return float(meta["versionId"])
    except (KeyError, TypeError, ValueError):
        return float("-inf")
