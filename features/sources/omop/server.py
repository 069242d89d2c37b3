"""The OMOP tables of a PostgreSQL server, read in one read-only transaction.

Rows come through a cursor on the server, so that only a chunk of them is here at a time. The
address may hold a password: it is given to the driver and stands in no message and no manifest.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import psycopg
from psycopg.conninfo import conninfo_to_dict

from features.errors import CohortError
from features.sources.omop.tables import CDM_TABLES, ID, TEXT, quoted

SCHEMES = ("postgresql://", "postgres://")
CHUNK_ROWS = 50_000
_CONNECT_SECONDS = 20
_OPTIONS = "-c TimeZone=UTC -c DateStyle=ISO"
_CURSOR = "vigicell_rows"


@dataclass
class Server:
    """The tables of one schema; a :class:`features.sources.omop.tables.Cdm`."""

    connection: psycopg.Connection[tuple[Any, ...]]
    schema: str
    spelled: dict[str, tuple[str, dict[str, str]]]
    unread_lines: dict[str, list[int]] = field(default_factory=dict)

    def columns_of(self, table: str) -> frozenset[str]:
        """Return the columns of `table` in lower case; empty where the table is absent."""
        return frozenset(self.spelled[table][1]) if table in self.spelled else frozenset()

    def place_of(self, table: str) -> str:
        """Return the name of `table` on the server."""
        return self.spelled[table][0]

    def source_of(self, table: str) -> str:
        """Return the table with its columns in lower case."""
        name, columns = self.spelled[table]
        wanted = {column for column, _ in CDM_TABLES[table].columns.values()}
        cells = ", ".join(
            f"{quoted(theirs)} AS {quoted(ours)}"
            for ours, theirs in columns.items()
            if ours in wanted
        )
        return f"(SELECT {cells} FROM {quoted(self.schema)}.{quoted(name)}) AS {quoted(table)}"  # noqa: S608 - names of the model

    def cell(self, column: str, sql_type: str) -> str:
        """Return the cell as `sql_type`; an id as it is, so that its index is used."""
        if sql_type == TEXT:
            return f"NULLIF(TRIM(CAST({quoted(column)} AS VARCHAR)), '')"
        return quoted(column) if sql_type == ID else f"CAST({quoted(column)} AS {sql_type})"

    def unreadable(self, column: str, sql_type: str) -> str:
        """Return that no cell is unreadable: the columns of a server have types."""
        return "FALSE"

    def chunks(self, query: str, table: str) -> Iterator[pd.DataFrame]:
        """Return the rows of `query` on `table`, some at a time; others may run in between.

        Raises
        ------
        CohortError
            The server refuses the query or goes away.
        """
        try:
            with self.connection.cursor(f"{_CURSOR}_{table}") as cursor:
                cursor.execute(query)
                names = [one.name for one in cursor.description or ()]
                while rows := cursor.fetchmany(CHUNK_ROWS):
                    yield pd.DataFrame(rows, columns=names)
        except psycopg.Error as error:
            raise CohortError(
                f"the server could not read table {table} ({type(error).__name__}). The account "
                f"needs SELECT on schema {self.schema!r}; its columns have the types of CDM 5.4."
            ) from None


@contextmanager
def open_server(url: str, schema: str) -> Iterator[Server]:
    """Connect to the server at `url` for reading.

    Raises
    ------
    CohortError
        No connection, or no table of the model in `schema`. The message holds no password.
    """
    parts = _parts(url) | {"connect_timeout": _CONNECT_SECONDS, "options": _OPTIONS}
    try:
        connection = psycopg.connect(**parts)
    except psycopg.Error as error:
        said = " ".join(str(error).split()).replace(str(parts.get("password") or "\0"), "***")
        raise CohortError(f"no connection to the server: {said}") from None
    with connection:
        connection.read_only = True
        yield Server(connection, schema, _spellings(connection, schema))
        connection.rollback()


def database_name(url: str) -> str:
    """Return the name of the database in `url`: no host, no user, no password."""
    return str(_parts(url).get("dbname") or "database")


def _parts(url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise CohortError(
            "the address of the server cannot be read. Write it as "
            "postgresql://USER@HOST:PORT/DATABASE, with the password in PGPASSWORD or ~/.pgpass."
        ) from None


def _spellings(
    connection: psycopg.Connection[tuple[Any, ...]], schema: str
) -> dict[str, tuple[str, dict[str, str]]]:
    """Return each table of the model in `schema`, and its columns, as the server spells them."""
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s",
        (schema,),
    ).fetchall()
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for name, column in rows:
        if name.lower() in CDM_TABLES:
            found.setdefault(name.lower(), (name, {}))[1][column.lower()] = column
    if not found:
        raise CohortError(
            f"schema {schema!r} holds no table of the OMOP model that this account may read. Give "
            "the option schema=NAME."
        )
    return found
