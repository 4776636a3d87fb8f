"""How each sample was counted: what goes into its concentrations besides its events, or why there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, SampleResult, Severity
from cytoproc.quantify.agreement import shares_differ
from cytoproc.quantify.concentration import Relation
from cytoproc.quantify.status import Status
from cytoproc.study.acceptance import judge_sample
from cytoproc.study.basis import Basis, Tube, relation_in
from cytoproc.study.beads import count_by_beads
from cytoproc.study.definition import Study
from cytoproc.study.manifest import Sample, missing_inputs
from cytoproc.study.pooled_counts import add_up_volumes, pooled_basis
from cytoproc.study.refusal import Refusal
from cytoproc.study.rules import CountRules
from cytoproc.study.volumes import AcquiredVolume, read_volumes

__all__ = ["find_bases", "find_tubes"]

_LEAST_KEPT = 0.95
_MOST_OF_THE_TUBE = 1.1
_UNUSUAL_10E9_L = 50.0


def find_tubes(results: Sequence[SampleResult], study: Study) -> dict[str, Tube]:
    """Return every sample that could be processed, by its id."""
    samples = {s.sample_id: s for s in study.manifest.samples}
    tubes = {}
    for result in results:
        if not result.error_code:
            sample = samples[result.sample_id]
            counts = {c.path: c.n_events for c in result.counts}
            tubes[result.sample_id] = Tube(result, sample, study.template_of(sample), counts)
    return tubes


def find_bases(tubes: Mapping[str, Tube], study: Study) -> dict[str, Basis | Refusal]:
    """Return for every sample that was counted, controls left out, how; or why no concentration can be given."""
    counted = {i: tube for i, tube in tubes.items() if tube.method}
    by_volume = {i: tube for i, tube in counted.items() if tube.method == "SP_VOL"}
    files = [t.result for t in by_volume.values() if not t.result.pooled_from]
    volumes = add_up_volumes(by_volume, read_volumes(files, study.instruments))
    bases: dict[str, Basis | Refusal] = {}
    for sample_id, tube in counted.items():
        if why := _not_blood(tube) or judge_sample(tube).refusal:
            bases[sample_id] = why
        elif missing := missing_inputs(tube.method, tube.sample.get, study.bead_lots):
            message = f"count_method {tube.method} needs {' and '.join(missing)} in the manifest"
            bases[sample_id] = Refusal("COUNT_INPUT_MISSING", message)
        elif tube.method == "SP_BEAD":
            bases[sample_id] = count_by_beads(tube, study)
        elif tube.method == "SP_VOL":
            bases[sample_id] = _by_volume(tube, volumes[sample_id], study.counts)
        elif tube.method != "SECOND_TUBE":
            bases[sample_id] = _by_blood_count(tube)
    for sample_id, tube in counted.items():
        if sample_id in bases and tube.result.pooled_from:
            bases[sample_id] = pooled_basis(tube, tubes, bases, study)
    siblings = _direct_by_specimen(study)
    for sample_id, tube in counted.items():
        if sample_id not in bases:
            bases[sample_id] = _by_second_tube(tube, siblings, tubes, bases)
    return bases


def _not_blood(tube: Tube) -> Refusal | None:
    """Return a refusal for cells that were taken out of the blood: how much blood they came from is not known."""
    kind = tube.sample.get("specimen_type")
    if kind in {"", "whole_blood"} or tube.method in {"DP_ALC", "DP_WBC"}:
        return None
    message = f"specimen_type {kind} has no concentration in blood by {tube.method}; its percentages stand"
    return Refusal("SPECIMEN_NOT_BLOOD", f"{message}. For cells/µL of blood give a blood count (DP_ALC, DP_WBC)")


def _by_volume(tube: Tube, volume: AcquiredVolume | Refusal, rules: CountRules) -> Basis | Refusal:
    if isinstance(volume, Refusal):
        return volume
    kept = tube.result.kept_time_fraction
    if kept < _LEAST_KEPT and rules.masked_volume != "confirmed":
        message = (
            f"{100 * (1 - kept):.1f} % of the time was left out, and only while the pump goes on is the volume of the "
            "rest known: acquire again, or write counts: {qc: {masked_volume: confirmed}} into the study file"
        )
        return Refusal("VOLUME_MASKED", message)
    blood, final = tube.number("sample_volume_ul"), tube.number("final_volume_ul")
    if volume.nl / 1000 > final * _MOST_OF_THE_TUBE:
        message = (
            f"$VOL says that {volume.nl / 1000:g} µL were acquired, and the tube held {final:g} µL (final_volume_ul): "
            "look at both, and at the instrument's volume_unit"
        )
        return Refusal("VOLUME_IMPLAUSIBLE", message)
    return Basis(
        "SP_VOL",
        sample_volume_ul=blood,
        dilution_factor=final / blood * tube.number("predilution", 1.0),
        vol_acquired_nl=volume.nl,
        kept_time=kept,
        flags=volume.flags,
    )


def _by_blood_count(tube: Tube) -> Basis | Refusal:
    counting = tube.template.counting
    key, compartment, column = {
        "DP_ALC": ("lymphocytes", counting.lymphocytes, "alc_10e9_l"),
        "DP_WBC": ("leukocytes", counting.leukocytes, "wbc_10e9_l"),
    }[tube.method]
    if not compartment:
        message = f"the template does not say which population the blood count counts; write counting: {{{key}: NAME}}"
        return Refusal("COMPARTMENT_NOT_IN_TEMPLATE", message)
    count = tube.number(column)
    if not count:
        message = f"{column} is 0, which is below what an analyser shows and not none; give more digits"
        return Refusal("BLOOD_COUNT_ZERO", message)
    flags = []
    if count > _UNUSUAL_10E9_L:
        message = f"{column} {count:g} is very many: is it in 10^9/L? A count in cells/µL is divided by 1000"
        flags.append(QCFlag("BLOOD_COUNT_HIGH", message))
    if (kind := tube.sample.get("specimen_type")) not in {"", "whole_blood"}:
        message = f"specimen_type {kind}: cells/µL are those of blood only if no kind of cell was lost on the way"
        flags.append(QCFlag("SPECIMEN_NOT_BLOOD", message))
    if outside := [p for p in tube.template.concentrations if _is_outside(tube, p, compartment)]:
        of = split_path(compartment)[-1]
        message = (
            f"not part of {of!r}, which {column} counts: {', '.join(split_path(p)[-1] for p in outside)}; their "
            "cells/µL are right only if both gates lose alike"
        )
        flags.append(QCFlag("NOT_IN_COMPARTMENT", message))
    return Basis(tube.method, blood_count_10e9_l=count, denominator=compartment, flags=tuple(flags))


def _is_outside(tube: Tube, path: str, compartment: str) -> bool:
    return relation_in(tube, path, compartment) in {Relation.OTHER, Relation.WHOLE}


Specimen = tuple[str, str]


def _direct_by_specimen(study: Study) -> dict[Specimen, list[str]]:
    """Return the samples that are counted themselves, by subject and specimen, also those that failed.

    A pooled sample stands for its members.
    """
    direct: dict[Specimen, list[str]] = {}
    for sample in study.manifest.samples:
        method = sample.get("count_method")
        is_whole = not (sample.get("control") or sample.pooled_into)
        if method not in {"", "NONE", "SECOND_TUBE"} and is_whole:
            direct.setdefault(_specimen(sample), []).append(sample.sample_id)
    return direct


def _specimen(sample: Sample) -> Specimen:
    return sample.get("subject_id"), sample.get("specimen_id")


def _by_second_tube(
    tube: Tube, direct: Mapping[Specimen, list[str]], tubes: Mapping[str, Tube], bases: Mapping[str, Basis | Refusal]
) -> Basis | Refusal:
    carry = tube.template.counting.carry_over
    specimen = tube.sample.get("specimen_id")
    counted = direct.get(_specimen(tube.sample), [])
    if carry is None:
        message = "the template does not say which cells a second tube counts; write counting: {carry_over: {...}}"
        return Refusal("CARRY_OVER_NOT_IN_TEMPLATE", message)
    if not counted:
        message = f"no sample of specimen {specimen!r} of this subject is counted by beads, volume or blood count"
        return Refusal("NO_COUNTED_TUBE", message, Status.NOT_DONE, Severity.WARN)
    if len(counted) > 1 and not any(isinstance(bases.get(other), Basis) for other in counted):
        message = f"all counted samples of specimen {specimen!r} failed or were refused: {', '.join(counted)}"
        return Refusal("COUNTED_TUBE_FAILED", message)
    if len(counted) > 1:
        message = f"several samples of specimen {specimen!r} are counted: {', '.join(counted)}; leave one count_method"
        return Refusal("COUNTED_TUBE_AMBIGUOUS", message)
    [other] = counted
    basis = bases.get(other)
    if other not in tubes or basis is None:
        return Refusal("COUNTED_TUBE_FAILED", f"the counted tube, sample {other!r}, could not be processed")
    if isinstance(basis, Refusal):
        message = f"the counted tube, sample {other!r}, was refused: {basis.code} {basis.message}"
        return Refusal("COUNTED_TUBE_FAILED", message)
    template = tubes[other].template
    paths = template.paths_called(carry.counted_as)
    if len(paths) != 1:
        message = (
            f"the counted tube, sample {other!r}, has {len(paths) or 'no'} populations called {carry.counted_as!r} in "
            f"its template {template.name!r}; correct counted_as"
        )
        return Refusal("COUNTED_AS_UNKNOWN", message)
    if said := _how_they_disagree(tube, tubes[other], carry.population, paths[0]):
        message = f"{said} in the counted tube, sample {other!r}: were files or tubes exchanged? Are both gates right?"
        return Refusal("TUBES_DISAGREE", message)
    flags = tuple(_not_compared(tube, tubes[other]))
    return Basis("SECOND_TUBE", denominator=carry.population, counted_in=other, counted_as=paths[0], flags=flags)


def _not_compared(here: Tube, there: Tube) -> Iterator[QCFlag]:
    """Yield a note if nothing shows that two tubes are of one blood."""
    silent = [t.template.name for t in (here, there) if not t.template.counting.lymphocytes]
    if silent:
        named = " and ".join(repr(name) for name in dict.fromkeys(silent))
        message = (
            f"not checked whether this tube and sample {there.sample.sample_id!r} are of one blood: the lymphocytes "
            f"are not named in template {named}; write counting: {{lymphocytes: NAME}}"
        )
        yield QCFlag("PAIR_NOT_CHECKED", message, Severity.INFO)


def _how_they_disagree(here: Tube, there: Tube, population: str, counted_as: str) -> str:
    """Return what two tubes of one blood draw say of the same cells as a share of lymphocytes, if it cannot both be."""
    of = here.template.counting.lymphocytes, there.template.counting.lymphocytes
    if not all(of):
        return ""
    k = here.counts[population], there.counts[counted_as]
    n = here.counts[of[0]], there.counts[of[1]]
    if not shares_differ(k, n):
        return ""
    shares = [f"{k[i]} of {n[i]} lymphocytes ({100 * k[i] / n[i]:.3g} %)" for i in (0, 1)]
    return f"{split_path(population)[-1]!r} are {shares[0]} here, and {shares[1]}"
