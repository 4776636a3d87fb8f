"""How the events lie in DATA, and what the channels mean: both from the keywords alone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cytoproc.fcs.numerals import parse_decimal, parse_integer, shown
from cytoproc.fcs.repairs import Findings
from cytoproc.fcs.text import Keywords
from cytoproc.model.panel import Channel, ChannelKind, Panel, channel_kind

__all__ = ["ByteOrder", "Column", "Layout", "read_columns", "read_order", "read_panel", "require", "require_integer"]

ByteOrder = Literal["little", "big"]

_FLOAT_BITS = {"F": 32, "D": 64}
_FLOAT32_BITS = 24  # integers up to 2**24 are exact in float32
_MOST_BITS = 64
_ORDERS: dict[tuple[int, ...], ByteOrder] = {
    **{tuple(range(1, n + 1)): "little" for n in range(2, 9)},
    **{tuple(range(n, 0, -1)): "big" for n in range(2, 9)},
}
_CHANNEL = re.compile(r"\$P([1-9][0-9]{0,3})B")


@dataclass(frozen=True, slots=True)
class Column:
    """One channel in a row of DATA.

    Parameters
    ----------
    kind
        `I` unsigned integer, `F` float32, `D` float64.
    width
        Bytes.
    mask
        The bits that count, for integers; 0 if all do.
    """

    kind: str
    width: int
    mask: int = 0

    @property
    def bits(self) -> int:
        """How many bits an integer can have."""
        return self.mask.bit_length() or 8 * self.width

    @property
    def fits_float32(self) -> bool:
        """Whether float32 holds every value exactly."""
        return self.kind == "F" or (self.kind == "I" and self.bits <= _FLOAT32_BITS)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the events are in the file.

    Parameters
    ----------
    offset
        Where the first event begins, in bytes from the start of the file.
    row_bytes
        Bytes an event.
    columns
        One a channel, in file order.
    byte_order
        `little` or `big`.
    """

    offset: int
    row_bytes: int
    columns: tuple[Column, ...]
    byte_order: ByteOrder

    @property
    def storage(self) -> np.dtype[np.floating]:
        """float32 if that holds every value exactly, else float64."""
        return np.dtype(np.float32 if all(c.fits_float32 for c in self.columns) else np.float64)


def require(keywords: Keywords, name: str, findings: Findings) -> str:
    """Return the value of a required keyword."""
    value = keywords.get(name)
    if value is None:
        findings.refuse("FCS_KEYWORD_MISSING", f"keyword {name} is missing.")
    return value


def require_integer(keywords: Keywords, name: str, findings: Findings) -> int:
    """Return the whole number of a required keyword."""
    value = require(keywords, name, findings)
    number = parse_integer(value)
    if number is None:
        findings.refuse("FCS_NUMBER", f"{name} is {shown(value)}, not a whole number.")
    return number


def read_order(keywords: Keywords, columns: tuple[Column, ...], findings: Findings) -> ByteOrder:
    """Return the order of bytes in a value. `$BYTEORD` may list 2 to 8 bytes; 3,4,1,2 and the like are refused."""
    value = require(keywords, "$BYTEORD", findings)
    listed = [parse_integer(part) for part in value.split(",")]
    order = _ORDERS.get(tuple(n or 0 for n in listed))
    if order is None and listed == [1] and all(c.width == 1 for c in columns):
        return "little"
    widest = max(c.width for c in columns)
    if order is None or (len(listed) < 4 and any(c.kind != "I" for c in columns)):
        text = f"$BYTEORD is {shown(value)}; expected 1,2,3,4 or 4,3,2,1 for values of {widest} bytes."
        findings.refuse("FCS_BYTE_ORDER", text)
    if any(part != part.strip() for part in value.split(",")):
        findings.repair("FCS_BYTE_ORDER_ODD", f"$BYTEORD is {value!r}, with spaces; read as {order}-endian.")
    elif len(listed) < min(widest, 4):
        text = (
            f"$BYTEORD {value!r} orders {len(listed)} bytes where values have up to {widest}; read as {order}-endian."
        )
        findings.repair("FCS_BYTE_ORDER_ODD", text)
    return order


