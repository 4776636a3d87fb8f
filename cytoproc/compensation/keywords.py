r"""The spillover matrix among the keywords of a file.

========================= ======= ===================================================================================
keyword                   since   holds
========================= ======= ===================================================================================
`$SPILLOVER`              FCS 3.1 n, n names, n*n leaks by rows; row = fluorochrome, column = detector
`SPILL` `SPILLOVER`       makers  the same
`$SPILL`                  makers  the same
`$COMP` `COMP`            FCS 3.0 n, then n*n values by the order of channels
`$DFCiTOj`                FCS 2.0 one keyword a pair: percent of FLi to subtract from FLj
`COMP1` `COMP2`           makers  as `$SPILLOVER` or as `$COMP`
========================= ======= ===================================================================================

FCS 3.0 (section 3.2, `$COMP`) defines percentages "subtracted electronically": row = the channel subtracted *from*,
diagonal 0, values negative. Those, and `$DFCiTOj`, tell what the instrument did before it stored the numbers. They are
read, and flagged `SPILL_INSTRUMENT_SETTING`, because undoing them again would compensate twice. A `$COMP` with diagonal
1 (or 100) is no such list; it is read as a spillover matrix by rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cytoproc.compensation.checks import require_usable
from cytoproc.compensation.detectors import fluorescence_names, resolve_detectors
from cytoproc.compensation.found import FoundSpillover, fractions, parse_number
from cytoproc.errors import CompensationError
from cytoproc.model.panel import ChannelKind, Panel
from cytoproc.model.results import QCFlag
from cytoproc.model.spillover import Matrix, Spillover

__all__ = ["INSTRUMENT_SETTING", "find_spillover", "matrix_keywords", "spillover_keywords"]

INSTRUMENT_SETTING = "SPILL_INSTRUMENT_SETTING"
NOTHING_SUBTRACTED = "SPILL_NOTHING_SUBTRACTED"

_NAMED = ("$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL")
_BY_ORDER = ("$COMP", "COMP")
_PAIRS = "$DFC"
_PAIR = re.compile(r"\$?DFC([0-9]{1,3})TO([0-9]{1,3})")
_NUMBERED = re.compile(r"COMP([0-9]{1,3})")
_SEPARATOR = re.compile(r"\s*[0-9]+\s*([,;\t])")
_SAME = 1e-6


def spillover_keywords(keywords: Mapping[str, str]) -> tuple[str, ...]:
    """Return the keywords that hold a matrix, first the one that counts; all `$DFCiTOj` together are `$DFC`.

    >>> spillover_keywords({"COMP1": "", "SPILL": "", "$DFC1TO2": "1.5"})
    ('SPILL', '$DFC', 'COMP1')
    """
    fixed = [k for k in (*_NAMED, *_BY_ORDER) if k in keywords]
    pairs = [_PAIRS] if any(_PAIR.fullmatch(k) for k in keywords) else []
    numbered = sorted((k for k in keywords if _NUMBERED.fullmatch(k)), key=lambda k: (int(k[4:]), k))
    return (*fixed, *pairs, *numbered)


def matrix_keywords(keywords: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return every keyword with its value that :func:`find_spillover` looks at: equal ones mean equal matrices.

    >>> matrix_keywords({"$TOT": "7", "SPILL": "1,FITC-A,1", "DFC1TO2": "3"})
    (('SPILL', '1,FITC-A,1'), ('DFC1TO2', '3'))
    """
    known = {*_NAMED, *_BY_ORDER}
    return tuple((k, v) for k, v in keywords.items() if k in known or _PAIR.fullmatch(k) or _NUMBERED.fullmatch(k))


