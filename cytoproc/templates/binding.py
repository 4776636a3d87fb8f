"""A template meets a file: markers become columns, compensation becomes matrices."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cytoproc.compensation import FoundSpillover, matrix_keywords, resolve_compensation
from cytoproc.errors import AmbiguousMarkerError, CompensationError, MissingMarkerError, PanelError
from cytoproc.gates.dimension import Dimension
from cytoproc.model.panel import Channel, ChannelKind, Panel, plain_name
from cytoproc.model.results import AppliedMatrix, FoundMarker, QCFlag
from cytoproc.model.spillover import Spillover
from cytoproc.templates.template import GatingTemplate

__all__ = ["BoundTemplate", "Undoing", "bind_template", "found_marker", "markers_there"]

_NOT_NEEDED_BY_SCATTER = ("SPILL_MISSING", "COMPENSATED_ALREADY")


@dataclass(frozen=True, slots=True, eq=False)
class Undoing:
    """How one matrix is undone in one file: its detectors' columns, and each column's coefficients."""

    spillover: Spillover
    detectors: tuple[int, ...]
    coefficients: Mapping[int, npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class BoundTemplate:
    """A template and the columns of one panel.

    Parameters
    ----------
    template, panel
        What was bound to what.
    index
        The column of every name that a gate or the report uses.
    undoing
        For every name of a compensation that is used, how it is undone; a name that needs no matrix is absent.
    flags
        What was noticed about the matrices.
    """

    template: GatingTemplate
    panel: Panel
    index: Mapping[str, int]
    undoing: Mapping[str, Undoing]
    flags: tuple[QCFlag, ...]

    @property
    def columns_read(self) -> tuple[int, ...]:
        """Every column that any number depends on, in file order."""
        detectors = {j for u in self.undoing.values() for j in u.detectors}
        return tuple(sorted({*self.index.values(), *detectors}))

    @property
    def markers(self) -> tuple[FoundMarker, ...]:
        """The channel in which every marker was found."""
        return tuple(found_marker(name, self.panel.channels[j]) for name, j in self.index.items())

    @property
    def matrices(self) -> tuple[AppliedMatrix, ...]:
        """The matrices that are undone, for the run record."""
        return tuple(
            AppliedMatrix(name, u.spillover.source, u.spillover.digest) for name, u in sorted(self.undoing.items())
        )


def markers_there(template: GatingTemplate, panel: Panel) -> tuple[FoundMarker, ...]:
    """Return where the markers of a template are in a file, without those that are not there or cannot be told."""
    found = []
    for name in _names_used(template):
        with suppress(PanelError):
            found.append(found_marker(name, panel.channels[panel.find(name, template.aliases(name))]))
    return tuple(found)


def found_marker(marker: str, channel: Channel) -> FoundMarker:
    """Return a marker with what is told of the channel that carries it."""
    voltage = None if math.isnan(channel.voltage) else channel.voltage
    return FoundMarker(marker, channel.name, channel.label, voltage)


def bind_template(template: GatingTemplate, panel: Panel, keywords: Mapping[str, str]) -> BoundTemplate:
    """Return the template bound to a file's panel and keywords.

    Raises
    ------
    PanelError
        Listing every marker that is missing, ambiguous or found in the same channel as another.
    CompensationError
        If a matrix is needed and missing, unusable, or would be applied a second time.
    """
    index = _find_markers(template, panel)
    undoing: dict[str, Undoing] = {}
    flags = list(_found_by_channel(template, panel, index))
    if template.compensation == "none":
        flags.extend(resolve_compensation("none", keywords, panel).flags)
    for name, columns in sorted(_columns_compensated(template, index).items()):
        colours = [j for j in columns if panel.channels[j].kind is ChannelKind.FLUORESCENCE]
        try:
            found = _resolved(dict(template.matrices).get(name, name), keywords, panel)
        except CompensationError as e:
            if not colours and e.code in _NOT_NEEDED_BY_SCATTER:
                continue
            raise
        flags.extend(found.flags)
        if found.spillover is not None:
            undoing[name] = _undoing(found.spillover, panel)
            flags.extend(_left_out(undoing[name], colours, panel))
    return BoundTemplate(template, panel, index, undoing, tuple(flags))


def _found_by_channel(template: GatingTemplate, panel: Panel, index: Mapping[str, int]) -> Iterator[QCFlag]:
    """Yield a flag for each marker that an alias found by the channel's name, while its label says something else."""
    for name, j in index.items():
        channel = panel.channels[j]
        names = {plain_name(n) for n in (name, *template.aliases(name))}
        if (
            channel.label.strip()
            and plain_name(channel.label) not in names
            and plain_name(channel.name) != plain_name(name)
        ):
            message = f"{name} was found by its channel {channel.name}, whose label is {channel.label!r}"
            yield QCFlag("MARKER_BY_CHANNEL", message)


