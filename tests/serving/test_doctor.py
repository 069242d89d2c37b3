import json
import os
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

import serving.ledger.writing as writing
from serving.__main__ import main
from serving.access.keys import KeyFile
from serving.doctor import CHECKS, examined
from serving.ledger import Entry, Ledger

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # BentoML's, at its import
MARKER = "Zweistein-4711"


@pytest.fixture
def place(tmp_path, release_directory):
    """An installation that is well."""
    home = tmp_path / "home"
    KeyFile(home / "keys.json").add("ward", "clinician")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    return {
        "VIGICELL_HOME": str(home), "VIGICELL_RELEASE": str(release_directory),
        "VIGICELL_DEMO": "1", "VIGICELL_PORT": str(port),
    }  # fmt: skip


@pytest.fixture
def look(place):
    """Examine it with something changed; return state and text by name."""

    def looking(**changed):
        found = examined({**place, **changed})
        assert MARKER not in "".join(map(str, found))
        return found

    return looking


def of(found, name):
    return [(one.state, one.text) for one in found if one.name == name]


def an_answer(entry_id="one"):
    return Entry(entry_id, "r" * 64, MARKER.encode(), b"{}", MARKER.encode())


def test_an_installation_that_is_well_has_no_failure(look):
    found = look()
    assert not any(one.failed for one in found)
    assert {name for name, _ in CHECKS} <= {one.name for one in found}
    assert [text for state, text in of(found, "telemetry") if state == "ok"]


def test_wrong_settings_are_told_and_nothing_else_is_looked_at(look):
    (only,) = look(VIGICELL_PORT="0")
    assert only.failed
    assert "VIGICELL_PORT" in only.text


def test_a_ledger_that_is_not_there_yet_is_not_made_by_looking(look, place, tmp_path):
    ((state, text),) = of(look(), "ledger")
    assert (state, "first start" in text) == ("ok", True)
    assert not (tmp_path / "home" / "ledger.sqlite").exists()


def test_the_end_of_the_ledger_is_verified(look, tmp_path):
    with_entries(tmp_path, 3)
    assert of(look(), "ledger")[0][1].startswith("writable, 3 entries")


def with_entries(tmp_path, count):
    ledger = Ledger(tmp_path / "home" / "ledger.sqlite")
    for number in range(count):
        ledger.append(an_answer(str(number)))
    ledger.close()


def test_an_edit_of_the_ledger_is_found(look, tmp_path):
    with_entries(tmp_path, 3)
    with sqlite3.connect(tmp_path / "home" / "ledger.sqlite") as connection:
        tables = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(tables).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entry SET written_at = '2026-01-01' WHERE position = 2")
    ((state, text),) = of(look(), "ledger")
    assert state == "fail"
    assert "broken at entry 2" in text


def test_the_last_entries_alone_are_verified_without_the_first(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    for number in range(10):
        ledger.append(an_answer(str(number)))
    assert ledger.verify(last=3) == ledger.verify()
    assert ledger.verify(last=99) == ledger.verify()
    with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entry SET written_at = 'x' WHERE position = 9")
    assert ledger.verify(last=3).broken_at == 9
    assert ledger.verify(last=1).holds
    ledger.close()


def test_a_database_that_does_not_answer_is_a_failure_among_the_other_checks(look):
    found = look(VIGICELL_LEDGER="postgresql://nobody@127.0.0.1:1/nowhere")
    ((state, text),) = of(found, "ledger")
    assert (state, "does not answer" in text) == ("fail", True)
    assert {name for name, _ in CHECKS} <= {one.name for one in found}


def test_what_is_no_ledger_is_told_and_left(look, tmp_path):
    other = tmp_path / "home" / "ledger.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE patient (name)")
    other.chmod(0o600)
    before = other.read_bytes()
    ((state, text),) = of(look(), "ledger")
    assert (state, "something else" in text) == ("fail", True)
    assert other.read_bytes() == before


def test_a_clock_behind_the_last_entry_is_found(look, tmp_path, monkeypatch):
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz or UTC) + timedelta(days=2)

    monkeypatch.setattr(writing, "datetime", Ahead)
    with_entries(tmp_path, 1)
    monkeypatch.undo()
    ((state, text),) = of(look(), "clock")
    assert (state, "later than now" in text) == ("fail", True)


def test_the_time_of_the_ward_is_shown(look, tmp_path):
    (tmp_path / "home" / "settings.toml").write_text('[site]\ntime_zone = "Asia/Shanghai"\n')
    assert "Asia/Shanghai" in of(look(), "clock")[0][1]


def test_without_a_release_it_warns_and_with_half_a_one_it_fails(look, tmp_path, monkeypatch):
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "store"))
    (tmp_path / "half").mkdir()
    ((state, text),) = of(look(VIGICELL_RELEASE=str(tmp_path / "half")), "release")
    assert (state, "release.json" in text) == ("fail", True)


def test_synthetic_models_without_demonstration_are_told(look):
    assert [state for state, text in of(look(VIGICELL_DEMO="0"), "release")] == ["ok", "warn"]


