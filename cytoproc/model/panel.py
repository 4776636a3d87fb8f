"""Channels of a file, and how a marker is found among them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from cytoproc.errors import AmbiguousMarkerError, MissingMarkerError

__all__ = ["Channel", "ChannelKind", "Panel", "channel_kind", "plain_name"]

FloatArray = npt.NDArray[np.floating]

_TIME = re.compile(r"^(time|hdr-t|tme|timestamp)\b", re.IGNORECASE)
_SCATTER = re.compile(r"^(fsc|ssc|fs|ss|bsc|vssc|bssc|forward|side|fwsc|afsc|mfsc)(\d*)([\W_]|$|\d)", re.IGNORECASE)
_OTHER = re.compile(
    r"^(event[ _#-]*(length|count|number|no|id)?|width|center|offset|residual|cell[ _]?id|hdr-\w+"
    r"|index|saturated|class\w*)$",
    re.IGNORECASE,
)
_PULSE = re.compile(r"(?P<detector>.+)-(?P<feature>[AHW])")
_MARK_OF_COMPENSATION = re.compile(r"^(fj)?comp-", re.IGNORECASE)


class ChannelKind(StrEnum):
    """What a channel measures; it decides the default scale and whether light can spill into it."""

    FLUORESCENCE = "fluorescence"
    SCATTER = "scatter"
    TIME = "time"
    OTHER = "other"


def channel_kind(name: str) -> ChannelKind:
    """Return what a channel of this `$PnN` measures, by the names instruments use.

    >>> [channel_kind(n).value for n in ("FSC-A", "Time", "PE-A", "Event_length")]
    ['scatter', 'time', 'fluorescence', 'other']
    """
    if _TIME.match(name):
        return ChannelKind.TIME
    if _SCATTER.match(name):
        return ChannelKind.SCATTER
    return ChannelKind.OTHER if _OTHER.match(name) else ChannelKind.FLUORESCENCE


def plain_name(name: str) -> str:
    """Return a name as it is compared: without case, spaces, `-`, `_`, `.` and FlowJo's mark of compensation.

    >>> plain_name("FJComp-PE-Cy7-A") == plain_name("PE Cy7 A")
    True
    """
    return re.sub(r"[\s\-_.]+", "", _MARK_OF_COMPENSATION.sub("", name.strip())).casefold()


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a file, and how its stored numbers become linear ones.

    Parameters
    ----------
    name
        `$PnN`, the short name; unique in a good file.
    label
        `$PnS`, by habit the marker; empty where the file has none.
    top
        `$PnR`, the top of the range in stored units.
    decades, offset
        `$PnE` of a logarithmic amplifier (integer data): linear = offset * 10**(decades * stored / top).
        `decades` 0 means linear.
    gain
        `$PnG`: linear = stored / gain. Not applied to time, where some instruments write the time step into it.
    time_step_s
        `$TIMESTEP` in seconds, for the time channel: linear = stored * time_step_s. 1 elsewhere.
    voltage
        `$PnV` as a number, or NaN.
    """

    name: str
    label: str = ""
    top: float = 262144.0
    decades: float = 0.0
    offset: float = 1.0
    gain: float = 1.0
    time_step_s: float = 1.0
    voltage: float = math.nan

    @property
    def kind(self) -> ChannelKind:
        """What it measures, by its name."""
        return channel_kind(self.name)

    @property
    def is_stored_linear(self) -> bool:
        """Whether the stored numbers are the linear ones already."""
        return self.decades == 0 and self.gain == 1 and self.time_step_s == 1

    @property
    def title(self) -> str:
        """The marker and the channel, as an axis shows them: `CD3 APC-A`."""
        return f"{self.label} {self.name}" if self.label and self.label != self.name else self.name

    def linearize(self, stored: FloatArray) -> FloatArray:
        """Return linear values (the numbers on a plot's axis) for stored ones. FCS 3.1, `$PnE`, `$PnG`, `$TIMESTEP`."""
        if self.is_stored_linear:
            return stored
        linear = stored.astype(np.float64)
        if self.decades:
            linear = 10.0 ** (self.decades * linear / self.top) * self.offset
        if self.gain != 1:
            linear = linear / self.gain
        return linear * self.time_step_s if self.time_step_s != 1 else linear


