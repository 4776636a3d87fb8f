"""One file read twice: by cytoproc and by another program, value by value and keyword by keyword."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from cytoproc.comparison.second_readers import SECOND_READERS, Reading
from cytoproc.errors import FCSError, SecondReaderError, UsageError
from cytoproc.fcs import FCSDataset, read_fcs
from cytoproc.model.events import EventTable

__all__ = ["ComparedReading", "Verdict", "compare_readings"]

_LONGEST_SHOWN = 60


class Verdict(StrEnum):
    """What came of two readings."""

    EQUAL = "equal"
    KEYWORDS_DIFFER = "keywords differ"
    VALUES_DIFFER = "values differ"
    ONLY_CYTOPROC = "only cytoproc reads it"
    ONLY_OTHER = "only the other reads it"
    NEITHER = "neither reads it"


@dataclass(frozen=True, slots=True)
class ComparedReading:
    """Two readings of a data set, side by side.

    `first_difference` names the first value or keyword that is not the same, with both; `refusal` is why cytoproc does
    not read the file, with its code, `other_refusal` what the other program says. `n_values` and `n_keywords` were
    compared.
    """

    file: str
    reader: str
    verdict: Verdict
    dataset: int = 0
    n_values: int = 0
    n_keywords: int = 0
    first_difference: str = ""
    code: str = ""
    refusal: str = ""
    other_refusal: str = ""


def compare_readings(path: Path, reader: str, *, dataset: int | None = None) -> ComparedReading:
    """Return how cytoproc's reading of a file agrees with that of another program.

    Values are compared as stored, before gains and amplifiers: equal to the last bit, NaN with NaN. Keywords are
    compared without regard to case, leading `$` (FlowIO leaves it out) and white space around them.

    Parameters
    ----------
    reader
        `flowio` or `fcsparser`.
    dataset
        Which data set, as :func:`~cytoproc.fcs.read_dataset` takes it.

    Raises
    ------
    UsageError
        If there is no such reader.
    SecondReaderError
        If the other program is not the one that its adapter was written for.
    """
    if reader not in SECOND_READERS:
        msg = f"there is no reader {reader!r}; there are: {', '.join(SECOND_READERS)}"
        raise UsageError(msg)
    ours: tuple[FCSDataset, EventTable] | None = None
    theirs: Reading | None = None
    found = ComparedReading(path.name, reader, Verdict.NEITHER, dataset or 1)
    try:
        ours = read_fcs(path, dataset)
        found = replace(found, dataset=ours[0].index)
    except FCSError as error:
        found = replace(found, code=error.code, refusal=str(error))
    try:
        theirs = SECOND_READERS[reader](path, found.dataset)
    except SecondReaderError as error:
        if error.__cause__ is None:  # it is the adapter that does not fit, not the file
            raise
        found = replace(found, other_refusal=str(error))
    if ours is not None and theirs is not None:
        return _compared(found, *ours, theirs)
    alone = Verdict.ONLY_CYTOPROC if ours else Verdict.ONLY_OTHER if theirs else Verdict.NEITHER
    return replace(found, verdict=alone)


def _compared(found: ComparedReading, dataset: FCSDataset, events: EventTable, theirs: Reading) -> ComparedReading:
    """Return the comparison of two readings that there are; of values first, as a wrong one weighs more."""
    found = replace(found, n_values=events.values.size, n_keywords=len(dataset.keywords))
    if difference := _first_value(dataset, events, theirs):
        return replace(found, verdict=Verdict.VALUES_DIFFER, first_difference=difference)
    if difference := next(_keywords(dataset.keywords, theirs.keywords), ""):
        return replace(found, verdict=Verdict.KEYWORDS_DIFFER, first_difference=difference)
    return replace(found, verdict=Verdict.EQUAL)


def _first_value(dataset: FCSDataset, events: EventTable, theirs: Reading) -> str:
    """Return the first value that is not the same; nothing if all are."""
    if events.values.shape != theirs.values.shape:
        (n, m), other = events.values.shape, theirs.values.shape
        return f"cytoproc has {n} events of {m} channels, the other {' by '.join(map(str, other))}"
    with np.errstate(invalid="ignore"):
        same = (events.values == theirs.values) | (np.isnan(events.values) & np.isnan(theirs.values))
    if same.all():
        return ""
    event, channel = (int(i) for i in np.argwhere(~same)[0])
    a, b = (float(values[event, channel]) for values in (events.values, theirs.values))
    n_others = int((~same).sum()) - 1
    name = dataset.panel.names[channel]
    return f"event {event + 1}, channel {name}: {a!r} and {b!r}; {n_others} more of {same.size} values differ"


def _keywords(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    """Yield each keyword that is not the same."""
    a, b = _plain(ours), _plain(theirs)
    for name in a:
        if name not in b:
            yield f"keyword {_shown(name)}: the other does not have it"
        elif not _is_same(a[name], b[name]):
            yield f"keyword {_shown(name)} is not the same"
    yield from (f"keyword {_shown(name)}: only the other has it" for name in b if name not in a)


def _plain(keywords: Mapping[str, str]) -> dict[str, str]:
    """Return keywords by names without `$`; those that would share a name are left out."""
    names = [name.strip().upper().removeprefix("$") for name in keywords]
    return {
        n: value.strip(" \0\r\n\t") for n, value in zip(names, keywords.values(), strict=True) if names.count(n) == 1
    }


def _is_same(a: str, b: str) -> bool:
    """Return whether two values are the same text, or the same number: fcsparser turns some into numbers."""
    if a == b:
        return True
    try:
        return math.isclose(float(a), float(b), rel_tol=0.0)
    except ValueError:
        return False


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")
