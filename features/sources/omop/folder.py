"""A folder of Parquet or CSV files with the tables of the OMOP common data model, read in place.

DuckDB reads them in memory. It may open the files of this folder and nothing else, loads no
extension and fetches none, holds at most `MEMORY_LIMIT` and spills at most `SPILL_LIMIT` into a
folder that is removed afterwards.
"""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

import duckdb
import pandas as pd

from features.errors import CohortError
from features.sources.omop.tables import CDM_TABLES, ID, quoted, text_literal

MEMORY_LIMIT = "768MB"
SPILL_LIMIT = "8GB"
ENDINGS = (".parquet", ".csv", ".csv.gz")
DELIMITERS = (",", "\t", ";", "|")
MOST_UNREAD = 100_000
_VECTORS = 64  # of 2,048 rows each: a chunk
_LONGEST_LINE = 65_536
_MOST_CELLS = 4  # times the columns, over a stretch of the file: text may hold the delimiter
_SWALLOWED = "unterminated"


@dataclass(frozen=True)
class _File:
    """The columns of one table in lower case, and what its file is called."""

    columns: tuple[str, ...]
    is_text: bool
    name: str


@dataclass
class Folder:
    """The tables of a folder; a :class:`features.sources.omop.tables.Cdm`."""

    engine: duckdb.DuckDBPyConnection
    files: dict[str, _File]
    unread_lines: dict[str, list[int]] = field(default_factory=dict)

    def columns_of(self, table: str) -> frozenset[str]:
        """Return the columns of `table` in lower case; empty where the table is absent."""
        return frozenset(self.files[table].columns) if table in self.files else frozenset()

    def place_of(self, table: str) -> str:
        """Return the name of the file, or of the folder of parts, of `table`."""
        return self.files[table].name

    def source_of(self, table: str) -> str:
        """Return the reader of the file of `table`."""
        return quoted(table)

    def cell(self, column: str, sql_type: str) -> str:
        """Return the cell as `sql_type`; empty where it holds none."""
        if sql_type == "VARCHAR":
            return f"NULLIF(TRIM(CAST({quoted(column)} AS VARCHAR)), '')"
        return f"TRY_CAST({quoted(column)} AS {sql_type})"

    def unreadable(self, column: str, sql_type: str) -> str:
        """Return what is true where a cell holds something that is no `sql_type`."""
        text = f"TRIM(CAST({quoted(column)} AS VARCHAR))"
        made = self.cell(column, sql_type)
        rounded = f" OR TRY_CAST({quoted(column)} AS FLOAT8) <> {made}" if sql_type == ID else ""
        return f"({text} <> '' AND ({made} IS NULL{rounded}))"

    def chunks(self, query: str, table: str) -> Iterator[pd.DataFrame]:
        """Return the rows of `query` on `table`, some at a time; others may run in between.

        Raises
        ------
        CohortError
            A file is damaged, has too many lines that cannot be read, or needs more memory than the
            engine may take.
        """
        cursor = self.engine.cursor()
        try:
            rows = cursor.execute(query)
            while len(chunk := rows.fetch_df_chunk(_VECTORS)):
                yield chunk
            if self.files[table].is_text:
                self.unread_lines[table] = _unread_lines(table, cursor)
        except duckdb.Error as error:
            raise CohortError(_without_cells(table, error)) from None
        finally:
            cursor.close()


def _unread_lines(table: str, cursor: duckdb.DuckDBPyConnection) -> list[int]:
    """Return the lines that were passed over because they are no rows of `table`."""
    found = cursor.execute("SELECT line, error_message FROM reject_errors").fetchall()
    for line, said in found:
        if _SWALLOWED in said:
            raise CohortError(
                f"{table}, line {line}: a double quote opens and does not close; what follows it "
                "cannot be told apart. Mend that line."
            )
    lines = sorted({int(line) for line, _ in found})
    if len(found) >= MOST_UNREAD:
        raise CohortError(
            f"{table}: {len(lines):,} lines or more have another number of cells than the header "
            "or are not UTF-8. Is it the right file, with one delimiter throughout?"
        )
    return lines


@contextmanager
def open_folder(path: Path) -> Iterator[Folder]:
    """Open the folder at `path` for reading.

    Raises
    ------
    CohortError
        It is no folder, a table is there twice, or a file has no header that can be read.
    """
    if not path.is_dir():
        raise CohortError(
            f"{path.name} is no folder. OMOP is read from a folder of Parquet or CSV files, one a "
            "table (unpack an archive first), or from postgresql://USER@HOST/DATABASE."
        )
    places = _places(path)
    with TemporaryDirectory(prefix="vigicell-omop-") as spill, _engine(path, spill) as engine:
        files = {table: _file(engine, table, place) for table, place in places.items()}
        yield Folder(engine, files)


