"""Where DATA lies: the HEADER and TEXT both say so, and the count of events decides whether to believe them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cytoproc.fcs.header import HEADER_BYTES, Header, Offsets, Span
from cytoproc.fcs.numerals import parse_integer
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.text import STANDARD_KEYWORD, Keywords

__all__ = ["HEADER_SPAN", "keyword_offsets", "locate_data", "lost_keyword"]

HEADER_SPAN = Span(0, HEADER_BYTES - 1)
_LARGEST_IN_HEADER = 99_999_999
_KEYWORD_BYTES = re.compile(STANDARD_KEYWORD.pattern.encode(), re.IGNORECASE)


def keyword_offsets(keywords: Keywords, segment: str) -> Offsets:
    """Return what TEXT says of a segment (`DATA`, `STEXT`, `ANALYSIS`); a missing keyword is blank."""
    return Offsets("TEXT", keywords.get(f"$BEGIN{segment}", ""), keywords.get(f"$END{segment}", ""))


def lost_keyword(gap: bytes) -> str:
    """Return the first keyword among bytes that belong to no segment, or nothing: then TEXT is longer than it says."""
    found = _KEYWORD_BYTES.search(gap)
    return found[0].decode() if found else ""


def locate_data(
    header: Header,
    keywords: Keywords,
    *,
    row_bytes: int,
    n_events: int | None,
    taken: Sequence[Span],
    limit: int,
    findings: Findings,
) -> Span:
    """Return the bytes of DATA, of exactly `n_events` rows (of whole rows, if `$TOT` is missing).

    HEADER and TEXT may disagree: then one of them must fit the number of events and the other must not, or nothing is
    read. An end that is one byte too far is put right.

    Parameters
    ----------
    taken
        The segments that DATA may not touch.
    limit
        How many bytes the data set can have.

    Raises
    ------
    FCSError
        FCS_DATA_OFFSETS, FCS_OFFSETS_CONTRADICT, FCS_SEGMENTS_OVERLAP, FCS_TRUNCATED, FCS_TOT_MISMATCH.
    """
    need = None if n_events is None else n_events * row_bytes
    claims = [
        _Claim(offsets, span, _misfit(span, row_bytes, need, taken, limit))
        for offsets in _offsets(header, keywords, need, findings)
        for span in (_span(offsets, findings),)
    ]
    if not claims:
        if n_events:
            text = f"neither HEADER nor TEXT says where the {n_events} events are."
            findings.refuse("FCS_DATA_OFFSETS", text)
        return Span(HEADER_BYTES, HEADER_BYTES - 1)
    span = _believed(claims, findings).span
    if need is not None and span.size == need + 1:
        text = f"DATA at bytes {span} is one byte longer than {n_events} events; the last byte is left out."
        findings.repair("FCS_DATA_END", text)
        return Span(span.begin, span.end - 1)
    return span


@dataclass(frozen=True, slots=True)
class _Claim:
    """Where HEADER or TEXT says DATA is; code and text of what speaks against it, or None."""

    offsets: Offsets
    span: Span
    misfit: tuple[str, str] | None


def _offsets(header: Header, keywords: Keywords, need: int | None, findings: Findings) -> list[Offsets]:
    """Return what HEADER and TEXT say about DATA, in this order, without what is blank or zero."""
    if ("$BEGINDATA" in keywords) != ("$ENDDATA" in keywords):
        findings.refuse("FCS_DATA_OFFSETS", "only one of $BEGINDATA and $ENDDATA is there: TEXT is damaged.")
    text = keyword_offsets(keywords, "DATA")
    said = [claim for claim in (header.data, text) if not (claim.is_absent or (need == 0 and claim.is_open))]
    if said == [header.data, text] and _is_void(header.data, text):
        findings.repair("FCS_OFFSETS_DISAGREE", f"{header.data} is no place for DATA; {text} is used.")
        return [text]
    if said == [header.data] and header.version != "FCS2.0":
        lack = "are 0" if "$BEGINDATA" in keywords else "are missing"
        findings.repair("FCS_DATA_OFFSETS_MISSING", f"$BEGINDATA and $ENDDATA {lack}; {header.data} is used.")
    return said


def _is_void(header: Offsets, text: Offsets) -> bool:
    """Whether the HEADER should be blank, because its eight digits cannot hold an offset of TEXT, but is not."""
    span = text.span()
    if span is not None and span.end > _LARGEST_IN_HEADER:
        return True
    return header.is_open and parse_integer(header.begin) == parse_integer(text.begin)


def _span(offsets: Offsets, findings: Findings) -> Span:
    span = offsets.span()
    if span is None:
        findings.refuse("FCS_DATA_OFFSETS", f"{offsets} is no place for DATA.")
    return span


def _misfit(span: Span, row_bytes: int, need: int | None, taken: Sequence[Span], limit: int) -> tuple[str, str] | None:
    length = span.size
    if need == 0 and length <= 1:
        return None
    is_long = need is not None and length == need + 1
    events = Span(span.begin, span.end - 1) if is_long else span
    if events.end >= limit:
        return "FCS_TRUNCATED", f"DATA should be at bytes {span}, but only {limit} bytes are there."
    hit = next((other for other in taken if other.overlaps(events)), None)
    if hit is not None:
        return "FCS_SEGMENTS_OVERLAP", f"DATA at bytes {span} lies on top of the segment at {hit}."
    if events.size != need if need is not None else length % row_bytes:
        expected = f"whole events of {row_bytes} bytes" if need is None else f"{need}, $TOT times {row_bytes} bytes"
        return "FCS_TOT_MISMATCH", f"DATA at bytes {span} has {length} bytes; expected {expected}."
    return None


def _believed(claims: list[_Claim], findings: Findings) -> _Claim:
    """Return the claim that holds. If they differ, the number of events decides, or nobody does."""
    fitting = [claim for claim in claims if claim.misfit is None]
    if len({claim.span for claim in claims}) == 1:
        if claims[0].misfit is not None:
            code, text = claims[0].misfit
            findings.refuse(code, text)
        return claims[0]
    both = " and ".join(str(claim.offsets) for claim in claims)
    if len({claim.span.begin for claim in fitting}) != 1:
        why = "both fit" if fitting else "neither fits"
        is_cut = all(claim.misfit is not None and claim.misfit[0] == "FCS_TRUNCATED" for claim in claims)
        text = f"{both} disagree on where DATA is, and {why} the number of events and the size of the file."
        findings.refuse("FCS_TRUNCATED" if is_cut else "FCS_OFFSETS_CONTRADICT", text)
    chosen = min(fitting, key=lambda claim: claim.span.size)
    text = f"{both} disagree on where DATA is; only {chosen.offsets} fits the number of events."
    findings.repair("FCS_OFFSETS_DISAGREE", text)
    return chosen
