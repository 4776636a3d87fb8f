"""A template meets a file: markers become columns, compensation becomes matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cytoproc.compensation import FoundSpillover, resolve_compensation
from cytoproc.errors import AmbiguousMarkerError, MissingMarkerError, PanelError
from cytoproc.gates.dimension import Dimension
from cytoproc.model.panel import ChannelKind, Panel
from cytoproc.model.results import QCFlag
from cytoproc.model.spillover import Spillover
from cytoproc.templates.template import GatingTemplate

__all__ = ["BoundTemplate", "Undoing", "bind_template"]

_OF_A_MATRIX = ("$SPILL", "SPILL", "$COMP", "COMP", "$DFC", "DFC")


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
    def spillover_source(self) -> str:
        """Where the template's own matrix was found; empty if none is used."""
        undoing = self.undoing.get(self.template.compensation)
        return undoing.spillover.source if undoing else ""


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
    flags: list[QCFlag] = []
    if template.compensation == "none":
        flags.extend(resolve_compensation("none", keywords, panel).flags)
    for name in sorted(_compensations_needed(template, panel, index)):
        found = _resolved(dict(template.matrices).get(name, name), keywords, panel)
        flags.extend(found.flags)
        if found.spillover is not None:
            undoing[name] = _undoing(found.spillover, panel)
    return BoundTemplate(template, panel, index, undoing, tuple(flags))


def _resolved(choice: str | Path, keywords: Mapping[str, str], panel: Panel) -> FoundSpillover:
    if isinstance(choice, Path):
        return resolve_compensation(choice, keywords, panel)
    return _resolved_from(choice, tuple((k, v) for k, v in keywords.items() if k.startswith(_OF_A_MATRIX)), panel)


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


def _compensations_needed(template: GatingTemplate, panel: Panel, index: Mapping[str, int]) -> set[str]:
    """Return the compensations of the dimensions that read fluorescence; scatter and time need none."""
    reading = list(template.dimensions())
    reading += [Dimension(i.marker, template.compensation) for item in template.report for i in item.intensities]
    return {
        d.compensation
        for d in reading
        for name in d.channels
        if d.compensation != "none" and panel.channels[index[name]].kind is ChannelKind.FLUORESCENCE
    }


def _undoing(spillover: Spillover, panel: Panel) -> Undoing:
    detectors = tuple(panel.index(d) for d in spillover.detectors)
    coefficients = {j: spillover.inverse[:, k] for k, j in enumerate(detectors)}
    return Undoing(spillover, detectors, coefficients)
