"""What ``python -m serving ledger ...`` does: each verb returns what is to be said.

Nothing here prints; :class:`~features.errors.LedgerError` is what went wrong.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from features.errors import LedgerError
from serving.ledger import Ledger, Verdict
from serving.settings import Settings

Verb = Callable[[argparse.Namespace, Settings], str]


def add_ledger_verbs(verbs: Any, shared: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add ``ledger`` and its verbs to a command line; the verb chosen is ``ledger_verb``."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "ledger", help="check, copy, export or erase what is recorded"
    )
    own = parser.add_subparsers(required=True)

    def add(name: str, verb: Verb, words: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = own.add_parser(name, parents=[shared], help=words)
        made.set_defaults(ledger_verb=verb)
        return made

    add("verify", verify, "recompute the whole chain")
    made = add("backup", backup, "copy it into a new SQLite file, while it is in use")
    made.add_argument("file", type=Path, help="a file that does not exist yet")
    made = add("restore", restore, "fill an empty ledger with a backup")
    made.add_argument("file", type=Path, help="a file that `ledger backup` wrote")
    made = add("export", export, "write what the service saw as a cohort, with its answers")
    made.add_argument("directory", type=Path, help="directory of the cohort: patient data")
    made = add("erase", erase, "erase requests and answers that are old; the chain stays")
    made.add_argument(
        "--before", help="date, or time with its offset (default: retention_days of the settings)"
    )
    made.add_argument("--reason", required=True, help="why, for instance the retention rule")
    made.add_argument("--who", required=True, help="name of the person who orders it")
    add("upgrade", upgrade, "bring an older ledger to this version, after a copy beside it")
    return parser


def verify(_: argparse.Namespace, settings: Settings) -> str:
    """Check the chain."""
    with _existing(settings) as ledger:
        return _words(ledger.verify())


def backup(parsed: argparse.Namespace, settings: Settings) -> str:
    """Copy the ledger."""
    with _existing(settings) as ledger:
        found = ledger.backup(parsed.file)
    said = f"Written to {parsed.file}; it holds patient data."
    if not found.holds:
        raise LedgerError(f"{said} But the chain is broken {_where(found)}")
    return f"{said} {_words(found)}"


def restore(parsed: argparse.Namespace, settings: Settings) -> str:
    """Fill an empty ledger."""
    with _opened(settings) as ledger:
        return f"Restored. {_words(ledger.restore(parsed.file))}"


def export(parsed: argparse.Namespace, settings: Settings) -> str:
    """Write what the service saw as a cohort."""
    from serving.ledger_export import export_ledger  # pandas and the cohort's writers: only here
    from serving.settings import site_mapping_of

    with _existing(settings) as ledger:
        found = export_ledger(ledger, parsed.directory, site_mapping_of(settings))
    left = "".join(f"\n  left out: {count} {rule}" for rule, count in found.left_out.items())
    return (
        f"Written to {parsed.directory}: {found.courses} courses, {found.answers} answered "
        f"questions.{left}\n"
        "It holds patient data: keep it as you keep a cohort."
    )


def erase(parsed: argparse.Namespace, settings: Settings) -> str:
    """Erase payloads under retention."""
    before = _instant(parsed.before) if parsed.before else _end_of_retention(settings)
    with _existing(settings) as ledger:
        count = ledger.erase(before, parsed.reason, parsed.who)
    if not count:
        return "Nothing is that old; nothing was erased."
    return (
        f"Erased the payloads of {count} entries; the chain keeps that they were there. "
        "Backups made before still hold them."
    )


def upgrade(_: argparse.Namespace, settings: Settings) -> str:
    """Migrate an older ledger, as opening it always does."""
    with _existing(settings) as ledger:
        return f"The ledger is at the version of this service. {_words(ledger.verify())}"


@contextmanager
def _opened(settings: Settings) -> Iterator[Ledger]:
    ledger = Ledger(settings.ledger)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def _existing(settings: Settings) -> Iterator[Ledger]:
    if isinstance(settings.ledger, Path) and not settings.ledger.is_file():
        raise LedgerError("There is no ledger yet at the place that VIGICELL_LEDGER names.")
    with _opened(settings) as ledger:
        yield ledger


def _words(verdict: Verdict) -> str:
    if not verdict.holds:
        raise LedgerError(f"The chain is broken {_where(verdict)}")
    erased = f", {verdict.erased} of them erased" if verdict.erased else ""
    return f"The chain holds: {verdict.entries} entries{erased}."


def _where(verdict: Verdict) -> str:
    return (
        f"at entry {verdict.broken_at}: {verdict.reason}. Keep this ledger as it is, find out who "
        "could write it, and compare it with a backup."
    )


def _end_of_retention(settings: Settings) -> datetime:
    if settings.retention_days is None:
        raise LedgerError(
            "Nothing says what is old: --before is not given, and the settings have no "
            "retention_days in [ledger]. Give one of them."
        )
    return datetime.now(UTC) - timedelta(days=settings.retention_days)


def _instant(text: str) -> datetime:
    try:
        made = datetime.fromisoformat(text)
    except ValueError:
        raise LedgerError(
            f"--before {text!r} is no date. Legal is 2026-03-01 (midnight, UTC), or a time with "
            "its offset, 2026-03-01T00:00:00+08:00."
        ) from None
    return made if made.tzinfo else made.replace(tzinfo=UTC)
