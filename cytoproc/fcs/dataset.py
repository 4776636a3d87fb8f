"""A data set of an FCS file: everything but its events, checked against the file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cytoproc.fcs.chain import TextualPart, claimed_spans, read_chain
from cytoproc.fcs.header import HEADER_BYTES, MOST_TEXT_BYTES, Offsets, Span
from cytoproc.fcs.layout import Layout, read_columns, read_order, read_panel, require_integer
from cytoproc.fcs.numerals import parse_decimal, parse_integer
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.segments import HEADER_SPAN, keyword_offsets, locate_data
from cytoproc.fcs.source import Source
from cytoproc.fcs.text import TextError, split_text
from cytoproc.model.panel import Panel
from cytoproc.model.results import Repair

__all__ = ["FCSDataset", "read_dataset"]

_CRC_BYTES = 8
_SPILLOVERS = ("$SPILLOVER", "SPILL", "SPILLOVER", "$SPILL")


@dataclass(frozen=True, slots=True)
class FCSDataset:
    """One data set of an FCS file, without its events. It can be pickled.

    Parameters
    ----------
    path
        The file.
    index, n_datasets
        Which data set of the file this is, counted from 1, and how many there are.
    version
        Of FCS, as the HEADER has it: `FCS3.1`.
    keywords
        All keywords of TEXT and supplemental TEXT: upper-case with their `$`, values as written.
    panel
        The channels, with gain, amplifier, time step and voltage.
    n_events
        How many events DATA holds.
    layout
        Where and how the events are stored.
    file_size
        Bytes of the file when it was checked.
    repairs
        What was inconsistent and could be read all the same, and what is only worth knowing.
    """

    path: Path
    index: int
    n_datasets: int
    version: str
    keywords: Mapping[str, str]
    panel: Panel
    n_events: int
    layout: Layout
    file_size: int
    repairs: tuple[Repair, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a keyword, without regard to case, or `default` where the file does not have it."""
        return self.keywords.get(name, default)


def read_dataset(path: str | os.PathLike[str], dataset: int | None = None, *, strict: bool = False) -> FCSDataset:
    """Return a data set of an FCS 2.0, 3.0, 3.1 or 3.2 file, checked against the file's size; no event is read.

    Parameters
    ----------
    path
        The file.
    dataset
        Which data set, counted from 1. If None: the only one. Of several, the first; but where an FCS 2.0 data set is
        followed by an FCS 3 one with as many events (a list mode file, LMD), the latter: it has the full resolution.
        The notice FCS_SEVERAL_DATASETS says which was taken.
    strict
        Whether to refuse what could be repaired. Notices remain notices.

    Raises
    ------
    FCSError
        If the file cannot be read without guessing. `code` is a key of `REFUSALS` in :mod:`cytoproc.fcs.repairs` or, if
        `strict`, of `REPAIRS`.
    """
    path = Path(path)
    with Source.open(path) as source:
        chain = read_chain(source)
        index = _choose(chain, dataset)
        part = chain[index - 1]
        if len(chain) > 1:
            versions = ", ".join(f"{n} is {each.header.version}" for n, each in enumerate(chain, start=1))
            text = (
                f"the file holds {len(chain)} data sets ({versions}); {index} is used. Ask for another by its number."
            )
            part.findings.repair("FCS_SEVERAL_DATASETS", text)
        layout, n_events, panel = _read_layout(part)
    if strict:
        part.findings.refuse_repairs()
    return FCSDataset(
        path=path,
        index=index,
        n_datasets=len(chain),
        version=part.header.version,
        keywords=part.keywords,
        panel=panel,
        n_events=n_events,
        layout=layout,
        file_size=source.size,
        repairs=tuple(part.findings.repairs),
    )


def _choose(chain: list[TextualPart], dataset: int | None) -> int:
    """Return the number of the data set to read, from 1."""
    if dataset is None:
        return _full_resolution(chain) or 1
    if not 1 <= dataset <= len(chain):
        text = f"has {len(chain)} data set(s), counted from 1; there is no data set {dataset}."
        chain[0].findings.refuse("FCS_NO_SUCH_DATASET", text)
    return dataset


