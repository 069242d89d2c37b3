"""Checking a whole installation: one line for each thing, and what to do about it.

Every check is a function of the settings that yields findings and changes nothing. No finding
holds a patient's value or a token.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from features.errors import SettingsError, VigiCellError
from serving.doctor.access import (
    keys_are_kept_well,
    only_who_should_can_connect,
    tokens_can_be_read,
)
from serving.doctor.answering import (
    mlflow_is_reachable,
    models_are_trusted,
    port_is_ours,
    site_mapping_is_readable,
    telemetry_is_off,
)
from serving.doctor.finding import Finding
from serving.doctor.records import clock_is_right, disk_has_room, ledger_holds
from serving.settings import Settings

Check = Callable[[Settings, Mapping[str, str]], Iterable[Finding]]

CHECKS: Sequence[tuple[str, Check]] = (
    ("ledger", ledger_holds),
    ("disk", disk_has_room),
    ("clock", clock_is_right),
    ("release", models_are_trusted),
    ("site mapping", site_mapping_is_readable),
    ("keys", keys_are_kept_well),
    ("signed tokens", tokens_can_be_read),
    ("address", only_who_should_can_connect),
    ("port", port_is_ours),
    ("mlflow", mlflow_is_reachable),
    ("telemetry", telemetry_is_off),
)


def examined(environment: Mapping[str, str]) -> list[Finding]:
    """Return what was found, in the order of :data:`CHECKS`; with wrong settings, that alone."""
    try:
        settings = Settings.from_environment(environment)
    except SettingsError as wrong:
        return [Finding.fail("settings", str(wrong))]
    place = f"{settings.file}" if settings.file else "no file; the defaults hold"
    found = [Finding.ok("settings", place)]
    for name, check in CHECKS:
        found += _findings(name, check, settings, environment)
    return found


def _findings(
    name: str, check: Check, settings: Settings, environment: Mapping[str, str]
) -> Iterator[Finding]:
    try:
        yield from check(settings, environment)
    except VigiCellError as wrong:
        yield Finding.fail(name, str(wrong))
    except OSError as wrong:
        yield Finding.fail(name, f"cannot be looked at ({wrong.strerror}). Mend that first.")
