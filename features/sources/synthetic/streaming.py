"""A large cohort straight to Parquet: a row group per block, one pass, bounded memory."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.cohort_files import MANIFEST, replaced_directory, write_manifest
from features.questions import Question
from features.sources.synthetic import frames
from features.sources.synthetic.blocks import Block
from features.sources.synthetic.columns import Words
from features.tables import TABLES, Manifest

TRUTH: Final = "truth"
_ARROW: Final = {
    "text": pa.string(), "number": pa.float64(), "flag": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


def write(
    stream: Iterable[Block], directory: Path, manifest: Manifest, questions: Sequence[Question]
) -> Path:
    """Write every block to its tables and return `directory`."""
    with replaced_directory(directory, MANIFEST) as fresh:
        with ExitStack() as open_files:
            writers: dict[str, Any] = {}
            for block in stream:
                for name, table in _arrow_tables(block, questions).items():
                    if name not in writers:
                        writer = _writer(fresh / f"{name}.parquet", table.schema)
                        writers[name] = open_files.enter_context(writer)
                    writers[name].write_table(table)
                    if name != TRUTH:
                        manifest.counts[name] = manifest.counts.get(name, 0) + table.num_rows
        write_manifest(manifest, fresh)
    return directory


def _arrow_tables(block: Block, questions: Sequence[Question]) -> dict[str, Any]:
    made = {name: _in_full(name, one) for name, one in frames.columns_of(block).items()}
    truth = frames.truth_columns(block, questions)
    made[TRUTH] = pa.table({name: _array(one) for name, one in truth.items()})
    return made


def _in_full(name: str, columns: Mapping[str, Any]) -> Any:
    """Return every column of the table in order, the absent ones empty."""
    rows = len(columns["course_id"].codes)
    return pa.table(
        {
            one.name: _array(columns[one.name], _ARROW[one.kind])
            if one.name in columns
            else pa.nulls(rows, _ARROW[one.kind])
            for one in TABLES[name].columns
        }
    )


def _array(column: Any, kind: Any = None) -> Any:
    if not isinstance(column, Words):
        return pa.array(column, kind, from_pandas=True)
    codes = pa.array(column.codes, mask=column.codes < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(column.words), pa.string()))


def _writer(path: Path, schema: Any) -> Any:
    words = [one.name for one in schema if not pa.types.is_floating(one.type)]
    # without the Arrow schema, text comes back as text instead of as dictionaries
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=words,
        store_schema=False,
    )