def find_spillover(keywords: Mapping[str, str], panel: Panel, *, keyword: str | None = None) -> FoundSpillover:
    """Return the spillover matrix that a file carries, its detectors named as the file's channels are.

    Parameters
    ----------
    keywords
        Of the TEXT segment, upper case.
    panel
        The channels of the same file.
    keyword
        The one to read, where several contradict each other; `$DFC` for all `$DFCiTOj`.

    Returns
    -------
    FoundSpillover
        With `spillover` None if no keyword holds a matrix. Flags say what was converted and what looks odd.

    Raises
    ------
    CompensationError
        If the matrix cannot be used as it stands: `SPILL_EMPTY`, `SPILL_SIZE`, `SPILL_TOO_FEW`, `SPILL_TOO_MANY`,
        `SPILL_DECIMAL_COMMA`, `SPILL_NOT_A_NUMBER`, `SPILL_NOT_FINITE`, `SPILL_UNKNOWN_DETECTOR`,
        `SPILL_AMBIGUOUS_DETECTOR`, `SPILL_DUPLICATE_DETECTOR`, `SPILL_DIAGONAL`, `SPILL_OUT_OF_RANGE`,
        `SPILL_SINGULAR`; if two keywords hold different ones: `SPILL_CONTRADICTION`; if `keyword` is not there:
        `SPILL_MISSING`.

    Examples
    --------
    >>> from cytoproc.model.panel import Channel
    >>> panel = Panel((Channel("FITC-A"), Channel("PE-A")))
    >>> find_spillover({"SPILL": "2,FITC-A,PE-A,1,0.25,0,1"}, panel).spillover.matrix.tolist()
    [[1.0, 0.25], [0.0, 1.0]]
    """
    present = spillover_keywords(keywords)
    if keyword is not None:
        return _read(_named_one(keyword, present), keywords, panel)
    readings = {name: _attempt(name, keywords, panel) for name in present}
    telling = {name: r for name, r in readings.items() if not _says_nothing(r)} or readings
    if not telling:
        return FoundSpillover(None)
    (first, found), *others = telling.items()
    if isinstance(found, CompensationError):
        raise found
    compared = [flag for name, other in others for flag in _compare(first, found, name, other)]
    return FoundSpillover(found.spillover, (*found.flags, *compared))


def _named_one(keyword: str, present: tuple[str, ...]) -> str:
    if keyword in present:
        return keyword
    msg = f"the file has no keyword {keyword} with a spillover matrix; it has: {', '.join(present) or 'none'}."
    raise CompensationError(msg, code="SPILL_MISSING")


def _attempt(name: str, keywords: Mapping[str, str], panel: Panel) -> FoundSpillover | CompensationError:
    try:
        return _read(name, keywords, panel)
    except CompensationError as error:
        return error


def _says_nothing(reading: FoundSpillover | CompensationError) -> bool:
    if isinstance(reading, CompensationError):
        return reading.code == "SPILL_EMPTY"
    return any(f.code == NOTHING_SUBTRACTED for f in reading.flags)


def _compare(first: str, found: FoundSpillover, name: str, other: FoundSpillover | CompensationError) -> list[QCFlag]:
    """Return a flag if a lesser keyword cannot be read; refuse one that can and says something else."""
    if isinstance(other, CompensationError):
        return [QCFlag("SPILL_OTHER_UNREADABLE", f"{first} is used; another matrix cannot be: {other}")]
    one, two = found.spillover, other.spillover
    if one is None or two is None:
        return []
    differs = f"names {', '.join(one.detectors)} where {name} names {', '.join(two.detectors)}"
    if set(one.detectors) == set(two.detectors):
        order = [two.detectors.index(d) for d in one.detectors]
        apart = np.argwhere(np.abs(one.matrix - two.matrix[np.ix_(order, order)]) > _SAME)
        if not apart.size:
            return []
        i, j = (int(k) for k in apart[0])
        a, b = one.matrix[i, j], two.matrix[order[i], order[j]]
        differs = f"has {a:.6g} in row {one.detectors[i]}, column {one.detectors[j]} where {name} has {b:.6g}"
    msg = (
        f"the file holds two different spillover matrices: {first} {differs}. "
        "Find out which one the instrument used and give it as a CSV file (`compensation: <path>`)."
    )
    raise CompensationError(msg, code="SPILL_CONTRADICTION")


def _read(name: str, keywords: Mapping[str, str], panel: Panel) -> FoundSpillover:
    if name == _PAIRS:
        return _parse_pairs(keywords, panel)
    cells = _Cells.split(name, keywords[name])
    if name not in _NAMED and len(cells.rest) == cells.n**2:
        return _parse_by_order(cells, panel)
    return _parse_named(cells, panel)


