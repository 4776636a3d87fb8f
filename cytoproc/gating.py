"""One file and one template: counts and, if wanted, the membership of every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cytoproc.fcs import iter_events, read_dataset
from cytoproc.gates.methods.base import FittedGate
from cytoproc.model.events import Mask
from cytoproc.model.results import QCFlag, Repair
from cytoproc.templates.applying import gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.observers import Memberships
from cytoproc.templates.template import GatingTemplate

__all__ = ["GatedFile", "gate_file"]


@dataclass(frozen=True, slots=True)
class GatedFile:
    """What a template finds in one file.

    Parameters
    ----------
    n_events
        All events of the file; `root` of `counts` lacks those that hold a value that is not a finite number.
    counts
        Events by population path, parents first.
    memberships
        By population path, one boolean an event in file order; empty unless asked for.
    fitted
        The gates that were found in the data, with their source.
    """

    n_events: int
    counts: Mapping[str, int]
    memberships: Mapping[str, Mask]
    fitted: Mapping[str, FittedGate]
    flags: tuple[QCFlag, ...]
    repairs: tuple[Repair, ...]

    @property
    def findings(self) -> tuple[QCFlag | Repair, ...]:
        """Everything that was noticed; each has a code and a message."""
        return (*self.flags, *self.repairs)


def gate_file(
    path: str | Path,
    template: GatingTemplate,
    *,
    membership: bool = False,
    dataset: int | None = None,
    strict: bool = False,
) -> GatedFile:
    """Return the counts of every population in an FCS file, and with `membership` who is in which.

    `dataset` and `strict` are those of :func:`~cytoproc.fcs.read_dataset`.

    Raises
    ------
    FCSError, PanelError, CompensationError
        If the file cannot be read, lacks a marker, or its matrix is unusable.
    """
    found = read_dataset(Path(path), dataset, strict=strict)
    bound = bind_template(template, found.panel, found.keywords)
    memberships = Memberships(template.paths if membership else ())
    gated = gate_events(lambda: iter_events(found), bound, observers=[memberships])
    return GatedFile(
        gated.n_events, gated.counts, memberships.masks(), gated.fitted, (*bound.flags, *gated.flags()), found.repairs
    )
