"""Who let which model answer, when and why; and which could answer at an instant or on a day.

Two records are read and checked: the chain of releases, and the chained file beside it with
promotions, refusals and overrides. What a release could answer is what the service was given; what
it did answer is in the ledger of the service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from features.errors import ReleaseError
from models.release import ReleaseRecord
from training.chained_record import read_entries
from training.export import RELEASED, release_chain
from training.synthetic_mark import mark
from training.work_folder import WorkFolder

BACK = "brought back"
_A_DAY = len("2026-03-03")


@dataclass(frozen=True)
class Event:
    """One decision: what, of which model or release, by whom, when and why.

    Parameters
    ----------
    when : with its zone.
    what : promoted, refused, interrupted, released or brought back.
    subject : question and version, or the release; marked where it is of made-up patients.
    digest : of the model or the release.
    details : rules that refused, overrides, what was compared; one line each.
    """

    when: datetime
    what: str
    subject: str
    digest: str
    who: str
    why: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Reign:
    """A release and the time from which to which it could answer; `until` None: to this day."""

    release: ReleaseRecord
    since: datetime
    until: datetime | None


def history(folder: WorkFolder) -> list[Event]:
    """Return every decision, oldest first, after checking both chains.

    Raises
    ------
    ReleaseError
        Where a release or a line of the record was changed, cut or is missing.
    """
    made_up = {record.digest: record.synthetic for record in release_chain(folder)}
    entries = read_entries(folder.gate_record)
    return [_event(entry, made_up.get(entry.get("release", ""))) for entry in entries]


def could_answer(folder: WorkFolder, on: str) -> list[Reign]:
    """Return the releases that could answer at an instant, or at any time of a day (UTC).

    Parameters
    ----------
    on : "2026-03-03", or an instant with its zone such as "2026-03-03T14:00+01:00".

    Raises
    ------
    ReleaseError
        Where `on` is neither, lies in the future, or a chain does not verify.
    """
    start, end = span_of(on)
    reigns = _reigns(release_chain(folder))
    return [
        reign
        for reign in reigns
        if reign.since < end and (reign.until is None or reign.until > start)
    ]


def span_of(on: str) -> tuple[datetime, datetime]:
    """Return the first instant that is meant, and the first one that is not any more.

    Raises
    ------
    ReleaseError
    """
    legal = "Write a day, 2026-03-03 (UTC), or an instant with its zone, 2026-03-03T14:00+01:00."
    try:
        start = datetime.fromisoformat(on)
    except ValueError:
        raise ReleaseError(f"{on} is no day and no instant. {legal}") from None
    if len(on) == _A_DAY:
        start = start.replace(tzinfo=UTC)
        end = start + timedelta(days=1)
    else:
        end = start + timedelta(microseconds=1)
    if start.tzinfo is None:
        raise ReleaseError(f"{on} has no zone. {legal}")
    if start > datetime.now(UTC):
        raise ReleaseError(f"{on} lies in the future: nobody knows what will answer then.")
    return start, end


def history_lines(events: Sequence[Event]) -> list[str]:
    """Return the decisions as a person reads them."""
    if not events:
        return ["Nothing was promoted, refused or released yet in this work folder."]
    lines = []
    for event in events:
        digest = event.digest[:16]
        lines.append(f"{_shown(event.when)}  {event.what:<12}  {event.subject}  {digest}")
        lines += [f"    {detail}" for detail in event.details]
        lines.append(f"    by {event.who}: {event.why}")
    return [*lines, f"Both chains verified: {len(events)} decisions, none edited."]


def answering_lines(on: str, reigns: Sequence[Reign]) -> list[str]:
    """Return which models could answer as a person reads it."""
    if not reigns:
        return [f"{on}: no release of this work folder could answer."]
    lines = []
    for reign in reigns:
        release = reign.release
        until = _shown(reign.until) if reign.until else "this day"
        lines += [
            f"{on}: {mark(release.synthetic)}release {release.digest}",
            f"    could answer from {_shown(reign.since)} to {until}",
            f"    by {release.who}: {release.why}",
        ]
        lines += [f"    {name}: {digest}" for name, digest in sorted(release.model_digests.items())]
        lines += _overridden(release.facts)
    return [*lines, "Which of them did answer is in the ledger of the service."]


def _overridden(facts: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, said in sorted(facts.items()):
        overridden = said.get("overridden")
        if overridden:
            rules = ", ".join(overridden["rules"])
            lines.append(
                f"    {name}: {rules} overridden by {overridden['who']}: {overridden['why']}"
            )
    return lines


def _reigns(chain: Sequence[ReleaseRecord]) -> list[Reign]:
    since = [datetime.fromisoformat(record.when) for record in chain]
    until = [*since[1:], None]
    return [Reign(*one) for one in zip(chain, since, until, strict=False)]


def _event(entry: Mapping[str, Any], release_is_synthetic: bool | None) -> Event:
    when = datetime.fromisoformat(entry["when"])
    who, why = str(entry["who"]), str(entry["why"])
    if entry["what"] == RELEASED:
        back = entry["brings_back"]
        models = [f"{name}: {digest[:16]}" for name, digest in sorted(entry["models"].items())]
        details = [f"of {back[:16]}"] if back else []
        subject = (
            f"{mark(release_is_synthetic)}release of {len(models)} model{'s' * (len(models) != 1)}"
        )
        what = BACK if back else RELEASED
        return Event(when, what, subject, entry["release"], who, why, (*details, *models))
    subject = f"{mark(entry.get('synthetic'))}{entry['question']} version {entry['version']}"
    return Event(when, entry["what"], subject, entry["digest"], who, why, _details(entry))


def _details(entry: Mapping[str, Any]) -> tuple[str, ...]:
    overridden = entry["overridden"]
    lines = [
        f"{rule} {'overridden' if rule in overridden else 'refuses'}: {reason}"
        for rule, reason in entry["refused_by"].items()
    ]
    if entry["champion_before"]:
        lines.append(f"champion before: {entry['champion_before'][:16]}")
    if entry.get("compared"):
        lines.append(f"compared: {entry['compared']}")
    return (*lines, *(f"note: {note}" for note in entry.get("notes", ())))


def _shown(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
