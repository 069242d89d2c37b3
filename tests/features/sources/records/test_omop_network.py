"""Reading OMOP asks nothing of the network and of no other file."""

import socket
from pathlib import Path

import duckdb
import pytest

from features.sources.omop.folder import open_folder
from tests.features.sources.records.omop_rows import a_database, read_omop


def test_the_engine_reaches_no_network_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_database().write(tmp_path / "cdm")
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("a\n1\n")

    def refuse(*_: object) -> None:
        raise AssertionError("something was asked of the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    read_omop(folder)
    with open_folder(folder) as opened:
        for forbidden in (
            "INSTALL httpfs",
            "LOAD httpfs",
            "SELECT * FROM read_csv('https://example.org/x.csv')",
            f"FROM read_csv('{elsewhere}')",
            "SET autoinstall_known_extensions = true",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                opened.engine.execute(forbidden).fetchall()
        told = opened.engine.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name IN "
            "('autoinstall_known_extensions', 'autoload_known_extensions')"
        ).fetchall()
    assert {value for _, value in told} == {"false"}
