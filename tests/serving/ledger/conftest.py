import sqlite3
from itertools import count

import psycopg
import pytest

from serving.ledger import Entry, Kind, Ledger
from tests.private_postgres import private_server

_numbers = count()


@pytest.fixture(scope="session")
def server():
    with private_server() as one:
        yield one


@pytest.fixture
def database(server):
    """The address of an empty database of PostgreSQL."""
    name = f"ledger_{next(_numbers)}"
    with psycopg.connect(server.address(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.address(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a ledger may lie."""
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    return request.getfixturevalue("database")


@pytest.fixture
def ledger(place):
    one = Ledger(place)
    yield one
    one.close()


@pytest.fixture
def an_entry():
    def make(number, **more):
        said = {"kind": Kind.ANSWER, "subject": f"course-{number % 2}", "who": "key", **more}
        return Entry(
            f"id-{number}", "r" * 64, b"request %d" % number, b"{}", b"answer %d" % number, **said
        )

    return make


@pytest.fixture
def edited(place):
    """Change the ledger as someone would who owns its file or its database."""

    def edit(*statements):
        if isinstance(place, str):
            with psycopg.connect(place) as connection:
                connection.execute("SET session_replication_role = replica")  # no trigger, no key
                for statement in statements:
                    connection.execute(statement)
            return
        connection = sqlite3.connect(place)
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return edit
