"""The chain: which fields a digest covers, by the rule under which the entry was written."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FIRST = "0" * 64
"""What the first entry follows."""

FIRST_RULE = 1
RULE = 2
"""The rule of new entries."""

PAYLOAD = ("request", "predictors", "answer")
DIGESTS = tuple(f"{part}_digest" for part in PAYLOAD)

_FIRST_COVERED = ("entry_id", "written_at", "release", *DIGESTS, "previous")
_COVERED = (
    "rule", "position", "entry_id", "kind", "subject", "who", "written_at", "release", *DIGESTS,
    "previous",
)  # fmt: skip


def sha256(content: bytes) -> str:
    """Return the digest of a part of a payload."""
    return hashlib.sha256(content).hexdigest()


def digest_of(row: Mapping[str, Any]) -> str:
    """Return the digest of an entry by its rule.

    Rule 1 joined the fields of an answer by line breaks and did not cover kind, subject, who and
    position; rule 2 writes all of them as a JSON list, which no two rows share.
    """
    if row["rule"] == FIRST_RULE:
        return sha256("\n".join([row[name] for name in _FIRST_COVERED]).encode())
    return sha256(json.dumps([row[name] for name in _COVERED]).encode())


def misfit(row: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Return what does not fit between an entry and the one before it, empty when all does.

    Parameters
    ----------
    before : mapping
        ``position``, ``digest`` and ``rule`` of the entry before; of the first one 0,
        :data:`FIRST` and :data:`FIRST_RULE`.
    """
    if row["position"] != before["position"] + 1:
        return "entries before it are missing"
    if row["previous"] != before["digest"]:
        return "it does not follow the entry before it"
    if not before["rule"] <= row["rule"] <= RULE or _says_more_than_its_rule(row):
        return "it was changed"
    return "" if digest_of(row) == row["digest"] else "it was changed"


def _says_more_than_its_rule(row: Mapping[str, Any]) -> bool:
    said = (row["kind"], row["subject"], row["who"])
    return bool(row["rule"] == FIRST_RULE and said != ("answer", "", ""))


def payload_misfit(row: Mapping[str, Any]) -> str:
    """Return what does not fit between an entry and its payload, which was not erased."""
    for part, digest in zip(PAYLOAD, DIGESTS, strict=True):
        if row[part] is None:
            return "its payload is missing"
        if sha256(row[part]) != row[digest]:
            return "its payload was changed"
    return ""
