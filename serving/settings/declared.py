"""Every setting once: where it stands, what it may be, what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.inputs import COURSE_FIELDS
from serving.settings import kinds
from serving.settings.kinds import Kind

_LYMPHODEPLETION = COURSE_FIELDS["lymphodepletion_day"].legal
_YEAR = 366
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Declared:
    """One setting.

    Attributes
    ----------
    section, key : str
        Where it stands in the file.
    field : str
        Its attribute in :class:`~serving.settings.Settings`.
    kind : callable
    example : str
        A legal value, as the file would have it: the default where there is one.
    says : str
    variable : str
        Of the environment; empty where there is none.
    secret : bool
        Whether a wrong value may hold a password, and is not repeated.
    """

    section: str
    key: str
    field: str
    kind: Kind[Any]
    example: str
    says: str
    variable: str = ""
    secret: bool = False


SECTIONS: Mapping[str, str] = {
    "service": "Where it listens and what it answers with.",
    "ledger": "Where every answer is recorded before it is given.",
    "site": "What is particular to this hospital.",
    "alerts": "How many alerts the ward can bear; one of the two.",
    "access": "Who may ask. Keys are made with `python -m serving keys add NAME --role ROLE`.",
    "limits": "What one request, and one caller, may send.",
}

SETTINGS: tuple[Declared, ...] = (
    Declared(
        "service", "host", "host", kinds.address, '"127.0.0.1"',
        "An IP address of this machine. Beyond loopback, put a proxy with TLS before it.",
        "VIGICELL_HOST",
    ),
    Declared("service", "port", "port", kinds.whole(1, 65535), "3000", "", "VIGICELL_PORT"),
    Declared(
        "service", "release", "release", kinds.directory, '"."',
        "Directory of a release; without it, the one in the model store answers.",
        "VIGICELL_RELEASE",
    ),
    Declared(
        "service", "demo", "demo", kinds.flag, "false",
        "Whether models fitted to synthetic courses may answer, marked on every answer.",
        "VIGICELL_DEMO",
    ),
    Declared(
        "service", "limits_status", "limits_status", kinds.existing_place, '"."',
        "A report of `training evaluate --answers --json` on a silent model, or a folder of them.",
        "VIGICELL_LIMITS_STATUS",
    ),
    Declared(
        "ledger", "place", "ledger", kinds.ledger, '"ledger.sqlite"',
        "A file, or postgresql://USER@HOST/DATABASE (a password belongs into ~/.pgpass).",
        "VIGICELL_LEDGER", secret=True,
    ),
    Declared(
        "ledger", "retention_days", "retention_days", kinds.whole(1, 100 * _YEAR), "3650",
        "`ledger erase` takes what is older; without it, everything is kept.",
    ),
    Declared(
        "site", "time_zone", "time_zone", kinds.zone, '"UTC"',
        "IANA name of the zone of the ward, for instance Asia/Shanghai.",
    ),
    Declared(
        "site", "shift_starts", "shift_starts", kinds.clock_times, '["07:00", "19:00"]',
        "When shifts begin, in that zone.",
    ),
    Declared(
        "site", "language", "language", kinds.word("en", "zh"), '"en"',
        "Of answers to who prefers none: en or zh.",
    ),
    Declared(
        "site", "mapping", "site_mapping", kinds.existing_file, '"site_mapping.toml"',
        "How this site writes units and answers: the mapping file of its imports.",
        "VIGICELL_SITE_MAPPING",
    ),
    Declared(
        "site", "lymphodepletion_day", "lymphodepletion_day",
        kinds.number(*_LYMPHODEPLETION), "-5",
        "Assumed where a request does not say when it starts; without it, nothing is assumed.",
    ),
    Declared(
        "alerts", "per_100_patient_days", "alerts_per_100_patient_days",
        kinds.number(0.01, 100), "10", "",
    ),
    Declared(
        "alerts", "per_week", "alerts_per_week", kinds.number(0.01, 10_000), "5", "",
    ),
    Declared(
        "access", "keys", "keys", kinds.own_file, '"keys.json"', "The file of keys.",
        "VIGICELL_KEYS",
    ),
    Declared(
        "limits", "body_bytes", "body_limit_bytes", kinds.whole(1024, _MOST_BYTES), "2097152",
        "The longest body of one request.", "VIGICELL_BODY_LIMIT_BYTES",
    ),
    Declared(
        "limits", "line_bytes", "line_limit_bytes", kinds.whole(1024, _MOST_BYTES), "2097152",
        "The longest line of a batch.",
    ),
    Declared(
        "limits", "requests_per_minute", "requests_per_minute", kinds.whole(1, 10_000_000),
        "60000", "Of one caller, in the long run and in each worker.",
    ),
    Declared(
        "limits", "burst", "request_burst", kinds.whole(1, 1_000_000), "1000", "And at once.",
    ),
)  # fmt: skip