@dataclass(frozen=True, slots=True)
class Panel:
    """The channels of a file, in file order."""

    channels: tuple[Channel, ...]

    def __len__(self) -> int:
        """How many channels there are."""
        return len(self.channels)

    @property
    def names(self) -> tuple[str, ...]:
        """Every `$PnN`, in file order."""
        return tuple(c.name for c in self.channels)

    def index(self, name: str) -> int:
        """Return the column of the channel whose `$PnN` is exactly `name`.

        Raises
        ------
        MissingMarkerError, AmbiguousMarkerError
            If no channel, or more than one, has that name.
        """
        return self._only(name, [j for j, c in enumerate(self.channels) if c.name == name], (name,))

    def find(self, marker: str, aliases: Iterable[str] = ()) -> int:
        """Return the column of the channel that carries a marker, by its name or an alias.

        A whole `$PnS` or `$PnN` must match: to the letter, or else without case, spaces, `-`, `_` and `.`. If several
        channels match, the one that matches by both its names is meant; or, where they are one detector's area, height
        and width (`PE-A`, `PE-H`, `PE-W`), the area. Otherwise none is chosen.

        Raises
        ------
        MissingMarkerError, AmbiguousMarkerError
            With what the file has, and what to write into the template.

        Examples
        --------
        >>> panel = Panel((Channel("FL1-A", "CD3"), Channel("FL2-A", "FMC63 PE"), Channel("FL2-H", "FMC63 PE")))
        >>> panel.find("CAR", aliases=["FMC63-PE"])
        1
        """
        wanted = (marker, *aliases)
        exact = {w for w in wanted if w}
        found = [(c.name in exact, c.label in exact) for c in self.channels]
        if not any(map(any, found)):
            plain = {plain_name(w) for w in wanted} - {""}
            found = [(plain_name(c.name) in plain, plain_name(c.label) in plain) for c in self.channels]
        return self._only(marker, [j for j, match in enumerate(found) if any(match)], wanted, found)

    def _only(
        self, marker: str, found: list[int], wanted: tuple[str, ...], matches: Sequence[tuple[bool, bool]] = ()
    ) -> int:
        if len(found) == 1:
            return found[0]
        if found and matches:
            by_both = [j for j in found if all(matches[j])]
            areas = by_both if len(by_both) == 1 else self._area(found)
            if len(areas) == 1:
                return areas[0]
        also = f" (also looked for: {', '.join(wanted[1:])})" if len(wanted) > 1 else ""
        if found:
            places = "; ".join(
                f"channel {j + 1} $PnN={self.channels[j].name!r} $PnS={self.channels[j].label!r}" for j in found
            )
            msg = f"marker {marker!r} is ambiguous{also}: {places}. {self._advice(found, matches)}"
            raise AmbiguousMarkerError(msg)
        msg = f"no channel carries marker {marker!r}{also}; this file has: {self.describe()}.{self._hint(wanted)}"
        raise MissingMarkerError(msg)

    def _advice(self, found: list[int], matches: Sequence[tuple[bool, bool]]) -> str:
        names = [self.channels[j].name for j in found]
        by_label = [self.channels[j] for j in found if matches and matches[j][1]]
        if len(by_label) == 1:
            others = ", ".join(repr(n) for n in names if n != by_label[0].name)
            return f"The label is on {by_label[0].name!r}; take {others} out of the marker's aliases."
        own = next((n for n in names if self.names.count(n) == 1), None)
        if own is not None:
            return f"Add the $PnN of the one that is meant, such as {own!r}, to its aliases."
        there = f"The file holds {self.names.count(names[0])} channels named {names[0]!r}"
        return f"{there} and cannot be bound by that name. Export it again with a name of its own for each channel."

    def _area(self, found: list[int]) -> list[int]:
        """Return the area among the pulse features of one detector; nothing if the channels are anything else."""
        pulses = [_PULSE.fullmatch(self.channels[j].name) for j in found]
        if len({p and p["detector"] for p in pulses}) != 1:
            return []
        return [j for j, p in zip(found, pulses, strict=True) if p and p["feature"] == "A"]

    def describe(self) -> str:
        """Return every channel as `label (name)`, for messages."""
        return ", ".join(f"{c.label} ({c.name})" if c.label else c.name for c in self.channels)

    def _hint(self, wanted: tuple[str, ...]) -> str:
        known = {text: c for c in self.channels for text in (c.label, c.name) if text}
        parts = {plain_name(w) for w in wanted}
        for text in known:
            if parts & {plain_name(t) for t in re.split(r"[\s/+()_:;,-]+", text)}:
                return f" Perhaps {text!r} is meant: add it to the marker's aliases."
        if re.search(r"\d", wanted[0]) or _PULSE.fullmatch(wanted[0]):
            return ""  # CD4 and CD45RA are no misspelt CD45, and SSC-A is no SSC-H
        close = difflib.get_close_matches(wanted[0], known, n=1, cutoff=0.75)
        return f" Perhaps {close[0]!r} is meant: add it to the marker's aliases." if close else ""
