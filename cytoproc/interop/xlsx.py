"""A table in an Excel workbook, as text: what the person who typed it sees in its cells.

No formula is computed, no macro run, no other file fetched; a cell whose value is not what it shows is refused.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from lxml import etree

from cytoproc.errors import DocumentError, Problem
from cytoproc.interop.number_formats import BUILT_IN, NotAsSeen, as_seen
from cytoproc.interop.xml import parse_xml

__all__ = ["Sheet", "parse_xlsx"]

_LARGEST_BYTES = 100_000_000
_MOST_MEMBERS = 2_000
_PACKED_TIMES = 200
_PACKED_FROM = 5_000_000
_MOST_COLUMNS = 1_000
_ENCRYPTED = 0x1
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_TRUE = {"1", "true"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet that hold something, each with its number, and the names of the sheets left unread."""

    name: str
    rows: list[tuple[int, list[str]]]
    others: tuple[str, ...] = ()


def parse_xlsx(content: bytes, document: str, *, names: Collection[str], is_name: Callable[[str], bool]) -> Sheet:
    """Return the sheet that is called as one of `names`, else the first that holds something; hidden ones are not read.

    Numbers, dates and truth values become the text that is seen, see
    :func:`~cytoproc.interop.number_formats.as_seen`.

    Parameters
    ----------
    content
        Of an `.xlsx` or `.xlsm` file.
    document
        What it is called in messages.
    names
        Names of sheets, in any case.
    is_name
        Whether a column, by its header, holds names: these may be no dates, and must be exactly what is seen.

    Raises
    ------
    DocumentError
        Listing every cell that cannot be taken as it is seen; or if this is no workbook, is protected, holds a
        DOCTYPE, or unpacks to far more than it should.
    """
    book = _Workbook(content, document)
    sheets = list(book.sheets())
    wanted = [s for s in sheets if s[0].strip().casefold() in {n.casefold() for n in names}]
    for name, part in wanted or sheets:
        grid = book.grid(part)
        if grid.cells or wanted:
            rows = grid.rows(is_name)
            return Sheet(name, rows, tuple(other for other, _ in sheets if other != name))
    return Sheet("", [])


# The package


