import re
import tomllib
from dataclasses import fields, replace
from datetime import time

import pytest

from features.errors import SettingsError
from features.questions import QUESTIONS
from serving.access.caller import Role
from serving.messages import EXAMPLE_REQUEST
from serving.monitoring_plan import Plan
from serving.settings import Settings, site_mapping_of
from serving.settings.declared import SECTIONS, SETTINGS
from serving.settings.draft import draft, write_draft

TIERS = """
[[tiers]]
question = "severe-crs-72h"
signed_by = "head of the unit"
signed_on = 2026-01-31
cut_offs = { low = 0.0, high = 0.2 }
"""
ISSUER = """
[[access.issuer]]
issuer = "https://login.example"
audience = "vigicell"
jwks_url = "https://login.example/keys"
roles = { doctor = "clinician" }
"""
PLAN = """
[plan]
signed_by = "head of the unit"
signed_on = 2026-01-31
[[plan.row]]
level = "lowest"
item = "ice"
what = ["ICE score", "ICE评分"]
how_often = ["every 8 hours", "每8小时"]
at_least_every_hours = 8
source = "protocol of the unit"
"""


@pytest.fixture
def read(tmp_path):
    def reading(text, **environment):
        (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
        return Settings.from_environment({"VIGICELL_HOME": str(tmp_path), **environment})

    return reading


def test_the_draft_read_back_is_the_defaults(read, tmp_path):
    defaults = Settings.from_environment({"VIGICELL_HOME": str(tmp_path)})
    assert read(draft()) == replace(defaults, file=tmp_path / "settings.toml")


def test_every_line_of_the_draft_can_be_taken_as_it_stands(read, tmp_path):
    (tmp_path / "site_mapping.toml").write_text("")
    lines = draft().replace("#per_week", "# per_week").splitlines()
    text = "\n".join(line[1:] if re.match(r"#[\w\[]", line) else line for line in lines)
    assert len(tomllib.loads(text)) == len(SECTIONS) + 2
    settings = read(text)
    assert settings.cut_offs[0].question in QUESTIONS
    assert settings.issuers[0].roles["it"] is Role.ADMIN
    assert settings.plan.rows[0].at_least_every_hours == 8
    assert settings.lymphodepletion_day == -5


def test_what_the_draft_shows_is_what_holds():
    shown = Settings.from_environment({})
    alike = [
        one for one in SETTINGS
        if one.field in ("host", "port", "demo", "body_limit_bytes", "line_limit_bytes", "language",
                         "time_zone", "shift_starts", "requests_per_minute", "request_burst")
    ]  # fmt: skip
    assert len(alike) == 10
    for one in alike:
        value = tomllib.loads(f"x = {one.example}")["x"]
        assert one.kind(value, shown.home) == getattr(shown, one.field)


def test_each_setting_is_declared_once_and_is_a_field():
    names = {one.name for one in fields(Settings)}
    assert {one.field for one in SETTINGS} <= names
    assert len({one.field for one in SETTINGS}) == len(SETTINGS)
    assert len({(one.section, one.key) for one in SETTINGS}) == len(SETTINGS)
    assert {one.section for one in SETTINGS} == set(SECTIONS)


def test_the_draft_is_never_written_over_a_file(tmp_path):
    write_draft(tmp_path / "new" / "settings.toml")
    with pytest.raises(SettingsError, match="exists"):
        write_draft(tmp_path / "new" / "settings.toml")


def test_a_whole_site_is_read(read, tmp_path):
    settings = read(
        """
[service]
port = 8080
[ledger]
retention_days = 365
[site]
time_zone = "Asia/Shanghai"
shift_starts = ["07:30", 15:00:00, "23:00"]
language = "zh"
lymphodepletion_day = -5
[alerts]
per_100_patient_days = 8
[limits]
line_bytes = 4096
"""
        + TIERS
        + ISSUER
        + PLAN
    )
    assert (settings.port, settings.retention_days, settings.language) == (8080, 365, "zh")
    assert settings.shift_starts == (time(7, 30), time(15), time(23))
    assert settings.alerts_per_100_patient_days == 8.0
    assert settings.line_limit_bytes == 4096
    assert settings.cut_offs[0].tiers.bounds == {"low": 0.0, "high": 0.2}
    assert settings.cut_offs[0].tiers.signed_by == "head of the unit, 2026-01-31"
    assert settings.plan.signed_by == "head of the unit, 2026-01-31"
    assert Plan(settings.plan).signed_by == settings.plan.signed_by
    assert settings.issuers[0].single_use is True
    assert (settings.home, settings.ledger) == (tmp_path, tmp_path / "ledger.sqlite")
    assert site_mapping_of(settings).lymphodepletion_day == -5


def test_the_environment_wins_over_the_file(read):
    text = "[service]\nport = 8080\ndemo = false\n"
    settings = read(text, VIGICELL_PORT="9090", VIGICELL_DEMO="1")
    assert (settings.port, settings.demo) == (9090, True)


def test_a_path_in_the_file_is_meant_from_its_folder(read, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    settings = read('[ledger]\nplace = "l.sqlite"\n[access]\nkeys = "k/keys.json"\n')
    assert settings.ledger == tmp_path / "l.sqlite"
    assert settings.keys == tmp_path / "k" / "keys.json"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[service]\nport = 0\n", ("[service]", "port = 0", "from 1 to 65535")),
        ("[service]\nport = true\n", ("port = True", "from 1 to 65535")),
        ('[service]\nhost = "localhost"\n', ("'localhost'", "127.0.0.1")),
        ('[site]\ntime_zone = "Berlin"\n', ("'Berlin'", "Asia/Shanghai")),
        ('[site]\ntime_zone = "../../etc/passwd"\n', ("time_zone", "IANA")),
        ("[site]\ntime_zone = 8\n", ("time_zone = 8", "IANA")),
        ('[site]\nshift_starts = ["19:00", "07:00"]\n', ("ascending",)),
        ("[site]\nshift_starts = []\n", ("ascending",)),
        ('[site]\nshift_starts = ["7 am"]\n', ("ascending",)),
        ('[site]\nshift_starts = ["07:00Z"]\n', ("ascending",)),
        ('[site]\nlanguage = "de"\n', ("'de'", "en, zh")),
        ("[site]\nlymphodepletion_day = 5\n", ("lymphodepletion_day = 5", "from -60 to 0")),
        ("[site]\nlymphodepletion_day = nan\n", ("from -60 to 0",)),
        ("[ledger]\nretention_days = 0\n", ("retention_days = 0", "whole number from 1")),
        ("[limits]\nburst = 0.5\n", ("burst = 0.5", "whole number from 1")),
        ("[alerts]\nper_week = 1\nper_100_patient_days = 1\n", ("both", "one of them")),
        ("[service]\nprot = 1\n", ("[service]", "'prot' is not known", "Did you mean port?")),
        ("[sevice]\nport = 1\n", ("'sevice'", "Did you mean service?")),
        ("port = 1\n", ("'port'",)),
        ("service = 1\n", ("[service]",)),
        ("[service\n", ("no TOML",)),
        ("tiers = 1\n", ("[[tiers]]",)),
        ("plan = 1\n", ("[plan]",)),
        (TIERS.replace("0.2", "1.0"), ("[[tiers]] 1", "cut_offs", "ascending")),
        (TIERS.replace("low = 0.0", "low = 0.3"), ("ascending",)),
        (TIERS.replace("0.2", '"x"'), ("cut_offs", "ascending")),
        (TIERS.replace('signed_by = "head of the unit"', ""), ("signed_by is missing",)),
        (TIERS.replace("head of the unit", " "), ("signed_by", "not empty")),
        (TIERS.replace("2026-01-31", '"2026-01-31"'), ("signed_on", "without quotes")),
        (TIERS.replace("2026-01-31", "2999-01-01"), ("signed_on", "a day that has come")),
        (TIERS + TIERS, ("severe-crs-72h is given twice",)),
        (TIERS.replace("question", "qestion"), ("Did you mean question?",)),
        (ISSUER.replace('"clinician"', '"nurse"'), ("[[access.issuer]] 1", "roles", "safety")),
        (ISSUER.replace("https://login.example/keys", "ftp://x"), ("jwks_url", "https://")),
        (ISSUER.replace("https://login.example/keys", "http://x/keys"), ("only on this machine",)),
        (ISSUER.replace('audience = "vigicell"', ""), ("audience is missing",)),
        (PLAN.replace('"lowest"', '"low"'), ("[[plan.row]] 1", "'low'", "highest")),
        (PLAN.replace("= 8", "= 24"), ("ICE less than twice daily",)),
        (PLAN.replace('"ICE评分"', "7"), ("what", "in Chinese")),
        (PLAN.replace("item", "itm"), ("Did you mean item?",)),
    ],
    ids=range(40),
)
def test_what_is_not_legal_stops_the_start_with_file_place_and_what_is(read, text, words):
    with pytest.raises(SettingsError) as caught:
        read(text)
    said = str(caught.value)
    assert "settings.toml" in said
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    "text",
    [
        '[ledger]\nplace = "mysql://user:s3cret@host/ledger"\n',
        ISSUER.replace("https://login.example/keys", "https://user:s3cret@login.example/keys"),
        ISSUER.replace("https://login.example/keys", "http://login.example/keys?k=s3cret"),
    ],
)
def test_a_secret_in_a_wrong_value_is_not_repeated(read, text):
    with pytest.raises(SettingsError) as caught:
        read(text)
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match=r"VIGICELL_SETTINGS.*--draft"):
        Settings.from_environment({"VIGICELL_SETTINGS": str(tmp_path / "no.toml")})


def test_a_file_in_another_encoding_is_refused_by_name(tmp_path):
    (tmp_path / "settings.toml").write_bytes(b"# \xff\xfe\n[service]\n")
    with pytest.raises(SettingsError, match=r"settings\.toml is not written in UTF-8"):
        Settings.from_environment({"VIGICELL_HOME": str(tmp_path)})


def test_a_home_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="VIGICELL_HOME"):
        Settings.from_environment({"VIGICELL_HOME": str(tmp_path / "file")})


def test_the_language_of_the_site_is_spoken_to_who_prefers_none(client):
    client.api.language = "zh"
    assert client.risk(EXAMPLE_REQUEST).json()["language"] == "zh"
    assert client.risk(EXAMPLE_REQUEST, **{"accept-language": "en"}).json()["language"] == "en"
    assert client.risk(EXAMPLE_REQUEST, **{"accept-language": "fr"}).json()["language"] == "zh"
