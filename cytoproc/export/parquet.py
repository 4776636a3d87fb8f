"""Tables as Parquet, for R and pandas: every column has its type, and nothing is lost on the way."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from cytoproc.export.table import Column, Kind, Table

__all__ = ["format_parquet"]

_TYPES = {Kind.TEXT: pa.string(), Kind.COUNT: pa.int64(), Kind.NUMBER: pa.float64(), Kind.PERCENT: pa.float64()}


def format_parquet(table: Table) -> bytes:
    """Return a table as the bytes of a Parquet file: text, 64-bit whole numbers, 64-bit floating point.

    An empty text and a number that is not there are null. Text has no apostrophe in front, as no program runs it. The
    bytes depend on the table and on the version of pyarrow alone.
    """
    schema = pa.schema([(c.name, _TYPES[c.kind]) for c in table.columns])
    arrow = pa.Table.from_arrays([_array(c) for c in table.columns], schema=schema)
    file = io.BytesIO()
    pq.write_table(arrow, file, compression="snappy", version="2.6", store_schema=False)
    return file.getvalue()


def _array(column: Column) -> pa.Array:
    values = (v or None for v in column.values) if column.kind is Kind.TEXT else column.values
    return pa.array(values, type=_TYPES[column.kind], size=len(column.values))