def read_columns(keywords: Keywords, version: str, findings: Findings) -> tuple[Column, ...]:
    """Return the columns of DATA, from `$MODE`, `$DATATYPE`, `$PAR`, `$PnDATATYPE`, `$PnB` and `$PnR`."""
    mode = keywords.get("$MODE", "L" if version == "FCS3.2" else None)  # FCS 3.2 knows lists only
    if mode is None:
        require(keywords, "$MODE", findings)
    elif mode.strip() != "L":
        findings.refuse("FCS_MODE", f"$MODE is {shown(mode)}; only lists of events (L) are read.")
    n_channels = require_integer(keywords, "$PAR", findings)
    if not n_channels:
        findings.refuse("FCS_NUMBER", "$PAR is 0: the file has no channels.")
    kind = _kind(keywords, "$DATATYPE", findings)
    columns = []
    notes = _RangeNotes([], [], [])
    for n in range(1, n_channels + 1):  # ends at the first channel that is not described, however large $PAR is
        require(keywords, f"$P{n}B", findings)
        columns.append(_column(keywords, n, _channel_kind(keywords, n, kind, version, findings), notes, findings))
    beyond = [k for k in keywords if (m := _CHANNEL.fullmatch(k)) and int(m[1]) > n_channels]
    findings.repair_all(
        "FCS_PAR_SHORT", beyond, f"describes a channel beyond the {n_channels} that $PAR counts; ignored."
    )
    findings.repair_all("FCS_RANGE_ZERO", notes.zero, "an integer range of 0; all bits of the value are kept.")
    findings.repair_all(
        "FCS_RANGE_DECIMAL", notes.decimal, "an integer range written as a decimal; read as the whole number."
    )
    findings.repair_all(
        "FCS_RANGE_TOO_LARGE", notes.large, "a range beyond what $PnB bits hold; all bits of the value are kept."
    )
    return tuple(columns)


@dataclass(frozen=True, slots=True)
class _RangeNotes:
    zero: list[str]
    decimal: list[str]
    large: list[str]


def _kind(keywords: Keywords, name: str, findings: Findings) -> str:
    kind = require(keywords, name, findings).strip()
    if kind not in ("I", "F", "D"):
        text = f"{name} is {shown(kind)}; I (integer), F (float) and D (double) are read."
        findings.refuse("FCS_DATATYPE", text)
    return kind


def _channel_kind(keywords: Keywords, n: int, kind: str, version: str, findings: Findings) -> str:
    """FCS 3.2 lets one channel differ from the others."""
    name = f"$P{n}DATATYPE"
    if name not in keywords:
        return kind
    own = _kind(keywords, name, findings)
    if own != kind and version != "FCS3.2":
        text = f"{name} is {own} and $DATATYPE {kind}; {version} knows one type for all channels."
        findings.refuse("FCS_DATATYPE", text)
    return own