def _left_out(undoing: Undoing, colours: Sequence[int], panel: Panel) -> Iterator[QCFlag]:
    """Yield a flag if gates look at fluorescence that the matrix does not name."""
    names = [panel.channels[j].name for j in colours if j not in undoing.coefficients]
    if names:
        source = undoing.spillover.source
        yield QCFlag("SPILL_INCOMPLETE", f"{source} does not name {', '.join(names)}: gated as measured, uncompensated")


def _resolved(choice: str | Path, keywords: Mapping[str, str], panel: Panel) -> FoundSpillover:
    if isinstance(choice, Path):
        return resolve_compensation(choice, keywords, panel)
    return _resolved_from(choice, matrix_keywords(keywords), panel)


@lru_cache(maxsize=16)
def _resolved_from(choice: str, keywords: tuple[tuple[str, str], ...], panel: Panel) -> FoundSpillover:
    """Return what the file's matrix is; files of one day carry the same, so it is parsed once."""
    return resolve_compensation(choice, dict(keywords), panel)


def _find_markers(template: GatingTemplate, panel: Panel) -> dict[str, int]:
    index: dict[str, int] = {}
    wrong: list[PanelError] = []
    for name in _names_used(template):
        try:
            index[name] = panel.find(name, template.aliases(name))
        except PanelError as e:
            wrong.append(e)
    if wrong:
        raise _all_at_once(wrong, panel)
    owners: dict[int, str] = {}
    for name, j in index.items():
        if owners.setdefault(j, name) != name:
            channel = panel.channels[j]
            both = f"markers {owners[j]!r} and {name!r}"
            msg = f"{both} are both found in channel {channel.title!r}; give each its own alias"
            raise AmbiguousMarkerError(msg)
    return index


def _names_used(template: GatingTemplate) -> list[str]:
    used = [name for d in template.dimensions() for name in d.channels]
    used += [i.marker for item in template.report for i in item.intensities]
    return list(dict.fromkeys(used))


def _all_at_once(wrong: list[PanelError], panel: Panel) -> PanelError:
    """Return one error for all; what the file has is said once, at the end."""
    if len(wrong) == 1:
        return wrong[0]
    kind = MissingMarkerError if any(isinstance(e, MissingMarkerError) for e in wrong) else AmbiguousMarkerError
    has = f"this file has: {panel.describe()}"
    lines = [f"  {str(e).replace(f'; {has}', '')}" for e in wrong]
    return kind("\n".join((f"{len(wrong)} markers cannot be bound:", *lines, f"  {has}")))


def _columns_compensated(template: GatingTemplate, index: Mapping[str, int]) -> dict[str, list[int]]:
    """Return for every compensation but `none` the columns read with it, in file order."""
    reading = list(template.dimensions())
    reading += [Dimension(i.marker, template.compensation) for item in template.report for i in item.intensities]
    columns: dict[str, set[int]] = {}
    for dimension in reading:
        if dimension.compensation != "none":
            columns.setdefault(dimension.compensation, set()).update(index[name] for name in dimension.channels)
    return {name: sorted(found) for name, found in columns.items()}


def _undoing(spillover: Spillover, panel: Panel) -> Undoing:
    detectors = tuple(panel.index(d) for d in spillover.detectors)
    coefficients = {j: spillover.inverse[:, k] for k, j in enumerate(detectors)}
    return Undoing(spillover, detectors, coefficients)
