"""Scatter of single cells and of doublets: area and height, forward and to the side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cytoproc.simulate.light import Level, Signal

__all__ = ["SCATTER", "Pulse", "Scatter", "join_scatter"]

SCATTER = ("FSC-A", "FSC-H", "SSC-A", "SSC-H")
"""The rows of every array of scatter here."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """How large (`forward`) and how granular (`side`) the cells of a class are; both levels are log-normal."""

    forward: Level
    side: Level


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the height of a pulse follows from its area.

    A single cell's height is Normal(`ratio`, `ratio_sd`) of its area. The height of two cells that pass one after the
    other is `doublet_height` times that of the larger one.
    """

    ratio: float
    ratio_sd: float
    doublet_height: float


def join_scatter(one: Signal, other: Signal, pulse: Pulse) -> Signal:
    """Return the scatter of doublets, shape (4, events): areas add up, heights hardly do.

    >>> one, other = np.array([[100.0], [80], [50], [40]]), np.array([[60.0], [50], [70], [60]])
    >>> join_scatter(one, other, Pulse(0.8, 0, 1.05)).ravel()
    array([160.,  84., 120.,  63.])
    """
    joined = one + other
    joined[1::2] = pulse.doublet_height * np.maximum(one, other)[1::2]
    return joined