class _Workbook:
    """The parts of the package that a table needs."""

    def __init__(self, content: bytes, document: str) -> None:
        self.document = document
        self._members = self._unpacked(content)
        related = self._related("")
        self._path = next((t for kind, t in related.values() if kind == "officeDocument"), "xl/workbook.xml")
        if self._path not in self._members:
            self._refuse("this is no Excel workbook (.xlsx); save the table as one, or as 'CSV UTF-8'")
        self._book = self._part(self._path)
        self._targets = self._related(self._path)
        self.is_1904 = any(p.get("date1904") in _TRUE for p in _all(self._book, "workbookPr"))
        self.is_stale = any(p.get("fullCalcOnLoad") in _TRUE for p in _all(self._book, "calcPr"))
        self.texts = [_text(item) for item in self._children("sharedStrings", "si")]
        self.formats = list(self._formats())

    def sheets(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the part of each sheet of cells that is not hidden."""
        for sheet in _all(self._book, "sheet"):
            key = next((v for k, v in sheet.attrib.items() if str(k).rpartition("}")[2] == "id"), "")
            kind, part = self._targets.get(str(key), ("", ""))
            if kind == "worksheet" and sheet.get("state", "visible") == "visible":
                yield str(sheet.get("name", "")), part

    def grid(self, part: str) -> _Grid:
        """Return the cells of a sheet that hold something."""
        return _Grid(self, self._part(part))

    def _unpacked(self, content: bytes) -> Mapping[str, bytes]:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as package:
                listed = package.infolist()
                self._check_package(listed)
                return {m.filename: package.read(m) for m in listed if m.filename.endswith((".xml", ".rels"))}
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as e:
            self._refuse(f"a damaged Excel workbook ({e}); open it in Excel and save it again")

    def _check_package(self, listed: Sequence[zipfile.ZipInfo]) -> None:
        total = sum(m.file_size for m in listed)
        if total > _LARGEST_BYTES or len(listed) > _MOST_MEMBERS:
            what = f"{total:,} bytes in {len(listed):,} parts; at most {_LARGEST_BYTES:,} in {_MOST_MEMBERS:,} are read"
            self._refuse(f"unpacks to {what}. Copy the table into a new workbook")
        for member in listed:
            if member.flag_bits & _ENCRYPTED:
                self._refuse("protected by a password; save it without one")
            if member.file_size > max(_PACKED_FROM, _PACKED_TIMES * member.compress_size):
                self._refuse(
                    f"{member.filename} unpacks to more than {_PACKED_TIMES} times its size; copy the table into a new "
                    "workbook"
                )
        if len({m.filename for m in listed}) < len(listed):
            self._refuse("two parts of the workbook have one name; open it in Excel and save it again")

    def _part(self, name: str) -> etree._Element:
        if name not in self._members:
            self._refuse(f"a damaged Excel workbook: {name!r} is missing; open it in Excel and save it again")
        try:
            return parse_xml(self._members[name], name)
        except DocumentError as e:
            self._refuse(f"a damaged or unsafe Excel workbook: {e.problems[0].message}, in its part {name}")

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the kind and the path of every part that a part refers to, by the name it uses for it."""
        folder, name = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if listed not in self._members:
            return {}
        return {
            str(r.get("Id")): (
                str(r.get("Type", "")).rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, str(r.get("Target", "")))).lstrip("/"),
            )
            for r in _all(self._part(listed), "Relationship")
            if r.get("TargetMode") != "External"
        }

    def _children(self, kind: str, child: str) -> Iterator[etree._Element]:
        for found, part in self._targets.values():
            if found == kind:
                yield from _all(self._part(part), child)

    def _formats(self) -> Iterator[str]:
        """Yield the number format of every style that a cell can have."""
        for styles in self._children("styles", "styleSheet"):
            own = {f.get("numFmtId"): str(f.get("formatCode", "")) for f in _all(styles, "numFmt")}
            for listed in _all(styles, "cellXfs"):
                for style in _all(listed, "xf"):
                    number = style.get("numFmtId", "0")
                    yield own.get(number) or BUILT_IN.get(number, "General")

    def _refuse(self, message: str) -> NoReturn:
        raise DocumentError(self.document, [Problem(message)])


# The sheet


