"""The unit of work: one file in, counts out. Events never leave this function."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cytoproc.errors import CytoprocError
from cytoproc.fcs import iter_events, read_dataset
from cytoproc.fcs.numerals import parse_decimal
from cytoproc.fcs.repairs import Findings
from cytoproc.model.paths import ROOT, parent_path
from cytoproc.model.results import PopulationCount, QCFlag, SampleResult
from cytoproc.qc.clock import Clock
from cytoproc.qc.values import OddValues
from cytoproc.study.acquired import acquired
from cytoproc.study.privacy import allowed_keywords
from cytoproc.templates.applying import GatedSample, Observer, gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.columns import GatedChunk
from cytoproc.templates.observers import Intensities, Overlaps
from cytoproc.templates.template import Counting, GatingTemplate

__all__ = ["SampleTask", "digest_of_file", "flag_duplicates", "process_sample", "why_it_failed"]

_HASH_BLOCK = 1 << 20
_N_TENTHS = 10
_ACQUISITION = (("instrument", "$CYT"), ("serial", "$CYTSN"), ("volume", "$VOL"))


@dataclass(frozen=True, slots=True)
class SampleTask:
    """What a worker is handed: small values and a path.

    `dataset` is the one of the file that is meant, counted from 1, or None for the reader's choice; `strict` refuses a
    file that could only be read with a repair. `keywords` are those that the lab lets out of a file besides the usual.
    """

    sample_id: str
    path: Path
    file: str
    template: GatingTemplate
    place: str = ""
    dataset: int | None = None
    strict: bool = False
    keywords: tuple[str, ...] = ()


def process_sample(task: SampleTask) -> SampleResult:
    """Return everything that is reported of one file; one that cannot be processed gives an error code."""
    started = SampleResult(task.sample_id, task.file, template=task.template.name)
    try:
        started = replace(started, sha256=digest_of_file(task.path))
        return _gated(started, task)
    except (CytoprocError, OSError) as e:
        code, message = why_it_failed(e, file=task.file, place=task.place)
        return replace(started, error_code=code, error=message)


def why_it_failed(error: CytoprocError | OSError, *, file: str, place: str) -> tuple[str, str]:
    """Return the code and the message of a file that cannot be processed; `place` is where the manifest names it."""
    if isinstance(error, CytoprocError):
        return error.code, str(error)
    if isinstance(error, FileNotFoundError):
        return "FILE_NOT_FOUND", f"{place}: there is no file {file!r}" if place else f"there is no file {file!r}"
    return "FILE_UNREADABLE", f"{file}: {error.strerror or error}"


def _gated(started: SampleResult, task: SampleTask) -> SampleResult:
    dataset = read_dataset(task.path, task.dataset, strict=task.strict)
    acquisition = (
        *((name, dataset.get(keyword).strip()) for name, keyword in _ACQUISITION),
        *zip(("begin", "end"), acquired(dataset.get), strict=True),
    )
    known = replace(
        started,
        repairs=dataset.repairs,
        acquisition=acquisition,
        dataset=dataset.index,
        keywords=allowed_keywords(dataset.keywords, task.keywords),
    )
    bound = bind_template(task.template, dataset.panel, dataset.keywords)
    intensities = Intensities(task.template)
    overlaps = Overlaps(_pairs_that_are_no_ancestors(task.template))
    carry = task.template.counting.carry_over
    beads = task.template.counting.beads
    among_beads = Overlaps(_pairs_with(task.template, beads))
    among_shared = Overlaps([p for p in _pairs_with(task.template, carry.population if carry else "") if _apart(*p)])
    tenths = _Tenths(task.template.counting, dataset.n_events) if beads and task.template.concentrations else None
    clock = Clock(dataset.panel, has_unit=(parse_decimal(dataset.get("$TIMESTEP")) or 0) > 0)
    odd = OddValues(dataset.panel, bound.columns_read)
    observers: list[Observer] = [intensities, overlaps, among_beads, among_shared, clock, odd]
    observers += [tenths] if tenths is not None else []
    gated = gate_events(lambda: iter_events(dataset), bound, observers=observers)
    return replace(
        known,
        n_events=gated.n_events,
        counts=_counts(task.template, gated),
        intensities=intensities.results(),
        flags=(*bound.flags, *gated.flags(), *odd.flags(), *clock.flags(), *_of_the_report(gated, overlaps)),
        not_contained=tuple(_not_contained(gated, overlaps)),
        among_beads=_found(among_beads),
        among_shared=_found(among_shared),
        duration_s=clock.seconds,
        bead_tenths=tenths.counts if tenths else (),
        odd_values=odd.counts(),
        markers=bound.markers,
        matrices=bound.matrices,
    )


class _Tenths:
    """How many counting beads, and beads or cells, lie in each tenth of a file in the order of its events.

    Cells are those of a blood count, which the template names; without them all events stand for beads and cells.
    """

    def __init__(self, counting: Counting, n_events: int) -> None:
        self._beads, self._cells = counting.beads, counting.leukocytes or counting.lymphocytes
        self._edges = [n_events * i // _N_TENTHS for i in range(_N_TENTHS + 1)]
        self._counts = np.zeros((2, _N_TENTHS), dtype=np.int64)
        self._n_seen = 0

    def observe(self, chunk: GatedChunk) -> None:
        """Count the events of a chunk, which follows the one before it."""
        beads = chunk.mask(self._beads)
        either = beads | chunk.mask(self._cells) if self._cells else np.ones_like(beads)
        for i, mask in enumerate((beads, either)):
            rows = self._n_seen + np.flatnonzero(mask)
            self._counts[i] += np.diff(np.searchsorted(rows, self._edges))
        self._n_seen += len(beads)

    @property
    def counts(self) -> tuple[tuple[int, int], ...]:
        """The beads, and the beads and cells, in each tenth."""
        return tuple((int(a), int(b)) for a, b in self._counts.T)


def _pairs_with(template: GatingTemplate, other: str) -> list[tuple[str, str]]:
    """Return each population whose concentration is asked for with the other one, if there is one."""
    return [(path, other) for path in template.concentrations] if other else []


def _apart(path: str, other: str) -> bool:
    """Return whether neither is below the other, so that only their events say what they share."""
    return path != other and not _is_ancestor(path, other) and not _is_ancestor(other, path)


def _found(overlaps: Overlaps) -> tuple[tuple[str, int], ...]:
    return tuple((path, n) for (path, _), n in overlaps.counts.items() if n)


def _pairs_that_are_no_ancestors(template: GatingTemplate) -> list[tuple[str, str]]:
    return [
        (item.population, of)
        for item in template.report
        for of in item.percent_of
        if not _is_ancestor(of, item.population)
    ]


def _is_ancestor(path: str, of: str) -> bool:
    while of != ROOT:
        of = parent_path(of)
        if of == path:
            return True
    return False


def _counts(template: GatingTemplate, gated: GatedSample) -> tuple[PopulationCount, ...]:
    root = PopulationCount(ROOT, "", gated.counts[ROOT], gated.n_events)
    below = (
        PopulationCount(s.path, s.parent, gated.counts[s.path], gated.counts[s.parent], *_found_gate(gated, s.path))
        for s in template.steps
    )
    return (root, *below)


def _found_gate(gated: GatedSample, path: str) -> tuple[str, str]:
    """Return where a gate came from, and how it was found."""
    fitted = gated.fitted.get(path)
    return (fitted.source, fitted.note) if fitted else ("LOCKED", "")


def _not_contained(gated: GatedSample, overlaps: Overlaps) -> Iterator[tuple[str, str]]:
    for (path, of), both in overlaps.counts.items():
        if both < gated.counts[path]:
            yield path, of


def _of_the_report(gated: GatedSample, overlaps: Overlaps) -> Iterator[QCFlag]:
    """Yield what the template's report asks for and does not get."""
    for path, of in _not_contained(gated, overlaps):
        outside = gated.counts[path] - overlaps.counts[path, of]
        yield QCFlag(
            "NOT_CONTAINED", f"{outside} events of {path!r} are not in {of!r}, so no percentage of it is given"
        )


def flag_duplicates(results: Sequence[SampleResult]) -> list[SampleResult]:
    """Return the results with a flag on every sample whose file has the same bytes as an earlier one's.

    Two data sets of one file are not the same.
    """
    first: dict[tuple[str, int], str] = {}
    flagged = []
    for result in results:
        whose = (result.sha256, result.dataset)
        twin = first.setdefault(whose, result.sample_id) if result.sha256 else result.sample_id
        flag = QCFlag("DUPLICATE_FILE", f"the file has the same bytes as that of sample {twin!r}")
        flagged.append(result if twin == result.sample_id else replace(result, flags=(*result.flags, flag)))
    return flagged


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises
    ------
    FCSError
        If it is no ordinary file.
    """
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would make the reader wait
        Findings(path.name).refuse("FCS_CANNOT_OPEN", "is no ordinary file.")
    digest = hashlib.sha256()
    buffer = bytearray(_HASH_BLOCK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as f:
        while n := f.readinto(buffer):
            digest.update(view[:n])
    return digest.hexdigest()
