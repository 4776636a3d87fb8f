"""Whether a number may be reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from cytoproc.quantify.detection import limit_of_blank

__all__ = ["Limits", "Status", "decide_by_events", "decide_status"]


class Status(StrEnum):
    """What may be said of a result.

    `QUANT` a number · `BLQ` seen, too few to give a number · `ND` not above the detection limit · `NOT_EVALUABLE` its
    parent is too small for a percentage · `INVALID` the file or its counting was refused · `NOT_DONE` there is no tube.
    """

    QUANT = "QUANT"
    BLQ = "BLQ"
    ND = "ND"
    NOT_EVALUABLE = "NOT_EVALUABLE"
    INVALID = "INVALID"
    NOT_DONE = "NOT_DONE"


@dataclass(frozen=True, slots=True)
class Limits:
    """Least events: to be detected, to be quantified, and in the parent of a percentage."""

    detect_events: int = 20
    lloq_events: int = 50
    parent_events: int = 50

    def above(self, background_events: float) -> Limits:
        """Return the limits where so many events are expected by chance: more than a blank shows must be seen.

        >>> Limits().above(20)
        Limits(detect_events=29, lloq_events=50, parent_events=50)
        """
        if background_events <= 0:
            return self
        detect = max(self.detect_events, limit_of_blank(background_events) + 1)
        return replace(self, detect_events=detect, lloq_events=max(self.lloq_events, detect))


def decide_by_events(n_events: int, limits: Limits) -> Status:
    """Return the status of a number that `n_events` stand behind: a count, a concentration.

    >>> decide_by_events(3, Limits()), decide_by_events(50, Limits())
    (<Status.ND: 'ND'>, <Status.QUANT: 'QUANT'>)
    """
    if n_events < limits.detect_events:
        return Status.ND
    return Status.BLQ if n_events < limits.lloq_events else Status.QUANT


def decide_status(n_events: int, n_denominator: int, limits: Limits) -> Status:
    """Return the status of `n_events` out of `n_denominator`.

    >>> decide_status(3, 30_000, Limits()), decide_status(3, 7, Limits())
    (<Status.ND: 'ND'>, <Status.NOT_EVALUABLE: 'NOT_EVALUABLE'>)
    """
    if n_denominator < limits.parent_events:
        return Status.NOT_EVALUABLE
    return decide_by_events(n_events, limits)
