"""What a template's `compensation:` means for one file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cytoproc.compensation.checks import require_usable
from cytoproc.compensation.detectors import fluorescence_names, resolve_detectors
from cytoproc.compensation.found import FoundSpillover
from cytoproc.compensation.keywords import INSTRUMENT_SETTING, find_spillover, spillover_keywords
from cytoproc.compensation.tables import read_spillover_table
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Panel
from cytoproc.model.results import QCFlag, Severity

__all__ = ["resolve_compensation", "why_already_compensated"]

_MARKED = re.compile(r"(fj)?comp-", re.IGNORECASE)
_WRITE_NONE = "If its values are to be used as they are, write `compensation: none` in the template."


def resolve_compensation(
    choice: str | Path, keywords: Mapping[str, str], panel: Panel, *, keyword: str | None = None
) -> FoundSpillover:
    """Return the matrix to undo for one file, or None where nothing is to be undone.

    Parameters
    ----------
    choice
        `file`: the matrix the file carries; `none`; or the path of a CSV file.
    keywords
        Of the file's TEXT segment, upper case.
    panel
        The channels of the file.
    keyword
        With `file`: the one keyword to read; `$DFC` for all `$DFCiTOj`. Naming one says that the events are raw.

    Raises
    ------
    CompensationError
        `COMPENSATED_ALREADY` if the file's values are compensated; `SPILL_MISSING` if the file carries no matrix and
        has two fluorescence channels or more; else as :func:`~cytoproc.compensation.keywords.find_spillover` and
        :func:`~cytoproc.compensation.tables.read_spillover_csv`.

    Examples
    --------
    >>> from cytoproc.model.panel import Channel
    >>> panel = Panel((Channel("FITC-A"), Channel("PE-A")))
    >>> resolve_compensation("file", {"SPILL": "2,FITC-A,PE-A,1,0.25,0,1"}, panel).spillover.source
    'SPILL'
    >>> resolve_compensation("none", {"SPILL": "2,FITC-A,PE-A,1,0.25,0,1"}, panel).flags[0].code
    'SPILL_NOT_APPLIED'
    """
    why = why_already_compensated(panel)
    if choice == "none":
        return FoundSpillover(None, () if why else _not_applied(keywords))
    if why:
        raise _already(why + _stored(keywords))
    if choice != "file":
        return _from_table(Path(choice), panel)
    found = find_spillover(keywords, panel, keyword=keyword)
    if keyword is None and (setting := next((f for f in found.flags if f.code == INSTRUMENT_SETTING), None)):
        raise _already(setting.message + ". If the events are raw all the same, give the matrix as a CSV file")
    if found.spillover is None and len(colours := fluorescence_names(panel)) > 1:
        msg = (
            f"the file carries no spillover matrix, but {len(colours)} fluorescence channels: {', '.join(colours)}. "
            f"Give the matrix as a CSV file (`compensation: <path>`). {_WRITE_NONE}"
        )
        raise CompensationError(msg, code="SPILL_MISSING")
    return found


def why_already_compensated(panel: Panel) -> str:
    """Return why the values of a file must be taken for compensated ones; empty if nothing says so.

    >>> from cytoproc.model.panel import Channel
    >>> why_already_compensated(Panel((Channel("FSC-A"), Channel("FJComp-PE-A"))))
    'its channels are named as compensated ones: FJComp-PE-A'
    """
    marked = [name for name in panel.names if _MARKED.match(name)]
    return f"its channels are named as compensated ones: {', '.join(marked)}" if marked else ""


def _already(why: str) -> CompensationError:
    msg = f"the file's values are compensated already: {why}. {_WRITE_NONE}"
    return CompensationError(msg, code="COMPENSATED_ALREADY")


def _stored(keywords: Mapping[str, str]) -> str:
    stored = spillover_keywords(keywords)
    return (
        f" (the matrix in {', '.join(stored)} belongs to the raw values)" if stored else " (and it carries no matrix)"
    )


def _not_applied(keywords: Mapping[str, str]) -> tuple[QCFlag, ...]:
    stored = spillover_keywords(keywords)
    if not stored:
        return ()
    msg = f"the template says `compensation: none`, so the matrix in {', '.join(stored)} is not undone"
    return (QCFlag("SPILL_NOT_APPLIED", msg, Severity.INFO),)


def _from_table(path: Path, panel: Panel) -> FoundSpillover:
    spillover, percent = read_spillover_table(path)
    detectors, spelling = resolve_detectors(spillover.detectors, panel, spillover.source)
    bound = replace(spillover, detectors=detectors)
    return FoundSpillover(bound, (*percent, *spelling, *require_usable(bound, panel)))
