"""Events into FCS 3.1 files."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from cytoproc.fcs.header import HEADER_BYTES, MOST_TEXT_BYTES
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.text import STANDARD_KEYWORD
from cytoproc.model.events import EventTable, Stage
from cytoproc.model.panel import Channel, ChannelKind, FloatArray, Panel
from cytoproc.writing import open_whole

__all__ = ["write_fcs"]

_DELIMITERS = "/|\\!~^*#;\f\x1e"
_LARGEST_IN_HEADER = 99_999_999
_OFFSET_DIGITS = 12
_CRC = b"00000000"  # FCS 3.1, section 3.6: no checksum was computed
_CHUNK_EVENTS = 65_536
_MOST_DECADES = 38  # of float32
_OWN = re.compile(
    r"\$(?:P[0-9]+(?:B|E|N|R|G|S|V|DATATYPE)|BYTEORD|DATATYPE|MODE|NEXTDATA|PAR|TOT|TIMESTEP"
    r"|(?:BEGIN|END)(?:DATA|STEXT|ANALYSIS))"
)
_SPILLOVER = re.compile(r"\$?SPILL(?:OVER)?|\$?COMP[0-9]*|\$?DFC[0-9]+TO[0-9]+")


def write_fcs(
    path: str | os.PathLike[str],
    events: EventTable | tuple[FloatArray, Panel],
    *,
    keywords: Mapping[str, str] | None = None,
) -> None:
    """Write events as an FCS 3.1 file: float32, little-endian, byte for byte the same for the same arguments.

    Stored values are written as they are, rounded to float32, with gain and time step as keywords. What floating-point
    data cannot say (logarithmic amplifiers) is written as linear values. The file appears under its name only when it
    is whole.

    Parameters
    ----------
    path
        Where to. A file that is there is replaced.
    events
        A table, or values of shape (events, channels) and their panel.
    keywords
        To be kept, such as those of another data set. Keywords that describe the file and its channels (`$TOT`, `$PnN`,
        `$TIMESTEP`, ...) are not taken from here but from `events`.

    Raises
    ------
    FCSError
        FCS_CANNOT_WRITE if FCS cannot hold it: an empty value or keyword, a keyword given twice, a NUL, no channel, a
        channel's name that is empty, has a comma or is there twice, a finite value beyond float32, or a spillover
        keyword beside compensated events.
    OutputError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from cytoproc.fcs import read_fcs
    >>> panel = Panel((Channel("FSC-A"), Channel("B530-A", "CD19")))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_fcs(f"{folder}/a.fcs", (np.array([[1.5, 2.0]]), panel), keywords={"$CYT": "none"})
    ...     dataset, events = read_fcs(f"{folder}/a.fcs")
    >>> events.panel.names, events.values.tolist(), dataset.get("$CYT")
    (('FSC-A', 'B530-A'), [[1.5, 2.0]], 'none')
    """
    path = Path(path)
    table = events if isinstance(events, EventTable) else EventTable(np.asarray(events[0]), events[1])
    findings = Findings(path.name)
    _check_channels(table.panel, findings)
    step = next((c.time_step_s for c in table.panel.channels if c.kind is ChannelKind.TIME), 1.0)
    channels = tuple(_writable(c, step) for c in table.panel.channels)
    kept = _kept(keywords or {}, table, findings)
    head = _head(len(table), _own_keywords(table, channels, step), kept, findings)
    with open_whole(path) as file:
        file.write(head)
        for block in _blocks(table, channels, findings):
            file.write(block)
        file.write(_CRC)


def _writable(channel: Channel, step: float) -> Channel:
    """Return the channel as floating-point data can have it: the same one, or one of linear values.

    A reader gives `$TIMESTEP` to every time channel, and no time channel a gain.
    """
    is_time = channel.kind is ChannelKind.TIME
    expected_step = step if is_time else 1.0
    if channel.decades == 0 and channel.time_step_s == expected_step and not (is_time and channel.gain != 1):
        return replace(channel, offset=1.0)
    top = channel.top
    if channel.decades:
        top = channel.offset * 10.0**channel.decades / channel.gain
    return replace(channel, top=top, decades=0.0, offset=1.0, gain=1.0, time_step_s=expected_step)


def _kept(keywords: Mapping[str, str], table: EventTable, findings: Findings) -> dict[str, str]:
    """Return the caller's keywords, upper-case and in the order of their names."""
    kept: dict[str, str] = {}
    for name, value in keywords.items():
        upper = name.strip().upper()
        if not (upper.isascii() and upper.isprintable() and upper):
            findings.refuse("FCS_CANNOT_WRITE", f"keyword {name!r} is not printable ASCII.")
        if _OWN.fullmatch(upper):
            continue
        if upper in kept:
            findings.refuse("FCS_CANNOT_WRITE", f"keyword {upper} is given twice; case makes no difference.")
        if table.stage is Stage.COMPENSATED and _SPILLOVER.fullmatch(upper):
            text = f"keyword {upper} holds spillover, but the events are compensated: a reader would compensate again."
            findings.refuse("FCS_CANNOT_WRITE", text)
        kept[upper] = value
    return dict(sorted(kept.items()))


