"""The HEADER: the first 58 bytes of a data set, with its version and where its segments lie."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cytoproc.fcs.numerals import parse_integer, shown
from cytoproc.fcs.repairs import Findings

__all__ = ["HEADER_BYTES", "MOST_TEXT_BYTES", "VERSIONS", "Header", "Offsets", "Span", "parse_header"]

HEADER_BYTES = 58
MOST_TEXT_BYTES = 1 << 26
"""The largest TEXT that is read or written: 64 MiB."""
VERSIONS = ("FCS2.0", "FCS3.0", "FCS3.1", "FCS3.2")

_MAGIC = re.compile(r"FCS[0-9]\.[0-9]")
_BLANK = " \0"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `begin` to `end`, both included, counted from the start of the data set.

    An empty span ends before it begins, by one.
    """

    begin: int
    end: int

    @property
    def size(self) -> int:
        """How many bytes it has; a negative number if it is none."""
        return self.end - self.begin + 1

    def __str__(self) -> str:
        """`begin..end`."""
        return f"{self.begin}..{self.end}"

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a byte."""
        return self.begin <= other.end and other.begin <= self.end


@dataclass(frozen=True, slots=True)
class Offsets:
    """Where a segment begins and ends, as the file writes it, and who says so (`HEADER`, `TEXT`)."""

    source: str
    begin: str
    end: str

    @property
    def is_absent(self) -> bool:
        """Whether both are blank or zero: FCS's way of saying that the segment is described elsewhere, or not there."""
        return all(not text.strip(_BLANK) or parse_integer(text) == 0 for text in (self.begin, self.end))

    @property
    def is_open(self) -> bool:
        """Whether there is a begin without an end: some makers blank only the number that has too many digits."""
        return not self.end.strip(_BLANK) or parse_integer(self.end) == 0

    def span(self) -> Span | None:
        """Return the bytes, or None if the offsets are no numbers or end before they begin."""
        begin, end = parse_integer(self.begin), parse_integer(self.end)
        return Span(begin, end) if begin is not None and end is not None and begin - 1 <= end else None

    def __str__(self) -> str:
        """`HEADER 58..400`."""
        span = self.span()
        return f"{self.source} {span if span else f'{shown(self.begin)}..{shown(self.end)}'}"


@dataclass(frozen=True, slots=True)
class Header:
    """What the HEADER says. DATA and ANALYSIS stay as written: TEXT may have to speak for them."""

    version: str
    text: Span
    data: Offsets
    analysis: Offsets


def parse_header(head: bytes, limit: int, findings: Findings) -> Header:
    """Return the HEADER of a data set of `limit` bytes whose first bytes are `head`. FCS 3.1, section 3.1.

    Raises
    ------
    FCSError
        FCS_NOT_FCS, FCS_VERSION, FCS_TRUNCATED, or FCS_HEADER if it does not say where TEXT is.
    """
    letters = head[:HEADER_BYTES].decode("latin-1")
    version = letters[:6]
    if not _MAGIC.fullmatch(version):
        findings.refuse("FCS_NOT_FCS", f"begins with {version!r} where an FCS file has 'FCS3.1' or the like.")
    if version not in VERSIONS:
        findings.refuse("FCS_VERSION", f"is {version}; {', '.join(VERSIONS)} are read.")
    if len(letters) < HEADER_BYTES:
        findings.refuse("FCS_TRUNCATED", f"has {len(letters)} bytes, the HEADER alone needs {HEADER_BYTES}.")
    if letters[6:10] != "    ":
        findings.repair("FCS_HEADER_SPACES", f"bytes 6 to 9 of the HEADER are {letters[6:10]!r}, not blank; ignored.")
    fields = [letters[at : at + 8] for at in range(10, HEADER_BYTES, 8)]
    text = Offsets("HEADER", *fields[:2])
    data, analysis = Offsets("HEADER", *fields[2:4]), Offsets("HEADER", *fields[4:])
    return Header(version, _text_span(text, limit, findings), data, analysis)


def _text_span(offsets: Offsets, limit: int, findings: Findings) -> Span:
    span = offsets.span()
    if span is None or span.begin < HEADER_BYTES or span.size < 2:
        place = f"TEXT should lie behind byte {HEADER_BYTES - 1}"
        findings.refuse("FCS_HEADER", f"{place}, but HEADER says {offsets.begin!r} to {offsets.end!r}.")
    if span.end >= limit:
        findings.refuse("FCS_TRUNCATED", f"TEXT should end at byte {span.end}, but only {limit} bytes are there.")
    return span