def _places(path: Path) -> dict[str, Path]:
    """Return the file, or the folder of Parquet parts, of each table that is read."""
    found: dict[str, Path] = {}
    for place in sorted(path.iterdir()):
        name = place.name.lower()
        ending = next((one for one in ENDINGS if name.endswith(one)), "")
        table = name.removesuffix(ending)
        if table not in CDM_TABLES or not (ending or place.is_dir()):
            continue
        if table in found:
            raise CohortError(
                f"{path.name} holds {table} twice: {found[table].name} and {place.name}. Keep one."
            )
        found[table] = place
    return found


@contextmanager
def _engine(path: Path, spill: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield an engine in memory that sees this folder only."""
    engine = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": spill,
            "max_temp_directory_size": SPILL_LIMIT,
            "preserve_insertion_order": False,
        },
    )
    try:
        seen = ", ".join(text_literal(f"{one}/") for one in (path.resolve(), spill))
        engine.execute("SET TimeZone = 'UTC'")
        engine.execute(f"SET allowed_directories = [{seen}]")
        engine.execute("SET enable_external_access = false")
        engine.execute("SET lock_configuration = true")
        yield engine
    finally:
        engine.close()


def _file(engine: duckdb.DuckDBPyConnection, table: str, place: Path) -> _File:
    """Give the file of `table` the table's name in the engine."""
    name = place.resolve()
    if place.is_dir() or place.suffix.lower() == ".parquet":
        reader = (
            f"read_parquet({text_literal(str(name / '*.parquet' if place.is_dir() else name))})"
        )
        file = _File(_parquet_columns(engine, reader, place), False, place.name)
    else:
        columns, delimiter = _header(place)
        file = _File(columns, True, place.name)
        reader = _csv_reader(name, columns, delimiter)
    # A dictionary in text is looked up many times: it is read once.
    what = "TABLE" if table == "concept" and file.is_text else "VIEW"
    wanted = ", ".join(quoted(name) for name in file.columns if name in _wanted(table))
    try:
        engine.execute(f"CREATE {what} {quoted(table)} AS SELECT {wanted} FROM {reader}")  # noqa: S608
    except duckdb.Error as error:
        raise CohortError(_without_cells(table, error)) from None
    return replace(file, is_text=False) if what == "TABLE" else file


def _wanted(table: str) -> set[str]:
    return {column for column, _ in CDM_TABLES[table].columns.values()}


def _parquet_columns(
    engine: duckdb.DuckDBPyConnection, reader: str, place: Path
) -> tuple[str, ...]:
    try:
        described = engine.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()  # noqa: S608
    except duckdb.Error:
        raise CohortError(
            f"{place.name} cannot be read as Parquet: it is damaged, or something else."
        ) from None
    return tuple(str(row[0]).lower() for row in described)


def _csv_reader(file: Path, columns: tuple[str, ...], delimiter: str) -> str:
    names = ", ".join(f"{text_literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({text_literal(str(file))}, columns={{{names}}}, auto_detect=false, header=true, "
        f"delim={text_literal(delimiter)}, quote='\"', escape='\"', "
        f"store_rejects=true, rejects_limit={MOST_UNREAD})"
    )


def _header(place: Path) -> tuple[tuple[str, ...], str]:
    """Return the columns of a text file in lower case, and its delimiter."""
    try:
        with _opened(place) as file:
            line = file.readline(_LONGEST_LINE).decode("utf-8-sig").rstrip("\r\n")
            delimiter = max(DELIMITERS, key=line.count)
            columns = tuple(name.strip().strip('"').lower() for name in line.split(delimiter))
            _refuse_what_is_no_table(place, file, len(columns), delimiter)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise CohortError(
            f"{place.name} cannot be read: it is damaged, or its first line is not UTF-8."
        ) from None
    if "" in columns or len(set(columns)) < len(columns):
        raise CohortError(
            f"{place.name}: its first line is no header. It names each column once, "
            "separated by comma, tab, semicolon or |."
        )
    return columns, delimiter


def _opened(place: Path) -> BinaryIO:
    is_packed = place.suffix.lower() == ".gz"
    return cast("BinaryIO", gzip.open(place)) if is_packed else place.open("rb")


def _refuse_what_is_no_table(place: Path, file: BinaryIO, columns: int, delimiter: str) -> None:
    """Refuse endless lines, and far more cells than columns: the engine would choke on them."""
    while block := file.read(_LONGEST_LINE):
        lines = block.count(b"\n")
        cells = block.count(delimiter.encode())
        if cells > _MOST_CELLS * columns * (lines + 1) or not (lines or len(block) < _LONGEST_LINE):
            raise CohortError(
                f"{place.name} has a line of more than {_LONGEST_LINE:,} characters, or far more "
                f"cells than its {columns} columns. No OMOP table is so: the file is damaged, or "
                "something else."
            )


def _without_cells(table: str, error: duckdb.Error) -> str:
    """Say what went wrong in reading, without the cells that the engine quotes."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            f"{table}: reading it needs more than {MEMORY_LIMIT} of memory and {SPILL_LIMIT} of "
            "disk. Give the rows of CAR-T patients only, or a server."
        )
    return f"{table} cannot be read ({type(error).__name__}). Is the file whole?"