def _full_resolution(chain: list[TextualPart]) -> int:
    """Return the number of the FCS 3 data set that repeats the events of a first FCS 2.0 one, or 0."""
    total = parse_integer(chain[0].keywords.get("$TOT", ""))
    if chain[0].header.version != "FCS2.0" or total is None:
        return 0
    for n, part in enumerate(chain[1:], start=2):
        if part.header.version != "FCS2.0" and parse_integer(part.keywords.get("$TOT", "")) == total:
            return n
    return 0


def _read_layout(part: TextualPart) -> tuple[Layout, int, Panel]:
    """Return where the events are, how many, and their channels."""
    keywords, findings = part.keywords, part.findings
    columns = read_columns(keywords, part.header.version, findings)
    order = read_order(keywords, columns, findings)
    panel = read_panel(keywords, columns, findings)
    row_bytes = sum(c.width for c in columns)
    total = require_integer(keywords, "$TOT", findings) if "$TOT" in keywords else None
    data = locate_data(
        part.header,
        keywords,
        row_bytes=row_bytes,
        n_events=total,
        taken=(HEADER_SPAN, *part.texts),
        limit=part.limit,
        findings=findings,
    )
    n_events = data.size // row_bytes if total is None else total
    if total is None:
        findings.repair("FCS_TOT_MISSING", f"$TOT is missing; DATA at bytes {data} holds {n_events} whole events.")
    if not n_events:
        findings.repair("FCS_NO_EVENTS", "the file holds no events.")
    _check_analysis(part)
    _check_trailing(part, data)
    _check_spillover(part.keywords, findings)
    return Layout(part.start + data.begin, row_bytes, columns, order), n_events, panel


def _check_analysis(part: TextualPart) -> None:
    """Note an ANALYSIS that cannot be read. Its contents are not used."""
    for claim in (part.header.analysis, keyword_offsets(part.keywords, "ANALYSIS")):
        reason = "" if claim.is_absent else _analysis_fault(part, claim)
        if reason:
            part.findings.repair("FCS_ANALYSIS", f"ANALYSIS, {claim}, {reason}; it is not used.")


def _analysis_fault(part: TextualPart, claim: Offsets) -> str:
    span = claim.span()
    if span is None or span.begin < HEADER_BYTES or span.end >= part.limit or not 1 < span.size <= MOST_TEXT_BYTES:
        return "is no place in the file"
    try:
        split_text(part.read(span))
    except TextError as error:
        return f"is no list of keywords and values: {error}"
    return ""


def _check_trailing(part: TextualPart, data: Span) -> None:
    """Note bytes beyond the checksum of FCS 3 that no segment accounts for; OTHER segments may account for anything."""
    if part.start + part.limit != part.source.size:
        return
    spans = [part.header.text, data, *(span for span in claimed_spans(part) if span.end < part.limit)]
    first, last = min(span.begin for span in spans), max(span.end for span in spans)
    has_others = part.read(Span(HEADER_BYTES, min(first, 2 * HEADER_BYTES) - 1)).strip(b" 0")
    n_bytes = part.limit - last - 1
    if n_bytes > _CRC_BYTES and not has_others:
        text = (
            f"{n_bytes} bytes follow the last segment and are not read: if events are missing, export the file again."
        )
        part.findings.repair("FCS_TRAILING_BYTES", text)


def _check_spillover(keywords: Mapping[str, str], findings: Findings) -> None:
    """Note spillover matrices that differ; which one counts is not the reader's business."""
    names = [name for name in _SPILLOVERS if name in keywords]
    if len(names) < 2:
        return
    matrices = [[_plain(part) for part in keywords[name].split(",")] for name in names]
    if any(matrix != matrices[0] for matrix in matrices[1:]):
        findings.repair("FCS_SPILLOVER_TWICE", f"{' and '.join(names)} hold different matrices.")


def _plain(text: str) -> float | str:
    number = parse_decimal(text)
    return text.strip() if number is None else number
