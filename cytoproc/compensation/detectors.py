"""The detectors a matrix names, found among the channels of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cytoproc.errors import CompensationError
from cytoproc.model.panel import ChannelKind, Panel
from cytoproc.model.results import QCFlag

__all__ = ["fluorescence_names", "resolve_detectors"]


def fluorescence_names(panel: Panel) -> tuple[str, ...]:
    """Return `$PnN` of every channel that light can spill into, in file order."""
    return tuple(c.name for c in panel.channels if c.kind is ChannelKind.FLUORESCENCE)


def resolve_detectors(names: Sequence[str], panel: Panel, source: str) -> tuple[tuple[str, ...], tuple[QCFlag, ...]]:
    """Return `$PnN` for each name a matrix uses, and flags for names that were not written as `$PnN` is.

    A name is a `$PnN` to the letter (spaces around it aside); else one that differs only in case, spaces, `-`, `_` and
    `.`; else, if all names are numbers, the place of the channel in the file, counted from 1.

    Raises
    ------
    CompensationError
        `SPILL_UNKNOWN_DETECTOR`, `SPILL_AMBIGUOUS_DETECTOR` or `SPILL_DUPLICATE_DETECTOR`.
    """
    known = [_matches(name, panel) for name in names]
    flags: tuple[QCFlag, ...] = ()
    if all(len(k) == 0 for k in known) and all(_is_place(name, panel) for name in names):
        known = [[panel.channels[int(name) - 1].name] for name in names]
        mapped = ", ".join(f"{name} = {k[0]}" for name, k in zip(names, known, strict=True))
        flags = (QCFlag("SPILL_BY_INDEX", f"{source} gives channel numbers instead of names; read as {mapped}"),)
    _refuse_unclear(names, known, panel, source)
    found = tuple(k[0] for k in known)
    if not flags:
        changed = [f"{name!r} as {to!r}" for name, to in zip(names, found, strict=True) if name.strip() != to.strip()]
        if changed:
            flags = (
                QCFlag("SPILL_SPELLING", f"{source} spells channels differently from $PnN; read {', '.join(changed)}"),
            )
    return found, flags


def _matches(name: str, panel: Panel) -> list[str]:
    exact = [n for n in panel.names if n.strip() == name.strip()]
    return exact or [n for n in panel.names if _spelling(n) == _spelling(name)]


def _spelling(name: str) -> str:
    return re.sub(r"[\s\-_.]+", "", name).casefold()


def _is_place(name: str, panel: Panel) -> bool:
    return re.fullmatch(r"[0-9]{1,6}", name) is not None and 1 <= int(name) <= len(panel)


def _refuse_unclear(names: Sequence[str], known: list[list[str]], panel: Panel, source: str) -> None:
    unknown = [f"{name!r} (name {i})" for i, (name, k) in enumerate(zip(names, known, strict=True), 1) if not k]
    if unknown:
        msg = (
            f"{source} names detectors that this file does not have: {', '.join(unknown)}; "
            f"it has: {', '.join(panel.names)}. Use the matrix that belongs to this panel."
        )
        raise CompensationError(msg, code="SPILL_UNKNOWN_DETECTOR")
    unclear = [repr(name) for name, k in zip(names, known, strict=True) if len(k) > 1]
    if unclear:
        msg = (
            f"{source} names {', '.join(unclear)}, and several channels of this file have that name. Export the file "
            "with unique $PnN."
        )
        raise CompensationError(msg, code="SPILL_AMBIGUOUS_DETECTOR")
    found = [k[0] for k in known]
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        msg = f"{source} names a detector twice: {', '.join(twice)}. Each detector has one row and one column."
        raise CompensationError(msg, code="SPILL_DUPLICATE_DETECTOR")
