"""Every edit, gap, removal and exchange is found, and the database refuses most of them itself."""

import sqlite3

import psycopg
import pytest

from serving.ledger import Kind, Ledger

EDITS = [
    ("UPDATE payload SET answer = {byte} WHERE position = 3", 3),
    ("UPDATE payload SET request = {byte} WHERE position = 1", 1),
    ("UPDATE payload SET predictors = {byte} WHERE position = 5", 5),
    ("UPDATE payload SET answer = NULL WHERE position = 2", 2),
    ("UPDATE payload SET request = NULL, predictors = NULL, answer = NULL, erasure = 5"
     " WHERE position = 2", 2),
    ("UPDATE entry SET written_at = '1999' WHERE position = 2", 2),
    ("UPDATE entry SET release = 'other' WHERE position = 1", 1),
    ("UPDATE entry SET kind = 'seen' WHERE position = 4", 4),
    ("UPDATE entry SET subject = 'other' WHERE position = 4", 4),
    ("UPDATE entry SET who = 'other' WHERE position = 4", 4),
    ("UPDATE entry SET entry_id = 'other' WHERE position = 4", 4),
    ("UPDATE entry SET rule = 1 WHERE position = 4", 4),
    ("UPDATE entry SET rule = 3 WHERE position = 4", 4),
    ("UPDATE entry SET digest = 'x' WHERE position = 5", 5),
    ("DELETE FROM payload WHERE position = 2", 2),
    ("DELETE FROM entry WHERE position = 1", 2),
    ("DELETE FROM entry WHERE position = 3", 4),
    ("DELETE FROM entry WHERE position = 5", 5),
    ("DELETE FROM entry", 1),
    ("UPDATE entry SET position = 9 WHERE position = 5", 9),
    ("UPDATE head SET position = 4", 5),
    ("UPDATE head SET digest = 'x'", 5),
    ("DELETE FROM head", 5),
]  # fmt: skip


@pytest.fixture
def of_five(place, an_entry):
    one = Ledger(place)
    for number in range(5):
        one.append(an_entry(number))
    yield one
    one.close()


@pytest.mark.parametrize(("statement", "position"), EDITS)
def test_every_edit_and_every_gap_is_found_where_it_is(place, of_five, edited, statement, position):
    edited(statement.format(byte=r"'\x00'" if isinstance(place, str) else "x'00'"))
    verdict = of_five.verify()
    assert not verdict.holds
    assert verdict.broken_at == position
    assert verdict.reason


def test_two_entries_that_changed_places_are_found(of_five, edited):
    edited(
        "UPDATE entry SET position = 9 WHERE position = 2",
        "UPDATE entry SET position = 2 WHERE position = 3",
        "UPDATE entry SET position = 3 WHERE position = 9",
    )
    assert of_five.verify().broken_at == 2


def test_two_payloads_that_changed_places_are_found(of_five, edited):
    edited(
        "UPDATE payload SET position = 9 WHERE position = 2",
        "UPDATE payload SET position = 2 WHERE position = 3",
        "UPDATE payload SET position = 3 WHERE position = 9",
    )
    assert of_five.verify().broken_at == 2


def test_an_entry_behind_the_head_is_found(of_five, edited):
    columns = "subject, who, written_at, release, request_digest, predictors_digest, answer_digest"
    edited(
        f"INSERT INTO entry SELECT 6, 'added', kind, {columns}, rule, digest, digest"  # noqa: S608 - our own words
        " FROM entry WHERE position = 5"
    )
    assert of_five.verify().broken_at == 6


@pytest.mark.parametrize("table", ["entry", "payload", "head"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET position = position", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_or_forget(place, of_five, table, statement):
    if isinstance(place, str):
        with psycopg.connect(place) as connection:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(statement.format(table))
    else:
        connection = sqlite3.connect(place)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement.format(table))
        connection.close()
    assert of_five.verify().holds


@pytest.mark.parametrize("table", ["entry", "payload", "head"])
def test_postgresql_refuses_to_empty_a_table(database, an_entry, table):
    one = Ledger(database)
    one.append(an_entry(1))
    with psycopg.connect(database) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(f"TRUNCATE {table} CASCADE")
    one.close()


def test_a_kind_of_a_newer_service_verifies_and_is_not_misread(ledger, an_entry, monkeypatch):
    ledger.append(an_entry(1))
    monkeypatch.setattr("serving.ledger.reading.Kind", lambda word: Kind("no kind of ours"))
    with pytest.raises(Exception, match="kind that this service does not know"):
        ledger.read("id-1")
    assert ledger.verify().holds
