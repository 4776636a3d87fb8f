"""How many cells a gate on single cells costs."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["singlet_loss"]


def singlet_loss(steps: Iterable[tuple[int, int]]) -> float:
    """Return the part of all cells that gates on single cells removed, 0 to 1.

    Each step is (events that entered, events that passed). A removed event is taken for two cells, so N entering events
    of which D are removed hold N - D + 2D = N + D cells, and 2D/(N + D) of them are lost. Beads lose none, so a
    concentration by beads is too low by this part.

    Examples
    --------
    5 of 100 events removed are 10 of 105 cells:

    >>> round(singlet_loss([(100, 95)]), 4)
    0.0952
    """
    kept = 1.0
    for entered, passed in steps:
        if entered:
            kept *= passed / (2 * entered - passed)
    return 1 - kept
