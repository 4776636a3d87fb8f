"""TEXT: keywords and values, one after the other, set apart by a delimiter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cytoproc.fcs.numerals import shown
from cytoproc.fcs.repairs import Findings

__all__ = ["STANDARD_KEYWORD", "Keywords", "Pairs", "TextError", "merge_pairs", "split_text"]

STANDARD_KEYWORD = re.compile(
    r"\$(?:P[0-9]{1,4}(?:B|E|N|R|G|S|V|DATATYPE)|BYTEORD|DATATYPE|MODE|NEXTDATA|PAR|TOT"
    r"|(?:BEGIN|END)(?:DATA|STEXT|ANALYSIS))",
    re.IGNORECASE,
)
"""The keywords that decide how a file is read."""

_DECIDES_VALUES = re.compile(
    r"\$(?:P[0-9]{1,4}(?:B|E|R|G|DATATYPE)|BYTEORD|DATATYPE|MODE|NEXTDATA|PAR|TOT|TIMESTEP|(?:BEGIN|END)(?:DATA|STEXT))"
    r"|\$?SPILL(?:OVER)?|\$?COMP"
)
_LOST_DELIMITER = "before it, a delimiter is lost or stands in a value undoubled"
_PADDING = b" \0\r\n\t"
_WHITE = _PADDING.decode()
_UPPER = {
    low: low - 32 for low in range(ord("a"), ord("z") + 1)
}  # for names that are not ASCII: no letter becomes ASCII


class TextError(ValueError):
    """A segment is no list of keywords and values; the message says why."""


class Keywords(Mapping[str, str]):
    """The keywords of a file: upper-case with their `$`, values as written. Looked up without regard to case.

    >>> Keywords({"$CYT": "LSRFortessa"})["$cyt"]
    'LSRFortessa'
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        """Return the value of a keyword."""
        return self._values[_upper(name)]

    def __iter__(self) -> Iterator[str]:
        """Go through the keywords in file order."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many keywords there are."""
        return len(self._values)

    def __repr__(self) -> str:
        """Without the values: they hold names of people."""
        return f"<{len(self)} keywords>"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Keywords and values in file order.

    Parameters
    ----------
    items
        Keyword, upper-case and without white space around it, and value as written.
    spaced
        The keywords that had white space around them.
    n_bytes
        How many bytes they take, without padding.
    is_closed
        Whether the last value ends with the delimiter.
    is_utf8
        Whether all is UTF-8.
    """

    items: list[tuple[str, str]]
    spaced: list[str]
    n_bytes: int
    is_closed: bool
    is_utf8: bool

    def keywords(self) -> Keywords:
        """Return the keywords, unchecked; where one is given twice, the first value counts."""
        return Keywords(dict(reversed(self.items)))


def _upper(name: str) -> str:
    return name.upper() if name.isascii() else name.translate(_UPPER)


def split_text(segment: bytes) -> Pairs:
    r"""Return the keywords and values of a TEXT segment. FCS 3.1, section 3.2.

    A delimiter inside a value is doubled. A keyword holds none, so two delimiters after a keyword are an empty value:
    not lawful, and common. White space and NULs after the last delimiter are padding.

    Raises
    ------
    TextError
        If there is no delimiter, or a keyword without a value.

    Examples
    --------
    >>> split_text(b"/$P1N/CD3//CD4-A/$P1S//$P2N/Time/").items
    [('$P1N', 'CD3/CD4-A'), ('$P1S', ''), ('$P2N', 'Time')]
    """
    delimiter = segment[:1]
    if not delimiter or not 0 < delimiter[0] < 127 or delimiter.isalnum():
        msg = f"its first byte, the delimiter, is {delimiter!r}"
        raise TextError(msg)
    body = segment.rstrip(_PADDING.replace(delimiter, b""))
    has_end = len(body) > 1 and body.endswith(delimiter)
    pieces, is_utf8 = _decode(body[1:-1] if has_end else body[1:], delimiter)
    written, is_whole = _pair_up(pieces, delimiter.decode())
    items = [(_upper(name.strip(_WHITE) or name), value) for name, value in written]
    spaced = [name for (name, _), (whole, _) in zip(items, written, strict=True) if len(name) != len(whole)]
    return Pairs(items, spaced, len(body), has_end and is_whole, is_utf8)


def _decode(body: bytes, delimiter: bytes) -> tuple[list[str], bool]:
    """Return the pieces between delimiters, and whether all are UTF-8; those that are not are read as Latin-1."""
    try:
        return body.decode("utf-8").split(delimiter.decode()), True
    except UnicodeDecodeError:
        return [_decode_piece(piece) for piece in body.split(delimiter)], False


def _decode_piece(piece: bytes) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode("latin-1")


def _pair_up(pieces: list[str], delimiter: str) -> tuple[list[tuple[str, str]], bool]:
    """Return the pairs, and whether the last value was whole."""
    if "" not in pieces and len(pieces) % 2 == 0:  # the usual case: nothing escaped, nothing empty
        return list(zip(pieces[::2], pieces[1::2], strict=True)), True
    items: list[tuple[str, str]] = []
    keyword, value = "", ""
    is_started = False
    for piece, run in _runs(pieces):
        if keyword:
            value, is_started = value + piece + delimiter * (run // 2), True
            if run % 2:
                items.append((keyword, value))
                keyword = ""
        elif run % 2:
            keyword, value, is_started = piece, delimiter * (run // 2), False
        else:
            items.append((piece, delimiter * (run // 2 - 1)))
    if keyword and not is_started:
        msg = f"the last keyword has no value: {_LOST_DELIMITER}"
        raise TextError(msg)
    if keyword:
        items.append((keyword, value))
    return items, not keyword


def _runs(pieces: list[str]) -> Iterator[tuple[str, int]]:
    """Go through the pieces that are not empty, each with the number of delimiters behind it."""
    if not pieces[0]:
        msg = "a keyword is empty"
        raise TextError(msg)
    at = 0
    while at < len(pieces):
        behind = at + 1
        while behind < len(pieces) and not pieces[behind]:
            behind += 1
        yield pieces[at], behind - at
        at = behind


def merge_pairs(texts: list[Pairs], findings: Findings) -> Keywords:
    """Return the keywords of all TEXT segments, the primary one first; of one given twice, the first value counts.

    No message quotes a value that may hold somebody's name.

    Raises
    ------
    FCSError
        FCS_KEYWORD_CONTRADICTS if the values of a keyword that decides how the file is read differ; FCS_TEXT_SHIFTED
        if a required keyword stands where a value should.
    """
    values: dict[str, str] = {}
    items = [item for text in texts for item in text.items]
    twice = []
    for name, value in items:
        if name not in values:
            values[name] = value
            continue
        first = values[name]
        twice.append(name)
        if value.strip(_WHITE) != first.strip(_WHITE) and _DECIDES_VALUES.fullmatch(name):
            text = f"{name} is given twice, as {shown(first)} and as {shown(value)}."
            findings.refuse("FCS_KEYWORD_CONTRADICTS", text)
    _refuse_shift(values, findings)
    spaced = [name for text in texts for name in text.spaced]
    findings.repair_all("FCS_KEYWORD_SPACES", spaced, "white space around a keyword; removed.")
    empty = [name for name, value in items if not value]
    findings.repair_all("FCS_EMPTY_VALUE", empty, "no value, which FCS does not allow; read as empty.")
    findings.repair_all("FCS_KEYWORD_TWICE", twice, "given twice; the first value is used.")
    nul = [name for name, value in items if "\0" in value or "\0" in name]
    findings.repair_all("FCS_NUL", nul, "holds a NUL character; kept as it is.")
    return Keywords(values)


def _refuse_shift(values: dict[str, str], findings: Findings) -> None:
    for value in values.values():
        if value.startswith("$") and STANDARD_KEYWORD.fullmatch(value) and _upper(value) not in values:
            text = f"{value} stands where a value should, and not among the keywords: {_LOST_DELIMITER}."
            findings.refuse("FCS_TEXT_SHIFTED", text)
