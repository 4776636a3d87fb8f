"""One tube in several files, and duplicate tubes: their counts together as one more sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from cytoproc.model.results import PopulationCount, QCFlag, SampleResult, Severity
from cytoproc.study.bead_lots import BeadLot, beads_added
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Sample
from cytoproc.study.refusal import Refusal
from cytoproc.study.truth import TrueCount

__all__ = ["flag_of_members", "pool"]

_ONE_TUBE = ("subject_id", "specimen_id", "tube", "template", "control")
_BEADS = ("beads_per_tube", "beads_per_ul", "bead_volume_ul")
_VOLUMES = ("sample_volume_ul", "final_volume_ul")
_NUMBERS = {*_BEADS, *_VOLUMES, "predilution", "alc_10e9_l", "wbc_10e9_l", "day", "visit_num", "part", "replicate"}


def pool(results: Sequence[SampleResult], study: Study) -> tuple[list[SampleResult], Study]:
    """Return the results and the study with one more sample for each tube in several files, and for duplicate tubes.

    The manifest says which they are: rows of one subject, specimen, tube and template with different `part` are files
    of one tube, rows with different `replicate` are tubes of one panel. Files of a tube are pooled first, then tubes. A
    pooled sample stands behind its members. Its events, beads and volumes are the sums of theirs, and its id is theirs
    joined by `+`. The members stay, and each says which sample stands for it (`Sample.pooled_into`).

    Files that overlap would count events twice, and half a tube is not the tube: then the pooled sample has an error's
    code in place of numbers. Duplicate tubes that could be processed are pooled without the others; one that is left
    alone stands for all.
    """
    rows = {s.sample_id: s for s in study.manifest.samples}
    line = [_Measured(rows[r.sample_id], r) for r in results]
    taken = {name.casefold() for name in rows}
    line = _together(line, "part", lambda files: _of_parts(files, taken))
    line = _together(line, "replicate", lambda tubes: _of_replicates(tubes, taken, study.bead_lots))
    others = [s for name, s in rows.items() if name not in {r.sample_id for r in results}]
    manifest = replace(study.manifest, samples=(*(m.sample for m in line), *others))
    known = (*study.truth, *_true_of_pools([m.result for m in line], study.truth))
    return [m.result for m in line], replace(study, manifest=manifest, truth=known)


def _true_of_pools(results: Sequence[SampleResult], truth: Sequence[TrueCount]) -> Iterator[TrueCount]:
    """Yield the true concentrations of pooled samples: those that all of their members have in common."""
    by_sample: dict[str, dict[str, float]] = {}
    for known in truth:
        by_sample.setdefault(known.sample_id, {})[known.population] = known.concentration_per_ul
    for result in results:
        members = [by_sample.get(m, {}) for m in result.pooled_from]
        of_all = {p: c for p, c in members[0].items() if all(m.get(p) == c for m in members)} if members else {}
        yield from (TrueCount(result.sample_id, p, c, math.nan, math.nan) for p, c in of_all.items())
        by_sample[result.sample_id] = by_sample.get(result.sample_id, of_all)


def flag_of_members(result: SampleResult, by_id: Mapping[str, SampleResult]) -> tuple[QCFlag, ...]:
    """Return a flag for a pooled sample whose members were flagged or repaired; none for any other sample."""
    if result.error_code:
        return ()
    own = {f.code for f in result.flags}
    said = {name: ", ".join(c for c in _codes(by_id[name]) if c not in own) for name in result.pooled_from}
    found = [f"{name} has {codes}" for name, codes in said.items() if codes]
    return (QCFlag("MEMBER_FLAGGED", f"{'; '.join(found)}: look there"),) if found else ()


def _codes(result: SampleResult) -> Iterable[str]:
    """Return what must be known of a member, but that it holds few beads: the pool has more."""
    few = {"FEW_BEADS", "TOO_FEW_BEADS"}
    serious = [f.code for f in result.flags if f.severity is not Severity.INFO and f.code not in few]
    return dict.fromkeys([*serious, *(r.code for r in result.repairs)])


@dataclass(frozen=True, slots=True)
class _Measured:
    """A sample with its result: of a file, or of several."""

    sample: Sample
    result: SampleResult

    @property
    def name(self) -> str:
        return self.sample.sample_id

    def standing_behind(self, other: str) -> _Measured:
        return replace(self, sample=replace(self.sample, pooled_into=other))


@dataclass(frozen=True, slots=True)
class _Combined:
    """Samples that belong together, as they are from now on, and the pooled one if there is one."""

    members: Sequence[_Measured]
    pooled: _Measured | None = None


def _together(
    line: Sequence[_Measured], column: str, combine: Callable[[Sequence[_Measured]], _Combined]
) -> list[_Measured]:
    """Return all samples, those that belong together by a column combined; a pooled one comes behind its members."""
    groups: dict[tuple[str, ...], list[_Measured]] = {}
    for measured in line:
        sample = measured.sample
        if sample.get(column) and sample.get("specimen_id") and not sample.pooled_into:
            tube = (*_ONE_TUBE, "replicate") if column == "part" else _ONE_TUBE
            groups.setdefault(tuple(_plain(c, sample.get(c)) for c in tube), []).append(measured)
    changed: dict[str, list[_Measured]] = {}
    for members in groups.values():
        if len(members) > 1:
            combined = combine(sorted(members, key=lambda m: float(m.sample.get(column))))
            changed |= {m.name: [m] for m in combined.members}
            changed[members[-1].name] += [combined.pooled] if combined.pooled else []
    return [m for measured in line for m in changed.get(measured.name, [measured])]


def _new_id(members: Sequence[_Measured], taken: set[str]) -> str:
    name = "+".join(m.name for m in members)
    while name.casefold() in taken:
        name += "+"
    taken.add(name.casefold())
    return name


# Files of one tube


def _of_parts(files: Sequence[_Measured], taken: set[str]) -> _Combined:
    sample = _row(files, _new_id(files, taken))
    failed = [m for m in files if m.result.error_code]
    why = _failed(failed) if failed else _overlap("PARTS_OVERLAP", files)
    flags = (_sums(files, "files of one tube"), *_of_times(files))
    result = _refused(sample, files, why) if why else _added_up(sample, files, flags)
    return _Combined([m.standing_behind(sample.sample_id) for m in files], _Measured(sample, result))


def _failed(failed: Sequence[_Measured]) -> Refusal:
    which = "; ".join(f"{m.name}: {m.result.error_code}" for m in failed)
    message = (
        f"not every file of the tube could be processed ({which}), and a part is not the tube: mend the file, or take "
        "its row out of the manifest if it is not of this tube"
    )
    return Refusal("PART_FAILED", message)


def _overlap(code: str, members: Sequence[_Measured]) -> Refusal | None:
    """Return why files would count events twice; None if nothing shows that they do."""
    for a, b in combinations(members, 2):
        pair = f"{a.result.file} and {b.result.file}"
        if set(a.result.sha256.split(";")) & set(b.result.sha256.split(";")) - {""}:
            what = f"{pair} have the same bytes"
        elif _have_one_clock(a, b) and _are_at_one_time(a, b):
            what = f"{a.result.file} ({_when(a)}) and {b.result.file} ({_when(b)}) were acquired at the same time"
        else:
            continue
        to_do = "if one file is a copy or a cutting of the other, leave its row out of the manifest"
        return Refusal(code, f"{what}, so events would count twice: {to_do}")
    return None


def _have_one_clock(a: _Measured, b: _Measured) -> bool:
    """Return whether nothing shows that two files are of different cytometers."""
    serials = {_acquired(m, "serial") for m in (a, b)} - {""}
    return len(serials) < 2


def _are_at_one_time(a: _Measured, b: _Measured) -> bool:
    (begin_a, end_a), (begin_b, end_b) = (tuple(_acquired(m, name) for name in ("begin", "end")) for m in (a, b))
    if not (begin_a and begin_b):
        return False
    earlier_end, later_begin = (end_a, begin_b) if begin_a < begin_b else (end_b, begin_a)
    return begin_a == begin_b or later_begin < earlier_end  # as text, since all are ISO


def _of_times(files: Sequence[_Measured]) -> Iterator[QCFlag]:
    """Yield what keeps the times of files from showing that they do not overlap."""
    serials = list(dict.fromkeys(s for m in files if (s := _acquired(m, "serial"))))
    if len(serials) > 1:
        message = f"the files of the tube are of different cytometers ($CYTSN {', '.join(serials)}): are they one tube?"
        yield QCFlag("PARTS_INSTRUMENTS_DIFFER", message)
    without = [m.result.file for m in files if not (_acquired(m, "begin") and _acquired(m, "end"))]
    if without:
        message = (
            f"{', '.join(without)}: no date and times ($DATE, $BTIM, $ETIM), so nothing shows that the files do not "
            "overlap; see that no event is in two of them"
        )
        yield QCFlag("PARTS_NOT_VERIFIED", message)


def _acquired(measured: _Measured, name: str) -> str:
    return dict(measured.result.acquisition).get(name, "")


def _when(measured: _Measured) -> str:
    return f"{_acquired(measured, 'begin')} to {_acquired(measured, 'end') or 'an unknown time'}"


# Duplicate tubes


def _of_replicates(tubes: Sequence[_Measured], taken: set[str], lots: Mapping[str, BeadLot]) -> _Combined:
    done = [m for m in tubes if not m.result.error_code]
    if not done:
        return _Combined(tubes)
    flags = tuple(_without([m for m in tubes if m.result.error_code], done))
    if len(done) == 1:
        [left] = done
        alone = replace(left, result=replace(left.result, flags=(*left.result.flags, *flags)))
        return _Combined([alone if m is left else m.standing_behind(left.name) for m in tubes])
    sample = _row_of_tubes(done, _new_id(done, taken), lots)
    why = _overlap("REPLICATES_OVERLAP", done)
    flags = (_sums(done, "duplicate tubes"), *flags)
    result = _refused(sample, done, why) if why else _added_up(sample, done, flags)
    return _Combined([m.standing_behind(sample.sample_id) for m in tubes], _Measured(sample, result))


def _without(failed: Sequence[_Measured], done: Sequence[_Measured]) -> Iterator[QCFlag]:
    if failed:
        which = "; ".join(f"{m.name}: {m.result.error_code}" for m in failed)
        message = f"of {len(failed) + len(done)} duplicate tubes {len(failed)} could not be processed ({which})"
        yield QCFlag("REPLICATE_FAILED", f"{message}; the numbers are those of the others alone")


def _row_of_tubes(tubes: Sequence[_Measured], new_id: str, lots: Mapping[str, BeadLot]) -> Sample:
    """Return the row of duplicate tubes: blood, beads and what was added are those of all together."""
    rows = [m.sample for m in tubes]
    sample = _row(tubes, new_id)
    sums = {column: _sum_of(_number(row.get(column)) for row in rows) for column in _VOLUMES}
    beads = _sum_of(beads_added(row.get, lots) for row in rows)
    cells = dict(sample.columns) | {c: text for c, text in sums.items() if text}
    if beads:
        cells |= dict.fromkeys(_BEADS, "") | {"beads_per_tube": beads}
    return replace(sample, columns=tuple(cells.items()))


def _sum_of(numbers: Iterable[float]) -> str:
    """Return a sum as a cell of the manifest; nothing if a number is not known."""
    total = sum(numbers)
    return "" if math.isnan(total) else f"{total:.15g}"


def _number(text: str) -> float:
    return float(text) if text else math.nan


# What several samples are together


def _row(members: Sequence[_Measured], new_id: str) -> Sample:
    """Return the cells that all members have in common."""
    rows = [m.sample for m in members]
    columns = dict.fromkeys(name for row in rows for name, _ in row.columns)
    cells = {name: _in_common(name, [row.get(name) for row in rows]) for name in columns}
    files = ";".join(row.file for row in rows)
    cells |= {name: text for name, text in (("sample_id", new_id), ("file", files)) if name in cells}
    return Sample(new_id, Path(files), files, tuple(cells.items()), " and ".join(row.place for row in rows))


def _in_common(column: str, cells: Sequence[str]) -> str:
    return cells[0] if len({_plain(column, cell) for cell in cells}) == 1 else ""


def _plain(column: str, cell: str) -> str:
    """Return a number in one spelling: 100 and 100.0 are the same volume."""
    return f"{float(cell):.15g}" if cell and column in _NUMBERS else cell


def _sums(members: Sequence[_Measured], what: str) -> QCFlag:
    names = ", ".join(m.name for m in members)
    message = f"its counts are the sums of {names}, {what}; intensities are given of each of these, not of the sum"
    return QCFlag("POOLED", message, Severity.INFO)


def _refused(sample: Sample, members: Sequence[_Measured], why: Refusal) -> SampleResult:
    return replace(_empty(sample, members), error_code=why.code, error=why.message)


def _empty(sample: Sample, members: Sequence[_Measured]) -> SampleResult:
    results = [m.result for m in members]
    return SampleResult(
        sample.sample_id,
        sample.file,
        sha256=";".join(r.sha256 for r in results),
        template=results[0].template,
        pooled_from=tuple(m.name for m in members),
    )


def _added_up(sample: Sample, members: Sequence[_Measured], flags: tuple[QCFlag, ...]) -> SampleResult:
    results = [m.result for m in members]
    return replace(
        _empty(sample, members),
        n_events=sum(r.n_events for r in results),
        counts=tuple(_count(same) for same in zip(*(r.counts for r in results), strict=True)),
        flags=flags,
        not_contained=tuple(dict.fromkeys(pair for r in results for pair in r.not_contained)),
        among_beads=_totals(pair for r in results for pair in r.among_beads),
        among_shared=_totals(pair for r in results for pair in r.among_shared),
        acquisition=_acquisition(members),
        markers=results[0].markers if len({r.markers for r in results}) == 1 else (),
        matrices=tuple(dict.fromkeys(m for r in results for m in r.matrices)),
    )


def _acquisition(members: Sequence[_Measured]) -> tuple[tuple[str, str], ...]:
    """Return on which cytometers the members were measured, and when the first began; the last may end anywhere."""
    machines = (
        (name, ";".join(dict.fromkeys(_acquired(m, name) for m in members))) for name in ("instrument", "serial")
    )
    begins = [_acquired(m, "begin") for m in members]
    return (*machines, ("begin", min(begins) if all(begins) else ""))


def _count(same: Sequence[PopulationCount]) -> PopulationCount:
    """Return the sum of one population's counts."""
    sources, notes = (tuple(dict.fromkeys(getattr(c, name) for c in same)) for name in ("gate_source", "gate_note"))
    return replace(
        same[0],
        n_events=sum(c.n_events for c in same),
        n_parent=sum(c.n_parent for c in same),
        gate_source=";".join(sources),
        gate_note=notes[0] if len(notes) == 1 else "",
    )


def _totals(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    totals: dict[str, int] = {}
    for path, n in pairs:
        totals[path] = totals.get(path, 0) + n
    return tuple(totals.items())