@dataclass(frozen=True, slots=True)
class _Cells:
    """A keyword's value in pieces: how many detectors it announces, and what follows."""

    keyword: str
    n: int
    rest: tuple[str, ...]
    separator: str

    @classmethod
    def split(cls, keyword: str, value: str) -> _Cells:
        if value.strip(" \t\r\n,;\0") in {"", "0"}:
            msg = (
                f"{keyword} is there, but holds no matrix ({value.strip()!r}). Give one as a CSV file, or write "
                "`compensation: none`."
            )
            raise CompensationError(msg, code="SPILL_EMPTY")
        match = _SEPARATOR.match(value)
        separator = match.group(1) if match else ","
        first, *rest = (piece.strip() for piece in value.strip(" \r\n\0").split(separator))
        if rest and not rest[-1]:
            rest.pop()
        n = int(first) if re.fullmatch(r"[0-9]{1,4}", first) else 0
        if n == 0 or n > len(rest):
            msg = (
                f"{keyword} begins with {first[:20]!r} and {len(rest)} more entries: expected a number of detectors, "
                "their names and their values. Export the matrix again, or give it as a CSV file."
            )
            raise CompensationError(msg, code="SPILL_SIZE")
        return cls(keyword, n, tuple(rest), separator)

    @property
    def decimal_comma(self) -> bool:
        return self.separator != ","

    def matrix(self, names: tuple[str, ...]) -> Matrix:
        """Return the last n*n entries as numbers, shape (n, n)."""
        n = self.n
        matrix = np.empty((n, n))
        for k, cell in enumerate(self.rest[-n * n :]):
            i, j = divmod(k, n)
            place = f"{self.keyword}, row {i + 1} ({names[i]}), column {j + 1} ({names[j]})"
            matrix[i, j] = parse_number(cell, place, decimal_comma=self.decimal_comma)
        return matrix

    def comma_flags(self) -> tuple[QCFlag, ...]:
        if not self.decimal_comma or not any("," in cell for cell in self.rest[-(self.n**2) :]):
            return ()
        msg = f"{self.keyword} is separated by {self.separator!r}; commas in its numbers were read as decimal points"
        return (QCFlag("SPILL_DECIMAL_COMMA", msg),)


def _parse_named(cells: _Cells, panel: Panel) -> FoundSpillover:
    n, keyword = cells.n, cells.keyword
    n_values = len(cells.rest) - n
    if n_values < n * n:
        msg = (
            f"{keyword} announces {n} detectors: expected {n} names and {n * n} values, found {n_values} values. "
            "The matrix is cut off or was never written. Give it as a CSV file, or write `compensation: none`."
        )
        raise CompensationError(msg, code="SPILL_TOO_FEW")
    names, joined = (cells.rest[:n], ()) if n_values == n * n else _join_names(cells, panel)
    detectors, flags = resolve_detectors(names, panel, keyword)
    return _found(detectors, cells.matrix(names), keyword, panel, (*joined, *flags, *cells.comma_flags()))


def _join_names(cells: _Cells, panel: Panel) -> tuple[tuple[str, ...], tuple[QCFlag, ...]]:
    """Return n names out of more than n pieces, where names of the file's channels hold the separator; and a flag."""
    n, sep = cells.n, cells.separator
    known = {re.sub(rf"\s*{sep}\s*", sep, name.strip()) for name in panel.names}
    ways = _ways_to_join(cells.rest[: len(cells.rest) - n * n], n, known, sep) if n <= len(panel) else []
    if not ways:
        raise _too_many(cells)
    if len(ways) > 1:
        msg = (
            f"{cells.keyword} can be read in two ways, as channel names hold commas. "
            "Export the file with other $PnN, or give the matrix as a CSV file."
        )
        raise CompensationError(msg, code="SPILL_AMBIGUOUS_DETECTOR")
    shown = ", ".join(repr(name) for name in ways[0] if sep in name)
    msg = f"{cells.keyword} names channels that hold its separator; read as {shown}"
    return ways[0], (QCFlag("SPILL_NAME_HOLDS_SEPARATOR", msg),)


def _ways_to_join(pieces: tuple[str, ...], n: int, known: set[str], sep: str) -> list[tuple[str, ...]]:
    """Return up to two ways to make n known names out of all pieces."""
    widest = 1 + max((name.count(sep) for name in known), default=0)
    ways: dict[int, list[tuple[str, ...]]] = {0: [()]}
    for _ in range(n):
        longer: dict[int, list[tuple[str, ...]]] = {}
        for start, begun in ways.items():
            for end in range(start + 1, min(start + widest, len(pieces)) + 1):
                if (name := sep.join(pieces[start:end])) in known:
                    longer[end] = (longer.get(end, []) + [(*way, name) for way in begun])[:2]
        ways = longer
    return ways.get(len(pieces), [])


def _too_many(cells: _Cells) -> CompensationError:
    n, values = cells.n, cells.rest[cells.n :]
    code, why = "SPILL_TOO_MANY", ""
    if not cells.decimal_comma and all(re.fullmatch(r"-?[0-9]+", v) for v in values):
        code, why = "SPILL_DECIMAL_COMMA", " None has a decimal point: perhaps its commas separate decimals, too."
    msg = (
        f"{cells.keyword} announces {n} detectors: expected {n} names and {n * n} values, found {len(values)} values."
        f"{why} Give the matrix as a CSV file."
    )
    return CompensationError(msg, code=code)