def _column(keywords: Keywords, n: int, kind: str, notes: _RangeNotes, findings: Findings) -> Column:
    bits = require_integer(keywords, f"$P{n}B", findings)
    expected = _FLOAT_BITS.get(kind)
    if expected is not None:
        if bits != expected:
            findings.refuse("FCS_WIDTH", f"$P{n}B is {bits}, but data of type {kind} have {expected} bits.")
        return Column(kind, bits // 8)
    if not 0 < bits <= _MOST_BITS or bits % 8:
        text = f"$P{n}B is {bits}; integers of 8, 16, 24, 32, ... 64 bits are read."
        findings.refuse("FCS_WIDTH", text)
    return Column(kind, bits // 8, _mask(keywords, n, bits, notes, findings))


def _mask(keywords: Keywords, n: int, bits: int, notes: _RangeNotes, findings: Findings) -> int:
    """Return the bits below the next power of two of `$PnR`, which is the number of values. FCS 3.1, section 3.2.20."""
    name = f"$P{n}R"
    value = require(keywords, name, findings)
    top = parse_integer(value)
    if top is None:
        decimal = parse_decimal(value)
        if decimal is None or decimal < 0 or decimal != int(decimal):
            findings.refuse("FCS_RANGE", f"{name} is {shown(value)}, not a whole number.")
        top = int(decimal)
        notes.decimal.append(f"{name}={value.strip()}")
    if top == 1:
        findings.refuse("FCS_RANGE", f"{name} is 1, which leaves no bit of the value.")
    if top == 0:
        notes.zero.append(name)
    elif top > 1 << bits:
        notes.large.append(f"{name}={top}")
    mask = (1 << (top - 1).bit_length()) - 1 if top else 0
    return 0 if mask >= (1 << bits) - 1 else mask


def read_panel(keywords: Keywords, columns: tuple[Column, ...], findings: Findings) -> Panel:
    """Return the channels, with everything that turns stored numbers into linear ones.

    `$PnE` counts for integers only. A gain on time is not applied, and only time is given `$TIMESTEP`.
    """
    reading = _ChannelReading(keywords, findings)
    channels = tuple(reading.channel(n, column) for n, column in enumerate(columns, start=1))
    reading.report()
    names = [c.name for c in channels]
    findings.repair_all("FCS_NAME_COMMA", [repr(n) for n in names if "," in n], "a comma in $PnN; the name is kept.")
    twice = [repr(n) for n in dict.fromkeys(names) if names.count(n) > 1]
    findings.repair_all(
        "FCS_NAME_TWICE", twice, "the name of two channels; both are kept, and cannot be told apart by name."
    )
    return Panel(channels)


class _ChannelReading:
    """Reads one channel after the other, and gathers what is odd by its code."""

    def __init__(self, keywords: Keywords, findings: Findings) -> None:
        self.keywords = keywords
        self.findings = findings
        self.odd: dict[str, list[str]] = {code: [] for code in _ODD}
        self.time_step_s = self._time_step()

    def report(self) -> None:
        for code, text in _ODD.items():
            self.findings.repair_all(code, self.odd[code], text)

    def channel(self, n: int, column: Column) -> Channel:
        name = require(self.keywords, f"$P{n}N", self.findings)
        if not name.strip():
            self.findings.refuse("FCS_KEYWORD_MISSING", f"$P{n}N is blank: channel {n} has no name.")
        is_time = channel_kind(name) is ChannelKind.TIME
        top = self._top(n, column)
        decades, offset = self._amplifier(n, column, top)
        return Channel(
            name=name,
            label=self.keywords.get(f"$P{n}S", ""),
            top=top,
            decades=decades,
            offset=offset,
            gain=self._gain(n, is_time=is_time, is_log=decades > 0),
            time_step_s=self.time_step_s if is_time else 1.0,
            voltage=_number(self.keywords.get(f"$P{n}V", "")),
        )

    def _top(self, n: int, column: Column) -> float:
        value = require(self.keywords, f"$P{n}R", self.findings)
        top = _number(value)
        if column.kind != "I" and (not top >= 0 or value.strip().startswith("+")):
            self.odd["FCS_RANGE_UNKNOWN"].append(f"$P{n}R={shown(value)}")
            return math.nan
        return top

    def _amplifier(self, n: int, column: Column, top: float) -> tuple[float, float]:
        """Return decades and offset. FCS 3.1, section 3.2.20: an offset of 0 on a logarithmic channel means 1."""
        name = f"$P{n}E"
        value = self.keywords.get(name)
        if value is None and column.kind != "I":
            self.odd["FCS_AMPLIFIER_MISSING"].append(name)
            return 0.0, 1.0
        decades, offset = _pair(require(self.keywords, name, self.findings))
        if column.kind != "I":
            if decades != 0 or math.isnan(offset):
                self.odd["FCS_AMPLIFIER_IGNORED"].append(f"{name}={shown(value or '')}")
            return 0.0, 1.0
        if not (decades >= 0 and offset >= 0) or (decades and not self._is_finite(decades, offset or 1.0, column, top)):
            text = (
                f"{name} is {shown(value or '')}; expected decades and offset such as 4,1, or 0,0, and a range above 0."
            )
            self.findings.refuse("FCS_AMPLIFIER", text)
        if (decades > 0) != (offset > 0):
            self.odd["FCS_AMPLIFIER_OFFSET"].append(f"{name}={shown(value or '')}")
        return decades, (offset if decades and offset else 1.0)

    @staticmethod
    def _is_finite(decades: float, offset: float, column: Column, top: float) -> bool:
        """Whether the largest value the bits allow is a number on the linear scale."""
        largest = column.mask or (1 << 8 * column.width) - 1
        return top > 0 and decades * largest / top + math.log10(offset) < math.log10(np.finfo(np.float64).max)

    def _gain(self, n: int, *, is_time: bool, is_log: bool) -> float:
        name = f"$P{n}G"
        value = self.keywords.get(name)
        if value is None:
            return 1.0
        gain = _number(value)
        if gain == 0 or not value.strip():
            self.odd["FCS_GAIN_ZERO"].append(f"{name}={shown(value)}")
            return 1.0
        if not gain > 0:
            text = f"{name} is {shown(value)}, not a positive number, so the channel has no linear values."
            self.findings.refuse("FCS_GAIN", text)
        if is_time:
            if gain not in (1.0, self.time_step_s):  # Diva writes the time step here too
                self.odd["FCS_TIME_GAIN"].append(f"{name}={value.strip()}")
            return 1.0
        if is_log and gain != 1:
            self.odd["FCS_GAIN_ON_LOG"].append(f"{name}={value.strip()}")
        return gain

    def _time_step(self) -> float:
        value = self.keywords.get("$TIMESTEP")
        step = 1.0 if value is None else _number(value)
        if step > 0:
            return step
        text = f"$TIMESTEP is {shown(value or '')}, not a number of seconds above 0; time is left as stored, in steps."
        self.findings.repair("FCS_TIMESTEP", text)
        return 1.0


_ODD = {
    "FCS_RANGE_UNKNOWN": "no range; it is left unknown. The values do not depend on it.",
    "FCS_AMPLIFIER_MISSING": "missing; floating-point data are linear.",
    "FCS_AMPLIFIER_IGNORED": "a logarithmic amplifier on floating-point data, which are linear; ignored.",
    "FCS_AMPLIFIER_OFFSET": "decades without an offset, or an offset without decades; the offset is read as 1.",
    "FCS_GAIN_ZERO": "a gain of 0; read as 1.",
    "FCS_TIME_GAIN": "a gain on time, which is not the time step either; not applied.",
    "FCS_GAIN_ON_LOG": "a gain on a logarithmic channel; the linear values are divided by it.",
}


def _number(text: str) -> float:
    number = parse_decimal(text)
    return math.nan if number is None else number


def _pair(text: str) -> tuple[float, float]:
    parts = [_number(part) for part in text.split(",")]
    return (parts[0], parts[1]) if len(parts) == 2 else (math.nan, math.nan)
