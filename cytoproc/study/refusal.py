"""Why a sample gets no concentrations."""

from __future__ import annotations

from dataclasses import dataclass

from cytoproc.model.results import Severity
from cytoproc.quantify.status import Status

__all__ = ["Refusal"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stable code, what is wrong and what to do; `status` is INVALID, or NOT_DONE where there is no tube.

    The percentages of the sample stand; its quality fails, so that nobody takes them without having seen why.
    """

    code: str
    message: str
    status: Status = Status.INVALID
    severity: Severity = Severity.FAIL
