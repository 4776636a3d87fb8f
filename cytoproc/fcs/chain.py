"""The data sets of a file, one behind the other: their HEADER and their keywords."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cytoproc.fcs.header import HEADER_BYTES, MOST_TEXT_BYTES, Header, Span, parse_header
from cytoproc.fcs.numerals import parse_integer, shown
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.segments import keyword_offsets, lost_keyword
from cytoproc.fcs.source import Source
from cytoproc.fcs.text import Keywords, Pairs, TextError, merge_pairs, split_text

__all__ = ["TextualPart", "claimed_spans", "read_chain"]

_MOST_GAP_BYTES = 1 << 16
_CRC_BYTES = 8
_PADDING = b" \0\r\n\t"


@dataclass(frozen=True, slots=True)
class TextualPart:
    """A data set as far as its keywords tell.

    Parameters
    ----------
    source
        The open file.
    start, limit
        Where the data set begins in the file, and how many bytes it can have. All other places count from `start`.
    header
        Its HEADER.
    texts
        Where its keywords lie: primary TEXT, and supplemental TEXT if it can be read.
    keywords
        All of them.
    findings
        What was odd so far.
    """

    source: Source
    start: int
    limit: int
    header: Header
    texts: tuple[Span, ...]
    keywords: Keywords
    findings: Findings

    def read(self, span: Span) -> bytes:
        """Return the bytes of a segment."""
        return self.source.read(self.start + span.begin, span.size)


def read_chain(source: Source) -> list[TextualPart]:
    """Return all data sets of a file. Each begins behind the HEADER of the one before it, so the walk ends.

    Raises
    ------
    FCSError
        If the HEADER or TEXT of any of them cannot be read, or FCS_NEXTDATA if one does not say where the next is.
    """
    found: list[TextualPart] = []
    start: int | None = 0
    n_text_bytes = 0
    while start is not None:
        place = f"{source.path.name}, data set {len(found) + 1}" if found else source.path.name
        part = _read_part(source, start, Findings(place))
        n_text_bytes += part.header.text.size
        if n_text_bytes > source.size:
            part.findings.refuse("FCS_NEXTDATA", "the data sets of this file share their TEXT.")
        if found:
            found[-1] = replace(found[-1], limit=start - found[-1].start)
        found.append(part)
        start = _next_start(part)
    return found


def _next_start(part: TextualPart) -> int | None:
    value = part.keywords.get("$NEXTDATA", "")
    if not value.strip(" \0"):
        part.findings.repair(
            "FCS_NEXTDATA_MISSING", "$NEXTDATA is missing or blank; no further data set is looked for."
        )
        return None
    step = parse_integer(value)
    if step is None:
        text = f"$NEXTDATA is {shown(value)}, not the distance to a next data set, or 0."
        part.findings.refuse("FCS_NEXTDATA", text)
    if step == 0:
        return None
    if step < HEADER_BYTES or step >= part.limit or part.source.read(part.start + step, 3) != b"FCS":
        text = f"$NEXTDATA is {shown(value)}, but no data set begins there; what may lie behind this one is not read."
        part.findings.repair("FCS_NEXTDATA_NOWHERE", text)
        return None
    return part.start + step


def _read_part(source: Source, start: int, findings: Findings) -> TextualPart:
    limit = source.size - start
    header = parse_header(source.read(start, HEADER_BYTES), limit, findings)
    if header.text.size > MOST_TEXT_BYTES:
        findings.refuse("FCS_TEXT", f"TEXT has {header.text.size} bytes; up to {MOST_TEXT_BYTES} are read.")
    segment = source.read(start + header.text.begin, header.text.size)
    pairs = _split_primary(segment, header.text, findings)
    text = Span(header.text.begin, header.text.begin + pairs.n_bytes - 1)
    part = TextualPart(source, start, limit, header, (text,), pairs.keywords(), findings)
    extra = _read_supplemental(part)
    if not pairs.is_utf8:
        findings.repair("FCS_LATIN1", "TEXT is not UTF-8; the values that are not are read as Latin-1.")
    _check_limits(part, segment, pairs)
    keywords = merge_pairs([pairs, extra[1]] if extra else [pairs], findings)
    return replace(part, keywords=keywords, texts=(text, extra[0]) if extra else (text,))


def _split_primary(segment: bytes, span: Span, findings: Findings) -> Pairs:
    """Return the pairs of TEXT, without its last byte if that follows the last delimiter and makes no sense."""
    pairs, reason = _try_split(segment)
    if pairs is None and segment[-2:-1] == segment[:1]:
        pairs, _ = _try_split(segment[:-1])
    if pairs is None:
        findings.refuse("FCS_TEXT", f"TEXT at bytes {span} {reason}.")
    return pairs


def _try_split(segment: bytes) -> tuple[Pairs | None, str]:
    """Return the pairs, or None and the reason why there are none."""
    try:
        return split_text(segment), ""
    except TextError as error:
        return None, f"is no list of keywords and values: {error}"


def _read_supplemental(part: TextualPart) -> tuple[Span, Pairs] | None:
    """Return the supplemental TEXT and where it is, or None. Nothing that decides how to read DATA stands in it."""
    offsets = keyword_offsets(part.keywords, "STEXT")
    if offsets.is_absent:
        return None
    span = offsets.span()
    if span is None or span.begin < HEADER_BYTES or span.end >= part.limit or not 1 < span.size <= MOST_TEXT_BYTES:
        reason = "is no place in the file"
    elif span.overlaps(part.header.text):
        reason = "is the primary TEXT"
    else:
        pairs, reason = _try_split(part.read(span))
        if pairs is not None and all(name.isascii() and name.isprintable() for name, _ in pairs.items):
            return span, pairs
        reason = reason or "holds keywords that are not ASCII"
    text = f"supplemental TEXT, {offsets}, {reason}; not read. Keywords such as $SPILLOVER may be missing."
    part.findings.repair("FCS_SUPPLEMENTAL_TEXT", text)
    return None


def _check_limits(part: TextualPart, segment: bytes, pairs: Pairs) -> None:
    """Refuse a TEXT that begins too late or ends too early; note one that ends otherwise than with its delimiter."""
    text = part.header.text
    others = claimed_spans(part)
    begin = max([HEADER_BYTES, *(s.end + 1 for s in others if s.end < text.begin)])
    end = min([part.limit, *(s.begin for s in others if s.begin > text.end)])
    before = part.read(Span(max(begin, text.begin - _MOST_GAP_BYTES), text.begin - 1))
    behind = part.read(Span(text.end + 1, min(end, text.end + 1 + _MOST_GAP_BYTES) - 1))
    lost = lost_keyword(before) or lost_keyword(behind)
    if lost:
        reason = f"keyword {lost} stands outside TEXT at bytes {text}: HEADER cuts it short."
        part.findings.refuse("FCS_TEXT_CUT", reason)
    if not pairs.is_closed:
        is_crc = len(behind) == _CRC_BYTES and behind.isdigit()
        if behind.strip(_PADDING) and not behind.startswith(segment[:1]) and not is_crc:
            part.findings.refuse("FCS_TEXT_CUT", f"TEXT at bytes {text} ends within a value: more text follows.")
        part.findings.repair("FCS_TEXT_END", "TEXT does not end with its delimiter; the last value is read to the end.")
    tail = Span(text.begin + pairs.n_bytes, text.end)
    if segment[pairs.n_bytes :].strip(_PADDING) or any(tail.begin <= s.begin <= tail.end for s in others):
        reason = f"the last {tail.size} byte(s) of TEXT do not belong to it; left out."
        part.findings.repair("FCS_TEXT_END", reason)


def claimed_spans(part: TextualPart) -> list[Span]:
    """Return where the other segments lie, if what HEADER and TEXT say of them is true."""
    claims = [part.header.data, part.header.analysis]
    claims += [keyword_offsets(part.keywords, segment) for segment in ("DATA", "STEXT", "ANALYSIS")]
    return [span for claim in claims if not claim.is_absent and (span := claim.span())]