def _check_channels(panel: Panel, findings: Findings) -> None:
    names = panel.names
    odd = [n for n in names if not n.strip() or "," in n or names.count(n) > 1]
    if odd or not names:
        there = ", ".join(map(repr, odd)) or "no channels"
        text = f"names of channels must differ, and not be blank or hold a comma; found {there}."
        findings.refuse("FCS_CANNOT_WRITE", text)
    for c in panel.channels:
        positive = (c.gain, c.time_step_s, c.offset)
        if not all(0 < factor < math.inf for factor in positive) or not 0 <= c.decades <= _MOST_DECADES:
            text = f"gain, time step or amplifier of {c.name!r} makes no linear values."
            findings.refuse("FCS_CANNOT_WRITE", text)


def _own_keywords(table: EventTable, channels: tuple[Channel, ...], step: float) -> dict[str, str]:
    """Return the keywords that describe the channels and how they are stored."""
    own = {"$BYTEORD": "1,2,3,4", "$DATATYPE": "F", "$MODE": "L", "$NEXTDATA": "0"}
    own |= {"$PAR": str(len(channels)), "$TOT": str(len(table))}
    if any(c.kind is ChannelKind.TIME for c in channels):
        own["$TIMESTEP"] = _number(step)
    for n, channel in enumerate(channels, start=1):
        own |= {f"$P{n}N": channel.name, f"$P{n}B": "32", f"$P{n}E": "0,0", f"$P{n}G": _number(channel.gain)}
        own[f"$P{n}R"] = _number(channel.top if 0 < channel.top < math.inf else _range(table, n - 1))
        if channel.label:
            own[f"$P{n}S"] = channel.label
        if math.isfinite(channel.voltage):
            own[f"$P{n}V"] = _number(channel.voltage)
    return own


def _range(table: EventTable, column: int) -> float:
    """Return a range for a channel that has none: above its largest value."""
    values = table.values[:, column]
    return float(math.floor(max(1.0, values.max(initial=0.0, where=np.isfinite(values)))) + 1)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _head(n_events: int, own: dict[str, str], kept: dict[str, str], findings: Findings) -> bytes:
    """Return HEADER and TEXT. Offsets have a fixed number of digits, so they do not move what they point at."""
    segments = ("ANALYSIS", "STEXT", "DATA")
    nowhere = dict.fromkeys([f"${side}{segment}" for segment in segments for side in ("BEGIN", "END")], "0")
    places = ("$BEGINDATA", "$ENDDATA")
    blank = {**nowhere, **dict.fromkeys(places, "0" * _OFFSET_DIGITS), **own, **kept}
    delimiter = _delimiter(blank, findings)
    length = len(_text(blank, delimiter, findings))
    if length > MOST_TEXT_BYTES:
        findings.refuse("FCS_CANNOT_WRITE", f"the keywords take {length} bytes; up to {MOST_TEXT_BYTES} are written.")
    begin = HEADER_BYTES + length
    end = begin + 4 * n_events * int(own["$PAR"]) - 1
    offsets = (begin, end) if n_events else (0, 0)
    values = blank | {name: f"{at:0{_OFFSET_DIGITS}d}" for name, at in zip(places, offsets, strict=True)}
    in_header = offsets if end <= _LARGEST_IN_HEADER else (0, 0)
    fields = (HEADER_BYTES, begin - 1, *in_header, 0, 0)
    header = "FCS3.1    " + "".join(f"{field:8d}" for field in fields)
    return header.encode() + _text(values, delimiter, findings)


def _delimiter(keywords: Mapping[str, str], findings: Findings) -> str:
    """Return a delimiter that nothing holds, so that nothing is escaped; else one that can be escaped everywhere."""
    everything = "".join(keywords) + "".join(keywords.values())
    absent = [d for d in _DELIMITERS if d not in everything]
    escapable = [d for d in _DELIMITERS if not any(d in k or v.startswith(d) for k, v in keywords.items())]
    if not escapable:
        findings.refuse("FCS_CANNOT_WRITE", "each possible delimiter stands in a keyword or begins a value.")
    return (absent or escapable)[0]


def _text(keywords: Mapping[str, str], delimiter: str, findings: Findings) -> bytes:
    parts = [delimiter]
    for name, value in keywords.items():
        if not value or "\0" in value or STANDARD_KEYWORD.fullmatch(value):
            text = f"the value of {name} is empty, holds a NUL, or is the name of a keyword."
            findings.refuse("FCS_CANNOT_WRITE", text)
        parts += [name, delimiter, value.replace(delimiter, 2 * delimiter), delimiter]
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            findings.refuse("FCS_CANNOT_WRITE", f"the value of {name} holds half a character (a lone surrogate).")
    return "".join(parts).encode("utf-8")


def _blocks(table: EventTable, channels: tuple[Channel, ...], findings: Findings) -> Iterator[bytes]:
    """Go through DATA in pieces."""
    changed = [j for j, c in enumerate(channels) if c != replace(table.panel.channels[j], offset=1.0)]
    for start in range(0, len(table), _CHUNK_EVENTS):
        values = table.values[start : start + _CHUNK_EVENTS]
        if changed:
            values = values.astype(np.float64)
            part = EventTable(table.values[start : start + _CHUNK_EVENTS], table.panel)
            for j in changed:
                values[:, j] = part.column(j) / channels[j].time_step_s
        with np.errstate(over="ignore"):
            stored = values.astype("<f4")
        if not (np.isfinite(stored) == np.isfinite(values)).all():
            findings.refuse(
                "FCS_CANNOT_WRITE", f"a value among events {start} to {start + len(values) - 1} exceeds float32."
            )
        yield stored.tobytes()