@dataclass
class _Grid:
    """The cells of a sheet that hold something, by row and column, counted from 1."""

    book: _Workbook
    sheet: etree._Element
    cells: dict[int, dict[int, etree._Element]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        row_number = 0
        for row in _all(self.sheet, "row"):
            row_number = _whole(row.get("r")) or row_number + 1
            column = 0
            for cell in _all(row, "c"):
                found = _REFERENCE.fullmatch(cell.get("r", ""))
                column = _column(found.group(1)) if found else column + 1
                if any(_text(part).strip() for part in cell if _kind(part) in {"v", "is", "f"}):
                    self.cells.setdefault(row_number, {})[column] = cell
                    if row.get("hidden") in _TRUE:
                        self._wrong(
                            "lies in a hidden row; show it (clear the filters) or delete it", row_number, column
                        )

    @property
    def width(self) -> int:
        """How many columns there are up to the last that holds something."""
        return max((max(row) for row in self.cells.values()), default=0)

    def rows(self, is_name: Callable[[str], bool]) -> list[tuple[int, list[str]]]:
        """Return the text of all cells, or refuse the sheet with every cell that is wrong."""
        width = self.width
        if width > _MOST_COLUMNS:
            self._wrong(f"a table has at most {_MOST_COLUMNS:,} columns", min(self.cells), width)
            self._refuse()
        named: list[bool] = []
        out = []
        for number, row in sorted(self.cells.items()):
            texts = [
                self._text(row[c], number, c, is_name=not named or named[c - 1]) if c in row else ""
                for c in range(1, width + 1)
            ]
            if any(t.strip() for t in texts):  # formulas may give empty texts
                named = named or [is_name(t.strip()) for t in texts]
                out.append((number, texts))
        self._check_hidden_columns(width)
        self._check_merged(width)
        if self.problems:
            self._refuse()
        width = max((c for _, texts in out for c, t in enumerate(texts, start=1) if t.strip()), default=0)
        return [(number, texts[:width]) for number, texts in out]

    def _text(self, cell: etree._Element, row: int, column: int, *, is_name: bool) -> str:
        """Return what a cell shows."""
        kind = cell.get("t", "n")
        value = next((str(v.text or "") for v in cell if _kind(v) == "v"), "")
        if any(_kind(part) == "f" for part in cell) and (self.book.is_stale or not (value or kind == "str")):
            self._wrong("a formula whose value is not stored; open the file in Excel and save it", row, column)
            return ""
        if kind == "inlineStr":
            return next((_text(part) for part in cell if _kind(part) == "is"), "")
        if kind == "s":
            index = _whole(value)
            if index is None or index >= len(self.book.texts):
                self._wrong("its text is missing; open the file in Excel and save it again", row, column)
                return ""
            return self.book.texts[index]
        if kind == "str":
            return _plain(value)
        if kind == "b":
            return "TRUE" if value in _TRUE else "FALSE"
        if kind == "e":
            self._wrong(f"shows the error {value}; mend the formula, or clear the cell", row, column)
            return ""
        style = _whole(cell.get("s")) or 0
        code = self.book.formats[style] if style < len(self.book.formats) else "General"
        try:
            return as_seen(value, "yyyy-mm-dd" if kind == "d" else code, is_name=is_name, is_1904=self.book.is_1904)
        except NotAsSeen as e:
            self._wrong(str(e), row, column)
            return ""

    def _check_hidden_columns(self, width: int) -> None:
        for columns in _all(self.sheet, "col"):
            if columns.get("hidden") in _TRUE:
                first, last = _whole(columns.get("min")) or 1, _whole(columns.get("max")) or 1
                for column in range(first, min(last, width) + 1):
                    if row := next((n for n, cells in sorted(self.cells.items()) if column in cells), 0):
                        self._wrong("lies in a hidden column; show it or delete it", row, column)

    def _check_merged(self, width: int) -> None:
        last = max(self.cells, default=0)
        for merged in _all(self.sheet, "mergeCell"):
            reference = str(merged.get("ref", ""))
            found = _REFERENCE.match(reference)
            row, column = (int(found.group(2)), _column(found.group(1))) if found else (1, 1)
            if row <= last and column <= width:
                message = f"the cells {reference} are merged; unmerge them and write into each what it holds"
                self._wrong(message, row, column)

    def _wrong(self, message: str, row: int, column: int) -> None:
        self.problems.append(Problem(message, line=row, column=column))

    def _refuse(self) -> NoReturn:
        raise DocumentError(self.book.document, sorted(self.problems, key=lambda p: (p.line, p.column)))


# XML


def _kind(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _all(element: etree._Element, kind: str) -> Iterator[etree._Element]:
    """Yield the elements of a kind in an element or at its top, in either of the two namespaces of workbooks."""
    yield from element.iter(f"{{*}}{kind}")


def _text(element: etree._Element) -> str:
    """Return the text of a cell, without how Asian text is read aloud."""
    if _kind(element) in {"v", "f"}:
        return str(element.text or element.get("t") or "")
    parts = (t for t in _all(element, "t") if _kind(t.getparent()) != "rPh")
    return _plain("".join(str(t.text or "") for t in parts))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), text)


def _whole(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text) else None


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
