"""Whether a spillover matrix can be right for a file."""

from __future__ import annotations

import numpy as np

from cytoproc.compensation.detectors import fluorescence_names
from cytoproc.compensation.found import DIAGONAL_TOLERANCE
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Panel
from cytoproc.model.results import QCFlag, Severity
from cytoproc.model.spillover import Spillover

__all__ = ["check_spillover", "require_usable"]

LOWEST_LEAK, HIGHEST_LEAK, HIGH_LEAK = -0.05, 1.5, 1.0
HIGH_CONDITION = 30.0
NO_LEAK = 1e-4
FEWEST_COLOURS_THAT_LEAK = 4


def check_spillover(spillover: Spillover, panel: Panel) -> tuple[QCFlag, ...]:
    """Return what is wrong or odd with a matrix for a file: FAIL cannot be used, WARN should be looked at.

    ====================== ======== =========================================================================
    code                   severity finding
    ====================== ======== =========================================================================
    SPILL_UNKNOWN_DETECTOR FAIL     a detector is not among the channels, or is there more than once
    SPILL_DIAGONAL         FAIL     a fluorochrome's own detector does not see it as 1 (within 1e-6)
    SPILL_OUT_OF_RANGE     FAIL     a leak below -0.05 or above 1.5
    SPILL_OVER_ONE         WARN     a fluorochrome is brighter in another detector than in its own
    SPILL_ILL_CONDITIONED  WARN     condition number (2-norm) of 30 or more: noise grows that much at worst
    SPILL_IDENTITY         WARN     no leak at all among four fluorescence channels or more
    ====================== ======== =========================================================================
    """
    return (
        *_check_detectors(spillover, panel),
        *_check_diagonal(spillover),
        *_check_leaks(spillover),
        *_check_condition(spillover),
        *_check_identity(spillover, panel),
    )


def require_usable(spillover: Spillover, panel: Panel) -> tuple[QCFlag, ...]:
    """Return the flags of a matrix that can be used; refuse one that cannot.

    Raises
    ------
    CompensationError
        With the code of the first FAIL of :func:`check_spillover` and the text of all.
    """
    flags = check_spillover(spillover, panel)
    fails = [f for f in flags if f.severity is Severity.FAIL]
    if fails:
        raise CompensationError(" ".join(f.message for f in fails), code=fails[0].code)
    return flags


def _check_detectors(spillover: Spillover, panel: Panel) -> list[QCFlag]:
    wrong = [d for d in spillover.detectors if panel.names.count(d) != 1]
    if not wrong:
        return []
    msg = (
        f"{_name(spillover)} names {', '.join(map(repr, wrong))}, not found exactly once among: "
        f"{', '.join(panel.names)}."
    )
    return [QCFlag("SPILL_UNKNOWN_DETECTOR", msg, Severity.FAIL)]


def _check_diagonal(spillover: Spillover) -> list[QCFlag]:
    diagonal = spillover.matrix.diagonal()
    wrong = np.flatnonzero(np.abs(diagonal - 1.0) > DIAGONAL_TOLERANCE)
    if not wrong.size:
        return []
    i = int(wrong[0])
    msg = (
        f"{_name(spillover)}, row {i + 1} ({spillover.detectors[i]}): expected 1 on the diagonal, found "
        f"{diagonal[i]:.9g} ({wrong.size} of {diagonal.size} rows). Divide each row by its own detector's value, "
        "and look whether rows are swapped."
    )
    return [QCFlag("SPILL_DIAGONAL", msg, Severity.FAIL)]


def _check_leaks(spillover: Spillover) -> list[QCFlag]:
    leaks = spillover.matrix - np.diag(spillover.matrix.diagonal())
    beyond = np.argwhere((leaks < LOWEST_LEAK) | (leaks > HIGHEST_LEAK))
    if beyond.size:
        msg = (
            f"{_cells(spillover, beyond)}: expected a leak between {LOWEST_LEAK} and {HIGHEST_LEAK}. Leaks are "
            "fractions, not percent."
        )
        return [QCFlag("SPILL_OUT_OF_RANGE", msg, Severity.FAIL)]
    high = np.argwhere(leaks > HIGH_LEAK)
    if not high.size:
        return []
    msg = (
        f"{_cells(spillover, high)}: brighter in another detector than in its own. Look whether rows of the matrix "
        "are swapped."
    )
    return [QCFlag("SPILL_OVER_ONE", msg)]


def _check_condition(spillover: Spillover) -> list[QCFlag]:
    condition = float(np.linalg.cond(spillover.matrix))
    if condition < HIGH_CONDITION:
        return []
    msg = (
        f"{_name(spillover)} has condition number {condition:.2g}: expected below {HIGH_CONDITION:g}. Two "
        "fluorochromes look nearly alike."
    )
    return [QCFlag("SPILL_ILL_CONDITIONED", msg)]


def _check_identity(spillover: Spillover, panel: Panel) -> list[QCFlag]:
    colours = len(fluorescence_names(panel))
    n = len(spillover.detectors)
    if colours < FEWEST_COLOURS_THAT_LEAK or not np.all(np.abs(spillover.matrix - np.eye(n)) < NO_LEAK):
        return []
    msg = (
        f"{_name(spillover)} holds no leak, in a file with {colours} fluorescence channels: compensation was never "
        "set up. That is normal only for spectral data and single stains."
    )
    return [QCFlag("SPILL_IDENTITY", msg)]


def _cells(spillover: Spillover, places: np.ndarray) -> str:
    i, j = (int(k) for k in places[0])
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    where = f"row {i + 1} ({spillover.detectors[i]}), column {j + 1} ({spillover.detectors[j]})"
    return f"{_name(spillover)}, {where} is {spillover.matrix[i, j]:.6g}{more}"


def _name(spillover: Spillover) -> str:
    return spillover.source or "spillover matrix"
