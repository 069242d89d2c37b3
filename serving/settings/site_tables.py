"""The parts of the settings that are tables: signed cut-offs, the plan, issuers of tokens."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from features.errors import PlanError
from models.tiers import Tier, Tiers
from serving.access.caller import ROLES, Role
from serving.access.issuer import Issuer
from serving.monitoring_plan import LEVELS, SIGNED_BY_SITE, Plan, Row, SitePlan
from serving.settings import kinds
from serving.settings.kinds import Kind, NotLegal

Read = Callable[[str, Mapping[str, Any], Mapping[str, Kind[Any]], tuple[str, ...]], dict[str, Any]]
"""Reads one table: its place, what it says, the legal keys, the keys that it needs."""


@dataclass(frozen=True, slots=True)
class SignedCutOffs:
    """Tiers of one question that a clinician of this site has set and signed.

    Attributes
    ----------
    question : str
    tiers : Tiers
        Cut-offs without observed rates; `signed_by` says who and when.
    """

    question: str
    tiers: Tiers


def read_cut_offs(read: Read, place: str, said: Mapping[str, Any]) -> SignedCutOffs:
    """Read one ``[[tiers]]``."""
    legal = {
        "question": kinds.text,
        "signed_by": kinds.text,
        "signed_on": _past_day,
        "cut_offs": _cut_offs,
    }
    found = read(place, said, legal, tuple(legal))
    signed = f"{found['signed_by']}, {found['signed_on'].isoformat()}"
    return SignedCutOffs(found["question"], Tiers(found["cut_offs"], signed))


def read_plan(read: Read, place: str, said: Mapping[str, Any]) -> SitePlan:
    """Read ``[plan]`` with its rows.

    Raises
    ------
    SettingsError
        Where it asks for less than a plan may.
    """
    legal: dict[str, Kind[Any]] = {
        "signed_by": kinds.text,
        "signed_on": _past_day,
        "row": _tables,
    }
    found = read(place, said, legal, ("signed_by", "signed_on"))
    rows = tuple(
        Row(**{"tag": SIGNED_BY_SITE, **read(f"[[plan.row]] {at}", one, _ROW, _ROW_NEEDS)})
        for at, one in enumerate(found.get("row", ()), start=1)
    )
    plan = SitePlan(f"{found['signed_by']}, {found['signed_on'].isoformat()}", rows)
    Plan(plan)  # refuses one that asks for too little
    return plan


def read_issuer(read: Read, place: str, said: Mapping[str, Any]) -> Issuer:
    """Read one ``[[access.issuer]]``."""
    return Issuer(**read(place, said, _ISSUER, ("issuer", "audience", "jwks_url", "roles")))


def _past_day(said: Any, folder: Path) -> date:
    found = kinds.day(said, folder)
    if found > date.today():  # noqa: DTZ011 - a signature is dated where it was given
        raise NotLegal("a day that has come, for instance 2026-03-01")
    return found


def _cut_offs(said: Any, _: Path) -> tuple[Tier, ...]:
    legal = (
        "names with ascending probabilities, the first 0 and all below 1, for instance "
        "{ low = 0.0, intermediate = 0.05, high = 0.2 }"
    )
    if not isinstance(said, dict) or any(
        isinstance(cut, bool) or not isinstance(cut, int | float) for cut in said.values()
    ):
        raise NotLegal(legal)
    try:
        return Tiers(tuple(Tier(str(name), float(cut)) for name, cut in said.items())).tiers
    except PlanError:
        raise NotLegal(legal) from None


def _tables(said: Any, _: Path) -> list[dict[str, Any]]:
    if isinstance(said, list) and all(isinstance(one, dict) for one in said):
        return said
    raise NotLegal("tables, each written as [[plan.row]]")


def _roles(said: Any, _: Path) -> dict[str, Role]:
    if isinstance(said, dict) and said and all(role in ROLES for role in said.values()):
        return {str(word): Role(role) for word, role in said.items()}
    raise NotLegal(f'{{ "word of the issuer" = "role" }} with the roles {", ".join(ROLES)}')


_HOURS = kinds.number(0, 24 * 7)
_DAYS = kinds.number(-30, 3650)
_ROW: Mapping[str, Kind[Any]] = {
    "level": kinds.word(*LEVELS),
    "item": kinds.text,
    "what": kinds.two_languages,
    "how_often": kinds.two_languages,
    "source": kinds.text,
    "at_least_every_hours": _HOURS,
    "from_day": _DAYS,
    "until_day": _DAYS,
}
_ROW_NEEDS = ("level", "item", "what", "how_often", "source")
_ISSUER: Mapping[str, Kind[Any]] = {
    "issuer": kinds.name,
    "audience": kinds.text,
    "jwks_url": kinds.key_address,
    "roles": _roles,
    "role_claim": kinds.text,
    "single_use": kinds.flag,
}
