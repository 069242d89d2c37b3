"""OMOP on a live PostgreSQL server: the cohort of the folder, and nothing written or told."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from features.cohort_files import read_cohort
from features.errors import CohortError
from features.sources import read
from features.sources.omop.server import open_server
from features.sources.omop.tables import select
from features.tables import TABLES
from tests.omop_database import Database, a_cohort_with_dates, load_into, omop_of
from tests.private_postgres import PASSWORD, private_postgres
from training.cohort import import_cohort

SCHEMA = "cdm"


@pytest.fixture(scope="module")
def database() -> Database:
    return omop_of(a_cohort_with_dates(6))


@pytest.fixture(scope="module")
def url(database: Database) -> Iterator[str]:
    with private_postgres() as address:
        load_into(address, database, SCHEMA)
        yield address


@pytest.fixture(scope="module")
def mapping(database: Database, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(database.write_mapping(tmp_path_factory.mktemp("site") / "site.toml"))


def test_a_server_and_a_folder_give_the_same_cohort(
    url: str, database: Database, mapping: str, tmp_path: Path
) -> None:
    from_server, failures = read("omop", url, mapping=mapping, schema=SCHEMA)
    from_folder, _ = read("omop", database.write(tmp_path / "cdm"), mapping=mapping)
    assert len(failures) == 0
    assert len(from_server.courses) == 6
    for name, table in TABLES.items():
        rows = [
            one.table(name).sort_values(table.names[:6]).reset_index(drop=True)
            for one in (from_server, from_folder)
        ]
        pd.testing.assert_frame_equal(*rows)


def test_an_import_by_url_holds_no_password(url: str, mapping: str, tmp_path: Path) -> None:
    report = import_cohort("omop", url, tmp_path / "cohort", mapping=mapping, schema=SCHEMA)
    assert len(read_cohort(tmp_path / "cohort").courses) == 6
    for file in (tmp_path / "cohort").iterdir():
        assert PASSWORD.encode() not in file.read_bytes()
    assert not any(PASSWORD in line for line in report.lines())


def test_the_transaction_cannot_write(url: str) -> None:
    with open_server(url, SCHEMA) as server, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        server.connection.execute("DELETE FROM cdm.person")


def test_rows_come_by_chunks_while_other_queries_run(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.sources.omop.server.CHUNK_ROWS", 100)
    with open_server(url, SCHEMA) as server:
        sizes = []
        for chunk in server.chunks(select(server, "measurement"), "measurement"):
            sizes.append(len(chunk))
            assert list(server.chunks(select(server, "concept"), "concept"))
    assert max(sizes) == 100
    assert len(sizes) > 5


@pytest.mark.parametrize(
    ("turn", "schema", "said"),
    [
        (lambda url: url.replace(PASSWORD, "another-s3cret"), SCHEMA, "password authentication"),
        (lambda url: url, "elsewhere", "holds no table of the OMOP model"),
        (lambda url: url + "&bogus=another-s3cret", SCHEMA, "address of the server"),
        (lambda url: "postgresql://a:another-s3cret@[::1/db", SCHEMA, "address of the server"),
        (lambda url: url.replace("/postgres?", "/nowhere?"), SCHEMA, "nowhere"),
    ],
)
def test_a_server_that_cannot_be_read_says_why_without_the_password(
    url: str, turn, schema: str, said: str
) -> None:
    with pytest.raises(CohortError, match=said) as refused:
        read("omop", turn(url), schema=schema)
    assert PASSWORD not in str(refused.value)
    assert "another-s3cret" not in str(refused.value)


def test_a_table_without_rights_is_named(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        owner.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO guest")
        owner.execute(f"GRANT SELECT ON {SCHEMA}.person, {SCHEMA}.measurement TO guest")
    guest = url.replace(f"reader:{PASSWORD}", "guest:guest")
    with pytest.raises(CohortError, match="drug_exposure or procedure_occurrence"):
        read("omop", guest, schema=SCHEMA)
