"""A finished run's folder as it is read again: its record, its long table, and the templates it used."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from cytoproc.errors import UsageError
from cytoproc.model.text import without_apostrophe
from cytoproc.study.folder import TEMPLATES
from cytoproc.templates.document import did_you_mean
from cytoproc.templates.reading import parse_template
from cytoproc.templates.template import GatingTemplate

__all__ = ["FinishedRun", "Line", "read_run"]

_TABLES = ("results.parquet", "results.csv")
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the long table; a column that a run of another version does not have is empty."""

    cells: Mapping[str, Any]

    def text(self, column: str) -> str:
        """Return a cell's text; nothing if it is empty."""
        value = self.cells.get(column)
        return "" if value is None else str(value)

    def number(self, column: str) -> float:
        """Return a cell's number; NaN if it is empty."""
        value = self.cells.get(column)
        return math.nan if value in {None, ""} else float(value)

    def whole(self, column: str) -> int:
        """Return a cell's number of events; 0 if it is empty."""
        number = self.number(column)
        return 0 if math.isnan(number) else int(number)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a run left in its folder.

    `digest` is the SHA-256 of the record. `table` is the name of the file that the lines come from, and `changed` names
    files that are not as the run wrote them and that no number is taken from. `lines_where` gives the lines that have a
    text in a column.
    """

    folder: Path
    record: Mapping[str, Any]
    digest: str
    table: str
    changed: tuple[str, ...]
    lines_where: Callable[[str, str], list[Line]]

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """The samples of the record, also those that could not be processed."""
        return tuple(str(s.get("sample_id")) for s in self.record["samples"])

    def sample(self, sample_id: str) -> Mapping[str, Any]:
        """Return what the record says of a sample.

        Raises
        ------
        UsageError
            If there is no such sample, naming the nearest.
        """
        samples = {str(s.get("sample_id")): s for s in self.record["samples"]}
        if sample_id in samples:
            found: Mapping[str, Any] = samples[sample_id]
            return found
        listed = ", ".join(list(samples)[:_MOST_LISTED]) + (", ..." if len(samples) > _MOST_LISTED else "")
        words = did_you_mean(sample_id, list(samples)) or f"; there are: {listed}"
        msg = f"{self.folder} has no sample {sample_id!r}{words}"
        raise UsageError(msg)

    def template_of(self, sample_id: str) -> GatingTemplate:
        """Return the template that a sample was gated with, from the copy that the run kept.

        Raises
        ------
        UsageError
            If there is no copy, or it was changed.
        """
        digest = self.sample(sample_id).get("template_sha256")
        names = [n for n, d in self.record["outputs"].items() if d == digest and n.startswith(f"{TEMPLATES}/")]
        if not digest or not names:
            msg = (
                f"{self.folder} has no copy of the template of {sample_id!r}, so its gates cannot be told; the run was "
                "made by an older version, or its template was not a file: run the study again"
            )
            raise UsageError(msg)
        content = _content(self.folder / TEMPLATES / Path(names[0]).name)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            msg = f"{self.folder / names[0]} is not the template that the run used: it was changed or removed since"
            raise UsageError(msg)
        return _template(content, names[0])


@lru_cache(maxsize=8)
def _template(content: bytes, name: str) -> GatingTemplate:
    digest = hashlib.sha256(content).hexdigest()
    return parse_template(content.decode("utf-8-sig"), document=name, digest=digest, look_for_matrices=False)


def read_run(folder: str | Path) -> FinishedRun:
    """Return what a finished run left in its folder, after a look at whether the long table is as it was written.

    Raises
    ------
    UsageError
        If it is no folder of a finished run, or its long table was changed since.
    """
    folder = Path(folder)
    record, digest = _record(folder)
    changed = [name for name in record["outputs"] if "/" not in name and _is_changed(folder, name, record)]
    if tables := [name for name in _TABLES if name in changed]:
        msg = (
            f"{folder / tables[0]} is not as the run wrote it: it was changed since, or damaged; run the study again, "
            "into another folder"
        )
        raise UsageError(msg)
    for name, read in zip(_TABLES, (_parquet_lines, _csv_lines), strict=True):
        content = _content(folder / name)
        if content is not None and name in record["outputs"]:
            return FinishedRun(folder, record, digest, name, tuple(changed), read(content))
    msg = (
        f"{folder} has neither results.parquet nor results.csv of this run: they were removed, or record.json does not "
        "tell of them; run the study again, into another folder"
    )
    raise UsageError(msg)


def _record(folder: Path) -> tuple[Mapping[str, Any], str]:
    """Return the record, and its SHA-256."""
    if not folder.is_dir():
        msg = f"there is no folder {folder}; give the folder of a finished run (cytoproc run STUDY --out FOLDER)"
        raise UsageError(msg)
    content = _content(folder / "record.json")
    if content is None:
        if (folder / "run.log").is_file():
            msg = f"the run in {folder} did not finish: it has no record.json; run the study again"
        else:
            msg = f"{folder} is not the folder of a run: it has no record.json"
        raise UsageError(msg)
    try:
        record = json.loads(content)
    except ValueError:
        record = None
    if not (
        isinstance(record, dict)
        and isinstance(record.get("outputs"), dict)
        and isinstance(record.get("samples"), list)
        and all(isinstance(s, dict) for s in record["samples"])
    ):
        msg = f"{folder / 'record.json'} is not the record of a run; it was changed since, or is of something else"
        raise UsageError(msg)
    return record, hashlib.sha256(content).hexdigest()


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _is_changed(folder: Path, name: str, record: Mapping[str, Any]) -> bool:
    """Return whether a file is there and has other bytes than the run gave it."""
    content = _content(folder / name)
    return content is not None and hashlib.sha256(content).hexdigest() != record["outputs"][name]


def _parquet_lines(content: bytes) -> Callable[[str, str], list[Line]]:
    import pyarrow.compute as pc  # noqa: PLC0415 - takes a third of a second
    import pyarrow.parquet as pq  # noqa: PLC0415

    # a thread of pyarrow that still starts while the program ends would abort it, with exit code 134
    table = pq.read_table(io.BytesIO(content), use_threads=False, pre_buffer=False)

    def lines_where(column: str, text: str) -> list[Line]:
        return [Line(cells) for cells in table.filter(pc.equal(table[column], text)).to_pylist()]

    return lines_where


def _csv_lines(content: bytes) -> Callable[[str, str], list[Line]]:
    lines = [Line(cells) for cells in _csv_cells(content.decode("utf-8"))]

    def lines_where(column: str, text: str) -> list[Line]:
        return [line for line in lines if line.text(column) == text]

    return lines_where


def _csv_cells(text: str) -> Iterator[dict[str, str]]:
    """Yield each line by its header, without the apostrophe in front of what a spreadsheet would run."""
    rows = csv.reader(io.StringIO(text))
    header = next(rows, [])
    for row in rows:
        yield dict(zip(header, map(without_apostrophe, row), strict=True))