def _parse_by_order(cells: _Cells, panel: Panel) -> FoundSpillover:
    """Return the matrix of a keyword that names no channel (FCS 3.0, section 3.2, `$COMP/n,f1,f2,.../`)."""
    keyword, names = cells.keyword, _names_by_order(cells, panel)
    matrix, percent = fractions(cells.matrix(names), keyword)
    if not matrix.diagonal().any():
        return _instrument_setting(names, np.eye(cells.n) - matrix.T / 100.0, keyword, panel)
    msg = f"{keyword} names no channel; read by rows (row = fluorochrome), in the order {', '.join(names)}"
    flag = QCFlag("SPILL_BY_ORDER", msg)
    return _found(*_without_bystanders(names, matrix, panel), keyword, panel, (flag, *percent, *cells.comma_flags()))


def _names_by_order(cells: _Cells, panel: Panel) -> tuple[str, ...]:
    colours = fluorescence_names(panel)
    for names in (panel.names, colours):
        if len(names) == cells.n:
            return resolve_detectors(names, panel, cells.keyword)[0]
    msg = (
        f"{cells.keyword} is for {cells.n} channels that it does not name: expected {len(panel)} (all channels) or "
        f"{len(colours)} (the fluorescence ones). Give the matrix as a CSV file."
    )
    raise CompensationError(msg, code="SPILL_SIZE")


def _without_bystanders(names: tuple[str, ...], matrix: Matrix, panel: Panel) -> tuple[tuple[str, ...], Matrix]:
    """Leave out scatter and time channels that neither give light nor get any."""
    leaks = matrix != np.eye(len(names))
    keep = [
        j
        for j, name in enumerate(names)
        if panel.channels[panel.index(name)].kind is ChannelKind.FLUORESCENCE or leaks[j].any() or leaks[:, j].any()
    ]
    keep = keep or list(range(len(names)))
    return tuple(names[j] for j in keep), matrix[np.ix_(keep, keep)]


def _parse_pairs(keywords: Mapping[str, str], panel: Panel) -> FoundSpillover:
    """Return the matrix of `$DFCiTOj`: percent of fluorescence detector i to be subtracted from detector j."""
    percents: dict[tuple[int, int], float] = {}
    for key, value in keywords.items():
        if match := _PAIR.fullmatch(key):
            i, j = int(match.group(1)), int(match.group(2))
            percent = parse_number(value, key)
            if i != j:
                percents[i, j] = percent
            elif percent not in {0.0, 100.0}:
                msg = f"{key}: expected 0 or 100 percent to itself, found {percent:g}. Give the matrix as a CSV file."
                raise CompensationError(msg, code="SPILL_DIAGONAL")
    numbers = sorted({k for pair, percent in percents.items() if percent for k in pair})
    names = tuple(_detector_of(k, panel) for k in numbers)
    matrix = np.eye(len(numbers))
    for (i, j), percent in percents.items():
        if percent:
            matrix[numbers.index(i), numbers.index(j)] = percent / 100.0
    return _instrument_setting(names, matrix, "$DFCiTOj", panel)


def _detector_of(number: int, panel: Panel) -> str:
    """Return the channel of fluorescence detector `number`: named FL1, FL2..., else counted in file order."""
    colours = fluorescence_names(panel)
    numbered = [name for name in colours if re.match(r"FL\s*[0-9]", name, re.IGNORECASE)]
    found = [name for name in numbered if re.match(rf"FL\s*0*{number}(?![0-9])", name, re.IGNORECASE)]
    if not numbered and 1 <= number <= len(colours):
        found = [colours[number - 1]]
    if len(found) == 1:
        return found[0]
    code = "SPILL_AMBIGUOUS_DETECTOR" if found else "SPILL_UNKNOWN_DETECTOR"
    msg = (
        f"$DFCiTOj speaks of fluorescence detector {number}: expected one channel, found {', '.join(found) or 'none'} "
        f"among {', '.join(colours) or 'none'}. Give the matrix as a CSV file, or write `compensation: none`."
    )
    raise CompensationError(msg, code=code)


def _instrument_setting(names: tuple[str, ...], matrix: Matrix, keyword: str, panel: Panel) -> FoundSpillover:
    if (matrix == np.eye(len(names))).all():
        return FoundSpillover(
            None, (QCFlag(NOTHING_SUBTRACTED, f"{keyword} is all 0: the instrument subtracted nothing"),)
        )
    flag = QCFlag(INSTRUMENT_SETTING, f"{keyword} tells what the instrument subtracted before it stored the events")
    return _found(*_without_bystanders(names, matrix, panel), keyword, panel, (flag,))


def _found(
    names: tuple[str, ...], matrix: Matrix, source: str, panel: Panel, flags: tuple[QCFlag, ...]
) -> FoundSpillover:
    matrix, percent = fractions(matrix, source)
    spillover = Spillover(names, matrix, source)
    return FoundSpillover(spillover, (*flags, *percent, *require_usable(spillover, panel)))
