"""The settings of a service, read once at its start."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import time
from pathlib import Path

from features.sources.records.site_mapping import SiteMapping, read_site_mapping
from serving.access.issuer import Issuer
from serving.defaults import DEFAULT_BODY_LIMIT_BYTES, DEFAULT_HOST, DEFAULT_PORT
from serving.monitoring_plan import SitePlan
from serving.settings.reading import found_settings
from serving.settings.site_tables import SignedCutOffs

DEFAULT_SHIFTS = (time(7), time(19))


@dataclass(frozen=True, slots=True)
class Settings:
    """What a service is started with.

    Attributes
    ----------
    ledger : Path or str
        Where every answer is recorded before it is given: a SQLite file, or the URL of a
        PostgreSQL database, which may hold a password and is never shown.
    release : Path or None
        Directory of the release to serve; ``None`` takes the one in the model store.
    demo : bool
        Whether models fitted to synthetic courses may answer, marked as such.
    host, port
        Where to listen; loopback unless said otherwise.
    body_limit_bytes, line_limit_bytes : int
        The longest request body, and the longest line of a batch, that is read.
    site_mapping : Path or None
        How this site writes units and answers (:mod:`features.sources.records.site_mapping`).
    limits_status : Path or None
        A report of `training evaluate --answers --json` on a silent model, or a folder of them.
    home : Path
        The folder of keys, settings and, unless said otherwise, the ledger.
    file : Path or None
        The settings file that was read.
    keys : Path
        The file of keys.
    issuers : tuple of Issuer
        Whose signed tokens are taken.
    requests_per_minute, request_burst : int
        How often one caller may ask.
    time_zone : str
        Of the ward, by its IANA name.
    shift_starts : tuple of time
        When shifts begin, in that zone, ascending.
    language : str
        Of answers to who prefers none.
    lymphodepletion_day : float or None
        The day on which lymphodepletion starts where a request does not say; ``None`` assumes none.
    cut_offs : tuple of SignedCutOffs
        Tiers of this site in place of the models' own.
    plan : SitePlan or None
        Rows of the monitoring plan in place of ours, and who signed it.
    alerts_per_100_patient_days, alerts_per_week : float or None
        How many alerts the ward can bear.
    retention_days : int or None
        After how many days requests and answers are erased by ``ledger erase``; ``None`` keeps
        them.
    """

    ledger: Path | str
    release: Path | None = None
    demo: bool = False
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    line_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    site_mapping: Path | None = None
    limits_status: Path | None = None
    home: Path = Path()
    file: Path | None = None
    keys: Path = Path("keys.json")
    issuers: tuple[Issuer, ...] = ()
    requests_per_minute: int = 60_000
    request_burst: int = 1_000
    time_zone: str = "UTC"
    shift_starts: tuple[time, ...] = DEFAULT_SHIFTS
    language: str = "en"
    lymphodepletion_day: float | None = None
    cut_offs: tuple[SignedCutOffs, ...] = ()
    plan: SitePlan | None = None
    alerts_per_100_patient_days: float | None = None
    alerts_per_week: float | None = None
    retention_days: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings file and the environment, which wins.

        An absent or empty variable, and an absent key, take their default.

        Raises
        ------
        SettingsError
            For a value that is not legal, with where it stands, what came and what is legal.
        """
        return cls(**found_settings(environment))


def site_mapping_of(settings: Settings) -> SiteMapping:
    """Read the site mapping that the settings name, with what they assume; an empty one without.

    Raises
    ------
    CohortError
        Naming the file, the entry, what came and what is legal.
    """
    mapping = read_site_mapping(settings.site_mapping) if settings.site_mapping else SiteMapping()
    return replace(mapping, lymphodepletion_day=settings.lymphodepletion_day)
