"""How much must be looked at to give a number for few cells."""

from __future__ import annotations

import math

from scipy.special import ndtri

__all__ = ["amount_needed"]

_Z = float(ndtri(0.95))


def amount_needed(asked: float, *, lloq_events: float, background: float = 0.0, validated: float = 0.0) -> float:
    """Return how many parent events, or how many µL of blood, it takes for a number of so few cells; inf if none does.

    The limit of quantification must be as many events as are asked for, or fewer. More of a sample has more background
    too: with `b` background events in each unit and `a` asked for, it takes `a n = b n + z sqrt(b n) + 1`, `z` = 1.645.
    That is the limit of blank of a Poisson count by its normal approximation, within about an event of the exact one.

    Parameters
    ----------
    asked
        Events in each unit of which a number is wanted: a part of the parent, or cells/µL.
    lloq_events
        Fewest events of a number, whatever the background.
    background, validated
        Events in each unit that lie in the gate by chance, and that the assay is validated for at least.

    Examples
    --------
    50 events at 0.05 %; the same where 0.025 % lie in the gate by chance; and where more do than are asked for.

    >>> amount_needed(5e-4, lloq_events=50)
    100000.0
    >>> amount_needed(5e-4, lloq_events=50, background=2.5e-4)
    100000.0
    >>> round(amount_needed(3e-4, lloq_events=50, background=2.5e-4))
    309261
    >>> amount_needed(2e-4, lloq_events=50, background=2.5e-4)
    inf
    """
    if not asked > 0:
        msg = f"a number is asked of more than no cells, not of {asked}"
        raise ValueError(msg)
    if asked <= background or asked < validated:
        return math.inf
    spare, spread = asked - background, _Z * math.sqrt(background)
    above_blank = ((spread + math.sqrt(spread**2 + 4 * spare)) / (2 * spare)) ** 2 if background else 0.0
    return max(lloq_events / asked, above_blank)
