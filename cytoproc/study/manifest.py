"""The manifest: one row a file, and what the lab knows about it."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path, PurePosixPath

from cytoproc.confinement import why_not_inside
from cytoproc.errors import ManifestError, Problem
from cytoproc.study.bead_lots import BeadLot, beads_added
from cytoproc.study.contradictions import in_a_row, in_tubes, in_what_is_one
from cytoproc.study.sheet import check_columns, read_sheet

__all__ = ["COLUMNS", "Manifest", "Sample", "manifest_of_files", "missing_inputs", "read_manifest"]

COLUMNS = (
    "sample_id",
    "file",
    "dataset",
    "subject_id",
    "specimen_id",
    "specimen_type",
    "visit",
    "visit_num",
    "day",
    "tube",
    "panel_id",
    "panel_version",
    "part",
    "replicate",
    "template",
    "acquisition_batch",
    "control",
    "count_method",
    "sample_volume_ul",
    "final_volume_ul",
    "predilution",
    "beads_per_tube",
    "beads_per_ul",
    "bead_volume_ul",
    "bead_lot",
    "alc_10e9_l",
    "wbc_10e9_l",
    "collected_at",
    "operator",
)
_COUNT_METHODS = ("SP_BEAD", "SP_VOL", "DP_ALC", "DP_WBC", "SECOND_TUBE", "NONE")
_SPECIMEN_TYPES = ("whole_blood", "pbmc", "thawed_pbmc", "other")
_ABOVE_ZERO = (
    "sample_volume_ul",
    "final_volume_ul",
    "predilution",
    "beads_per_tube",
    "beads_per_ul",
    "bead_volume_ul",
    "dataset",
    "part",
    "replicate",
)
_WHOLE = ("beads_per_tube", "dataset", "part", "replicate")
_NOT_NEGATIVE = ("alc_10e9_l", "wbc_10e9_l")
_CONTROL = re.compile(r"unstained|pre_infusion|process|(fmo|single):\S.*")
_REFUSED = {
    "sample": "write sample_id",
    "dilution": "say which: final_volume_ul (the tube, for volumetric counting) or predilution (before the tube)",
}
_LONGEST_CELL = 100_000
_COMMAND_LINE = "files"
_MOST_CELLS_10E9_L = 500.0

_NEEDED = {
    "SP_BEAD": ("sample_volume_ul",),
    "SP_VOL": ("sample_volume_ul", "final_volume_ul"),
    "DP_ALC": ("alc_10e9_l",),
    "DP_WBC": ("wbc_10e9_l",),
    "SECOND_TUBE": ("specimen_id",),
}
"""What each count method cannot do without, by its columns; `SP_BEAD` needs the number of beads besides."""

_MEANT = {
    "beads_per_tube": "how many beads were in the tube, from the pouch of the lot, or beads_per_ul and bead_volume_ul",
    "sample_volume_ul": "the blood that was put into the tube, in µL",
    "final_volume_ul": "the volume of the tube as it was measured, in µL",
    "alc_10e9_l": "the absolute lymphocyte count of the same draw, in 10^9/L",
    "wbc_10e9_l": "the white blood cell count of the same draw, in 10^9/L",
    "specimen_id": "the same name as in the row of the tube that was counted",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: a file and what is known about it.

    `columns` holds every column as written, the lab's own too; `place` says where the row stands, for messages. Where
    its events are also in a pooled sample, that one's id is `pooled_into`, and it stands for this one.
    """

    sample_id: str
    path: Path
    file: str
    columns: tuple[tuple[str, str], ...] = ()
    place: str = ""
    pooled_into: str = ""

    def get(self, column: str) -> str:
        """Return what the row has in a column; empty if it has no such column."""
        return dict(self.columns).get(column, "")

    @property
    def dataset(self) -> int | None:
        """The data set of the file that is meant, counted from 1; None if the row leaves that to the reader."""
        return int(float(number)) if (number := self.get("dataset")) else None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All rows, in the order of the document, the names of the lab's own columns, and the document's SHA-256."""

    samples: tuple[Sample, ...]
    own_columns: tuple[str, ...] = ()
    digest: str = ""


def missing_inputs(method: str, get: Callable[[str], str], lots: Mapping[str, BeadLot]) -> list[str]:
    """Return the columns that a count method needs and a row does not fill.

    >>> missing_inputs("SP_BEAD", {"sample_volume_ul": "100"}.get, {})
    ['beads_per_tube']
    """
    beads = ["beads_per_tube"] if method == "SP_BEAD" and math.isnan(beads_added(get, lots)) else []
    return beads + [c for c in _NEEDED.get(method, ()) if not get(c)]


def manifest_of_files(files: Iterable[str | Path]) -> Manifest:
    """Return a manifest of bare files.

    Neither the folder one stands in nor the order or the way in which the files are named makes a difference: a file is
    shown from the deepest folder that holds all of them, and they are in the order of what is shown. A sample's id is
    the file's name without its ending; folders go before it where files share a name.

    Raises
    ------
    ManifestError
        If a file is named twice, or a name is that of no file, such as `.`.
    """
    given = [Path(f) for f in files]
    places = [_place(p) for p in given]
    ends = [p.resolve() for p in given]
    nameless = [p for p, place in zip(given, places, strict=True) if not place.name]
    problems = [Problem(f"{p} is a folder; name the files in it") for p in nameless]
    problems += [Problem(f"{p} is named twice") for i, p in enumerate(given) if ends[i] in ends[:i]]
    if problems:
        raise ManifestError(_COMMAND_LINE, problems)
    n_common = _n_common([p.parent.parts for p in places])
    shown = {PurePosixPath(*place.parts[n_common:]): path for place, path in zip(places, given, strict=True)}
    files_in_order = sorted(shown)
    ids = _short_names(files_in_order)
    return Manifest(tuple(Sample(i, shown[f], str(f)) for i, f in zip(ids, files_in_order, strict=True)))


def _place(path: Path) -> Path:
    """Return where a file is, from the root; a link keeps its own name."""
    return path.parent.resolve() / path.name if path.name not in {"", ".."} else Path(path.anchor)


def _n_common(folders: list[tuple[str, ...]]) -> int:
    """Return how many names all the folders begin with."""
    return sum(1 for _ in takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False)))


def _short_names(paths: list[PurePosixPath]) -> list[str]:
    """Return the shortest end of each path, at least its stem, that no other path shares."""
    depth = 1
    while depth <= max((len(p.parts) for p in paths), default=0):
        names = ["/".join(p.with_suffix("").parts[-depth:]) for p in paths]
        if len({n.casefold() for n in names}) == len(names):
            return names
        depth += 1
    return [str(p) for p in paths]


def read_manifest(
    path: str | Path,
    *,
    folder: Path | None = None,
    allow_outside: bool = False,
    bead_lots: Mapping[str, BeadLot] | None = None,
) -> Manifest:
    """Return the rows of a manifest. Everything is text: `001`, `1E5`, `NA` and `NO` stay what they are.

    Parameters
    ----------
    path
        A CSV file or an Excel workbook, see :func:`~cytoproc.study.sheet.read_sheet`.
    folder
        Where the paths of files start; the manifest's own folder if not given.
    allow_outside
        Whether files outside `folder` are allowed.
    bead_lots
        The table of bead lots, by name.

    Raises
    ------
    ManifestError
        Listing every problem with its row (line) and column.
    """
    path = Path(path)
    rows, problems = read_sheet(path, "manifest", key="file")
    if problems:
        raise ManifestError(str(path), problems)
    header, body = rows[0][1], rows[1:]
    problems = _check_header(header)
    if problems:
        raise ManifestError(str(path), problems)
    if not body:
        raise ManifestError(str(path), [Problem("the manifest has a header and no rows", line=1, column=1)])
    reader = _RowReader(header, folder or path.parent, path.name, bead_lots or {}, allow_outside=allow_outside)
    samples = [reader.sample(line, cells) for line, cells in body]
    reader.check_unique()
    reader.check_together()
    if reader.problems:
        raise ManifestError(str(path), sorted(reader.problems, key=lambda p: (p.line, p.column)))
    own = tuple(h for h in header if h not in COLUMNS)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Manifest(tuple(s for s in samples if s is not None), own, digest)


def _check_header(header: list[str]) -> list[Problem]:
    unclear = [
        Problem(f"column {name!r} is not a clear name; {_REFUSED[name]}", line=1, column=i + 1)
        for i, name in enumerate(header)
        if name in _REFUSED
    ]
    others = [
        p for p in check_columns(header, COLUMNS, needed=("file",)) if p.column not in {u.column for u in unclear}
    ]
    return sorted([*unclear, *others], key=lambda p: p.column)


class _RowReader:
    """Turns rows into samples, and collects what is wrong with them."""

    def __init__(
        self, header: list[str], folder: Path, document: str, lots: Mapping[str, BeadLot], *, allow_outside: bool
    ) -> None:
        self.header = header
        self.folder = folder
        self.document = document
        self.lots = lots
        self.allow_outside = allow_outside
        self.problems: list[Problem] = []
        self._seen: list[tuple[int, Sample]] = []

    def _wrong(self, message: str, line: int, column: str) -> None:
        place = self.header.index(column) + 1 if column in self.header else 1
        self.problems.append(Problem(message, where=column, line=line, column=place))

    def sample(self, line: int, cells: list[str]) -> Sample | None:
        """Return the sample of one row, or None if the row is wrong."""
        before = len(self.problems)
        if len(cells) != len(self.header):
            counts = f"the row has {len(cells)} cells, the header {len(self.header)}"
            message = f"{counts}; is a cell with a comma missing its quotes?"
            self._wrong(message, line, "")
            return None
        row = dict(zip(self.header, cells, strict=True))
        for column, value in row.items():
            if len(value) > _LONGEST_CELL:
                self._wrong(f"the cell has {len(value):,} characters; at most {_LONGEST_CELL:,} are read", line, column)
            if value and (expected := _expected(column, value)):
                self._wrong(f"expected {expected}, found {value!r}", line, column)
        self._check_counting(row, line)
        reference = row.get("template", "")
        if reference and (why := why_not_inside(reference, self.folder, allow_outside=self.allow_outside)):
            self._wrong(why, line, "template")
        path = self._path(row["file"], line)
        if path is None or len(self.problems) > before:
            return None
        sample_id = row.get("sample_id") or Path(row["file"]).stem
        if "sample_id" in row and not row["sample_id"]:
            self._wrong("the row has no sample_id", line, "sample_id")
            return None
        place = f"{self.document} line {line}"
        sample = Sample(sample_id, path, row["file"], tuple(row.items()), place)
        self._seen.append((line, sample))
        return sample

    def _check_counting(self, row: Mapping[str, str], line: int) -> None:
        """Tell of what the count method needs and the row has not, and of what cannot both be true.

        Of a control no concentration is computed.
        """
        method = row.get("count_method", "")
        contradictory = list(in_a_row(row, self.lots))
        blamed = {column for column, _ in contradictory}
        get = lambda column: row.get(column, "")  # noqa: E731
        others = {"bead_lot", "beads_per_ul", "bead_volume_ul"} & blamed
        for column in [] if row.get("control") else missing_inputs(method, get, self.lots):
            if not (row.get(column) or (column == "beads_per_tube" and others)):
                self._wrong(f"needed for count_method {method}: {_MEANT[column]}", line, column)
        for column, message in contradictory:
            self._wrong(message, line, column)

    def _path(self, file: str, line: int) -> Path | None:
        if not file:
            self._wrong("the row names no file", line, "file")
            return None
        if why := why_not_inside(file, self.folder, allow_outside=self.allow_outside):
            self._wrong(why, line, "file")
            return None
        return self.folder / file

    def check_unique(self) -> None:
        """Two rows may not share a data set, or a sample id, not even one that differs only in case.

        Rows of one file must all say which of its data sets they mean.
        """
        ids: dict[str, int] = {}
        files: dict[tuple[Path, int | None], int] = {}
        wholes: dict[Path, int] = {s.path.resolve(): n for n, s in reversed(self._seen) if s.dataset is None}
        for line, sample in self._seen:
            if (first := ids.setdefault(_folded(sample.sample_id), line)) != line:
                self._wrong(f"sample_id {sample.sample_id!r} is used in line {first} already", line, "sample_id")
            path = sample.path.resolve()
            if (first := files.setdefault((path, sample.dataset), line)) != line:
                which = f"data set {sample.dataset} of " if sample.dataset else ""
                self._wrong(f"{which}file {sample.file!r} is named in line {first} already", line, "file")
            elif (whole := wholes.get(path, line)) != line:
                message = f"line {whole} names file {sample.file!r} without a data set; each of its rows needs one"
                self._wrong(message, max(line, whole), "file")

    def check_together(self) -> None:
        """Rows about one blood draw, one tube or one lot of beads may not contradict each other."""
        lines = [(line, dict(sample.columns)) for line, sample in self._seen]
        for line, column, message in (*in_what_is_one(lines), *in_tubes(lines)):
            self._wrong(message, line, column)


def _folded(text: str) -> str:
    """Return text as file systems that do not tell case or composed letters apart see it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _is_number(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text and value - value == 0


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return text.isascii()


_CELLS: tuple[tuple[tuple[str, ...], Callable[[str], object], str], ...] = (
    (("visit_num", "day", *_ABOVE_ZERO, *_NOT_NEGATIVE), _is_number, "a number with a decimal point"),
    (_ABOVE_ZERO, lambda text: float(text) > 0, "a number above 0"),
    (("predilution",), lambda text: float(text) >= 1, "1 if the blood was not diluted before, or a larger number"),
    (_WHOLE, lambda text: float(text).is_integer(), "a whole number, without a sign between thousands"),
    (("specimen_type",), _SPECIMEN_TYPES.__contains__, f"one of {', '.join(_SPECIMEN_TYPES)}"),
    (_NOT_NEGATIVE, lambda text: float(text) >= 0, "a number that is not below 0"),
    (
        _NOT_NEGATIVE,
        lambda text: float(text) <= _MOST_CELLS_10E9_L,
        f"a count in 10^9/L, at most {_MOST_CELLS_10E9_L:g} (cells/µL divided by 1000)",
    ),
    (("count_method",), _COUNT_METHODS.__contains__, f"one of {', '.join(_COUNT_METHODS)}"),
    (("control",), _CONTROL.fullmatch, "one of unstained, pre_infusion, process, fmo:MARKER, single:CHANNEL"),
    (("collected_at",), _is_time, "a date, or date and time, as in 2024-01-31 or 2024-01-31T09:30"),
)


def _expected(column: str, value: str) -> str:
    """Return what a cell of this column may hold; nothing if that is what it holds."""
    return next((said for columns, accepts, said in _CELLS if column in columns and not accepts(value)), "")