def test_signed_tiers_of_a_question_without_a_model_are_told(look, tmp_path):
    (tmp_path / "home" / "settings.toml").write_text(
        '[[tiers]]\nquestion = "grade-2-icans-72h"\nsigned_by = "x"\nsigned_on = 2026-01-31\n'
        "cut_offs = { low = 0.0, high = 0.2 }\n"
    )
    assert any("which this release lacks" in text for _, text in of(look(), "tiers"))


def test_files_that_others_may_read_are_found(look, tmp_path):
    keys = tmp_path / "home" / "keys.json"
    keys.chmod(0o644)
    assert ("fail", f"{keys} can be read by others. chmod 600 {keys}") in of(look(), "keys")
    keys.chmod(0o600)
    (tmp_path / "home").chmod(0o777)
    assert any("can be written by others" in text for _, text in of(look(), "keys"))


def test_a_key_file_that_cannot_be_read_is_found(look, tmp_path):
    (tmp_path / "home" / "keys.json").write_text("{")
    assert [state for state, _ in of(look(), "keys")] == ["fail"]


def test_no_key_at_all_is_a_warning_with_the_way_out(look, tmp_path):
    (tmp_path / "home" / "keys.json").unlink()
    ((state, text),) = of(look(), "keys")
    assert (state, "keys add" in text, "first start" in text) == ("warn", True, True)
    keys = KeyFile(tmp_path / "home" / "keys.json")
    keys.add("ward", "clinician")
    keys.revoke("ward")
    ((state, text),) = of(look(), "keys")
    assert (state, "all are revoked" in text, "first start" in text) == ("warn", True, False)


def test_the_key_of_the_first_start_is_to_go_once_there_are_others(look, tmp_path):
    KeyFile(tmp_path / "home" / "keys.json").add("first", "admin")
    assert [state for state, _ in of(look(), "keys")] == ["ok", "warn"]


def test_an_address_beyond_this_machine_asks_for_a_proxy(look):
    ((state, text),) = of(look(VIGICELL_HOST="0.0.0.0"), "address")  # noqa: S104 - what is warned of
    assert (state, "TLS" in text) == ("warn", True)


def test_a_port_that_something_else_holds_is_found(look, place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(place["VIGICELL_PORT"])))
        taken.listen()
        ((state, text),) = of(look(), "port")
    assert (state, "in use" in text) == ("fail", True)


class Answering(BaseHTTPRequestHandler):
    replies: ClassVar = {"/": b'{"name": "VigiCell"}', "/readyz": b"", "/health": b"OK"}

    def do_GET(self):
        found = self.replies.get(self.path)
        self.send_response(404 if found is None else 200)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def answering(place):
    server = HTTPServer(("127.0.0.1", int(place["VIGICELL_PORT"])), Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{place['VIGICELL_PORT']}"
    server.shutdown()
    server.server_close()


def test_a_service_that_answers_is_known_as_ours(look, answering, monkeypatch):
    assert of(look(), "port")[0][0] == "ok"
    monkeypatch.setitem(Answering.replies, "/readyz", None)
    assert of(look(), "port")[0][0] == "warn"
    monkeypatch.setitem(Answering.replies, "/", b"[]")
    assert of(look(), "port")[0][0] == "fail"


def test_mlflow_is_asked_where_it_is_a_server(look, answering):
    assert of(look(MLFLOW_TRACKING_URI=answering), "mlflow")[0][1] == "the tracking server answers"
    assert of(look(MLFLOW_TRACKING_URI="http://127.0.0.1:9"), "mlflow")[0][0] == "warn"
    assert of(look(MLFLOW_TRACKING_URI="sqlite:///runs.db"), "mlflow")[0][0] == "ok"


def test_the_keys_of_an_issuer_are_fetched(look, tmp_path, answering, monkeypatch):
    from tests.serving.access.issuing import public

    (tmp_path / "home" / "settings.toml").write_text(
        '[[access.issuer]]\nissuer = "https://login.example"\naudience = "vigicell"\n'
        f'jwks_url = "{answering}/jwks"\nroles = {{ doctor = "clinician" }}\n'
    )
    assert of(look(), "signed tokens")[0][0] == "fail"
    keys = json.dumps({"keys": [public("ES384"), public("RS384")]}).encode()
    monkeypatch.setitem(Answering.replies, "/jwks", keys)
    assert of(look(), "signed tokens") == [
        ("ok", "https://login.example has 2 keys for RS384 or ES384")
    ]
    monkeypatch.setitem(Answering.replies, "/jwks", b'{"keys": []}')
    assert of(look(), "signed tokens")[0][0] == "fail"


def test_a_site_mapping_that_is_wrong_is_found(look, tmp_path):
    wrong = tmp_path / "site.toml"
    wrong.write_text('[[units]]\nspelled = "x"\n')
    assert of(look(VIGICELL_SITE_MAPPING=str(wrong)), "site mapping")[0][0] == "fail"


def test_the_verb_prints_a_line_each_and_ends_with_two_on_a_failure(
    place, tmp_path, monkeypatch, capsys
):
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line[:4].strip() in ("ok", "warn") for line in lines)
    (tmp_path / "home" / "keys.json").chmod(0o666)
    assert main(["doctor"]) == 2
    assert any(line.startswith("fail") for line in capsys.readouterr().out.splitlines())


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_found(look, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert of(look(VIGICELL_LEDGER=str(locked / "l.sqlite")), "ledger")[0][0] == "fail"
