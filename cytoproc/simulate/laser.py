"""What the detectors see of the particles of a tube."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cytoproc.model.panel import Channel, Panel
from cytoproc.simulate.light import Level, Signal, detect, leak
from cytoproc.simulate.parameters import CellClass, Instrument, TubeKind, read_bead
from cytoproc.simulate.scatter import SCATTER, join_scatter

__all__ = ["NOBODY", "Codes", "Laser", "TraitBits", "panel_of"]

Codes = npt.NDArray[np.uint8]
TraitBits = npt.NDArray[np.uint16]

NOBODY = 255
"""In place of a class: there is no second cell in this event."""

_RANGE = 262144.0
_SCATTER_VOLTAGE, _FIRST_VOLTAGE, _VOLTAGE_STEP = 300.0, 400.0, 15.0  # settings that look like an instrument's


class Laser:
    """Turns the classes of particles into signals.

    Parameters
    ----------
    kind
        The panel and the classes; a code is a class's place among them, and the code after the last is a bead.
    instrument
        Its spillover and noise.
    gains
        By how much each detector's signal is multiplied, shape (14,).
    trait_shares
        Of the cells that may have a trait, the share that has it, 0-1.
    """

    def __init__(
        self,
        kind: TubeKind,
        instrument: Instrument,
        *,
        gains: npt.NDArray[np.float64],
        trait_shares: Mapping[str, float],
    ) -> None:
        self.classes: tuple[CellClass, ...] = (*kind.classes.values(), read_bead(len(kind.markers)))
        self.trait_names = tuple(dict.fromkeys(t.name for c in self.classes for t in c.traits))
        self._shares = trait_shares
        self._instrument = instrument
        self._gains = gains[:, np.newaxis]
        self._n_colors = len(kind.markers)
        ratio = Level("normal", instrument.pulse.ratio, instrument.pulse.ratio_sd)
        self._recipes = [_Recipe((c.scatter.forward, ratio, c.scatter.side, ratio, *c.levels)) for c in self.classes]

    def read(self, first: Codes, second: Codes, rng: np.random.Generator) -> tuple[Signal, TraitBits, TraitBits]:
        """Return signals, a row a channel (time left out), and the traits of the first and of the second cells.

        `first` is in ascending order: cells of one class are drawn together.
        """
        drawn, traits = self._draw(first, rng)
        others_traits = np.zeros_like(traits)
        pairs = np.flatnonzero(second != NOBODY)
        if len(pairs):
            pairs = pairs[np.argsort(second[pairs], kind="stable")]
            others, others_traits[pairs] = self._draw(second[pairs], rng)
            drawn[4:, pairs] += others[4:]
            drawn[:4, pairs] = join_scatter(drawn[:4, pairs], others[:4], self._instrument.pulse)
        beads = slice(int(np.searchsorted(first, len(self.classes) - 1)), None)
        light = drawn[4:]
        of_beads = light[:, beads].copy()
        light[:, beads] = 0.0
        seen = leak(light, self._instrument.spillover.matrix)
        seen[:, beads] = of_beads  # a bead carries every dye: its level is what each detector sees
        drawn[4:] = detect(seen, self._instrument.noise, rng)
        drawn[4:] *= self._gains
        return drawn, traits, others_traits

    def digitize(self, values: Signal) -> Signal:
        """Return values as they are stored: in steps, and none above the top."""
        noise = self._instrument.noise
        values = np.rint(values / noise.step)
        values *= noise.step
        return np.minimum(values, noise.top, out=values)

    def _draw(self, codes: Codes, rng: np.random.Generator) -> tuple[Signal, TraitBits]:
        """Return scatter (4 rows) and true light (a row a color) of single particles in order, and their traits."""
        drawn = rng.standard_normal((4 + self._n_colors, len(codes)))
        traits = np.zeros(len(codes), dtype=np.uint16)
        start = 0
        for code, count in enumerate(np.bincount(codes, minlength=len(self.classes))):
            part = slice(start, start + int(count))
            if count:
                self._shape(code, drawn[:, part], traits[part], rng)
            start += int(count)
        return drawn, traits

    def _shape(self, code: int, normal: Signal, traits: TraitBits, rng: np.random.Generator) -> None:
        """Turn standard normal numbers, in place, into the scatter and light of cells of one class."""
        self._recipes[code].apply(normal, rng)
        normal[1] *= normal[0]
        normal[3] *= normal[2]
        for trait in self.classes[code].traits:
            share = self._shares.get(trait.name, 0.0)
            if share:
                has = np.flatnonzero(rng.random(normal.shape[1]) < share)
                normal[4 + trait.channel, has] = trait.level.draw(len(has), rng)
                traits[has] |= np.uint16(1 << self.trait_names.index(trait.name))


class _Recipe:
    """How standard normal numbers, a row a level, become signals: all rows at once, for there are many classes."""

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self._middle, self._spread = np.array([level.line for level in levels]).T[:, :, np.newaxis]
        self._logarithms = [i for i, level in enumerate(levels) if level.shape == "lognormal"]
        self._uniform = [(i, level) for i, level in enumerate(levels) if level.shape == "uniform"]

    def apply(self, normal: Signal, rng: np.random.Generator) -> None:
        """Change them in place."""
        normal *= self._spread
        normal += self._middle
        for i in self._logarithms:
            np.exp(normal[i], out=normal[i])
        for i, level in self._uniform:
            normal[i] = level.draw(normal.shape[1], rng)


def panel_of(kind: TubeKind, instrument: Instrument) -> Panel:
    """Return the channels of a tube: scatter, a color a marker, and time."""
    scatter = [Channel(name, top=_RANGE, voltage=_SCATTER_VOLTAGE) for name in SCATTER]
    colors = [
        Channel(name, marker, top=_RANGE, voltage=_FIRST_VOLTAGE + _VOLTAGE_STEP * i)
        for i, (name, marker) in enumerate(zip(instrument.spillover.detectors, kind.markers, strict=True))
    ]
    return Panel((*scatter, *colors, Channel("Time", top=_RANGE, time_step_s=instrument.time_step_s)))
