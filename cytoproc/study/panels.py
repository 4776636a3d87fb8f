"""Panels that should agree: the same markers in the same channels, at the same voltages, in every file of a kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cytoproc.model.panel import plain_name
from cytoproc.model.results import FoundMarker, QCFlag

__all__ = ["SamplePanel", "compare_panels"]

VOLTAGE_PART = 0.05
"""How much a voltage may differ, as a part of it; a multiplier gains by about its 7th power: 5 % are 0.15 decades."""


@dataclass(frozen=True, slots=True)
class SamplePanel:
    """Where the markers were found in a sample's file. Samples of one `kind` (template, instrument) are compared."""

    sample_id: str
    kind: tuple[str, ...]
    markers: tuple[FoundMarker, ...]


def compare_panels(panels: Sequence[SamplePanel]) -> Mapping[str, tuple[QCFlag, ...]]:
    """Return, by sample id, how a sample's panel differs from those of most samples of its kind.

    What most samples have is what is found most often; of two found as often, what comes first. A marker's label counts
    without case, spaces and hyphens.
    """
    kinds: dict[tuple[str, ...], list[SamplePanel]] = {}
    for panel in panels:
        kinds.setdefault(panel.kind, []).append(panel)
    flags: dict[str, list[QCFlag]] = {p.sample_id: [] for p in panels}
    for alike in kinds.values():
        for marker in dict.fromkeys(m.marker for p in alike for m in p.markers):
            found = [(p.sample_id, m) for p in alike for m in p.markers if m.marker == marker]
            for sample_id, flag in (*_elsewhere(marker, found), *_other_voltage(marker, found)):
                flags[sample_id].append(flag)
    return {sample_id: tuple(found) for sample_id, found in flags.items()}


def _elsewhere(marker: str, found: Sequence[tuple[str, FoundMarker]]) -> Iterator[tuple[str, QCFlag]]:
    """Yield a flag for each sample in which a marker is not where it is in most."""
    places = [(plain_name(m.channel), plain_name(m.label)) for _, m in found]
    usual, n = Counter(places).most_common(1)[0]
    example_id, example = found[places.index(usual)]
    for (sample_id, m), place in zip(found, places, strict=True):
        if place != usual:
            message = f"{marker}: {m.title!r} here, but {example.title!r} in {_most(n, len(found), example_id)}"
            yield sample_id, QCFlag("PANEL_DIFFERS", message)


def _other_voltage(marker: str, found: Sequence[tuple[str, FoundMarker]]) -> Iterator[tuple[str, QCFlag]]:
    """Yield a flag for each sample in which the detector of a marker has another voltage than in most, in one place."""
    by_channel: dict[str, list[tuple[str, float]]] = {}
    for sample_id, m in found:
        if m.voltage is not None:
            by_channel.setdefault(m.channel, []).append((sample_id, m.voltage))
    for channel, voltages in by_channel.items():
        usual, n = Counter(v for _, v in voltages).most_common(1)[0]
        example_id = next(sample_id for sample_id, v in voltages if v == usual)
        for sample_id, voltage in voltages:
            if abs(voltage - usual) > VOLTAGE_PART * abs(usual):
                message = (
                    f"{channel} ({marker}) was measured at {voltage:g} V, but at {usual:g} V in "
                    f"{_most(n, len(voltages), example_id)}"
                )
                yield sample_id, QCFlag("VOLTAGE_DIFFERS", message)


def _most(n: int, of: int, example: str) -> str:
    return f"{n} of {of} samples of this kind, such as {example}"
