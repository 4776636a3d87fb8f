"""What is known of a sample once its events are gone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "AppliedMatrix",
    "FoundMarker",
    "Intensity",
    "PopulationCount",
    "QCFlag",
    "Repair",
    "SampleResult",
    "Severity",
]


class Severity(StrEnum):
    """How much a flag weighs."""

    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Repair:
    """Something in a file that was inconsistent and could be read all the same.

    `code` is stable; `message` says what was found and what was done.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class QCFlag:
    """A finding about one sample's data."""

    code: str
    message: str
    severity: Severity = Severity.WARN


@dataclass(frozen=True, slots=True)
class AppliedMatrix:
    """A spillover matrix that was undone: the template's name for it, where it was found, and its SHA-256."""

    name: str
    source: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FoundMarker:
    """Where a marker of a template was found in a file: `$PnN`, `$PnS` and `$PnV` (V) of the channel."""

    marker: str
    channel: str
    label: str = ""
    voltage: float | None = None

    @property
    def title(self) -> str:
        """The label and the channel, as in :class:`~cytoproc.model.panel.Channel`."""
        return f"{self.label} {self.channel}" if self.label and self.label != self.channel else self.channel


@dataclass(frozen=True, slots=True)
class PopulationCount:
    """How many events a population has, and its parent.

    `gate_source` says where its gate came from; `gate_note` how it was found, of one that was found in the data.
    """

    path: str
    parent: str
    n_events: int
    n_parent: int
    gate_source: str = "LOCKED"
    gate_note: str = ""


@dataclass(frozen=True, slots=True)
class Intensity:
    """The middle of a population on one channel, in linear compensated units; NaN if it is empty."""

    path: str
    marker: str
    statistic: str
    value: float


@dataclass(frozen=True, slots=True)
class SampleResult:
    """Everything a worker gives back for one file.

    `error_code` is empty unless the file could not be processed. `dataset` is the data set of the file that was read,
    counted from 1; 0 if none was. `not_contained` lists (population, other) where the
    report asks for a percentage of the other, and not all events of the population are in it. `among_beads` and
    `among_shared` list populations whose concentration is asked for, and how many of their events are also in the gate
    of the counting beads, or among the cells that a second tube counts. `duration_s` is the time in seconds from the
    first event to the last; None if the file does not tell. `keywords` are those of the file that
    may be shown. `odd_values` are counts of values that no cell gives, as
    (what, channel, events). `bead_tenths` are the counting
    beads, and the beads and cells, in each tenth of the file; `kept_time_fraction` is the part of the time whose events
    were kept. `pooled_from` lists the samples whose counts these are the sums of; none, of a file.
    """

    sample_id: str
    file: str
    sha256: str = ""
    template: str = ""
    n_events: int = 0
    counts: tuple[PopulationCount, ...] = ()
    intensities: tuple[Intensity, ...] = ()
    flags: tuple[QCFlag, ...] = ()
    repairs: tuple[Repair, ...] = ()
    not_contained: tuple[tuple[str, str], ...] = ()
    among_beads: tuple[tuple[str, int], ...] = ()
    among_shared: tuple[tuple[str, int], ...] = ()
    duration_s: float | None = None
    bead_tenths: tuple[tuple[int, int], ...] = ()
    kept_time_fraction: float = 1.0
    acquisition: tuple[tuple[str, str], ...] = ()
    markers: tuple[FoundMarker, ...] = ()
    matrices: tuple[AppliedMatrix, ...] = ()
    pooled_from: tuple[str, ...] = ()
    error_code: str = ""
    error: str = ""
    dataset: int = 0
    keywords: tuple[tuple[str, str], ...] = ()
    odd_values: tuple[tuple[str, str, int], ...] = ()
