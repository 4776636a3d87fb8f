"""How each sample was counted: what goes into its concentrations besides its events, or why there are none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, SampleResult
from cytoproc.quantify.ratio import shares_differ
from cytoproc.quantify.status import Status
from cytoproc.study.definition import Study
from cytoproc.study.manifest import NEEDED, Sample
from cytoproc.study.refusal import Refusal
from cytoproc.study.volumes import AcquiredVolume, read_volumes
from cytoproc.templates.template import GatingTemplate

__all__ = ["Basis", "Tube", "find_bases", "find_tubes"]

_NAN = math.nan
_BEAD_LOT_CV = 0.04
_FEW_BEADS = 1000
_MOST_OF_THE_TUBE = 1.1
_UNUSUAL_10E9_L = 50.0


@dataclass(frozen=True, slots=True)
class Tube:
    """A sample that could be processed, with its row of the manifest, its template and its counts by path."""

    result: SampleResult
    sample: Sample
    template: GatingTemplate
    counts: Mapping[str, int]

    @property
    def method(self) -> str:
        """Its count method; empty for `NONE`, and for a control, of which no concentration is computed."""
        method = self.sample.get("count_method")
        return "" if method == "NONE" or self.sample.get("control") else method

    def number(self, column: str, default: float = _NAN) -> float:
        """Return a number of its row, or the default where the cell is empty."""
        text = self.sample.get(column)
        return float(text) if text else default


@dataclass(frozen=True, slots=True)
class Basis:
    """What the concentrations of a sample are computed from, besides its events; NaN where its method has none.

    `denominator` is the population of the same sample that the others are parts of: what the blood count counts, or the
    cells that the counted tube counts too. That tube's sample is `counted_in`, and the cells' path there `counted_as`.
    """

    method: str
    n_beads: float = _NAN
    beads_per_tube: float = _NAN
    sample_volume_ul: float = _NAN
    dilution_factor: float = _NAN
    vol_acquired_nl: float = _NAN
    blood_count_10e9_l: float = _NAN
    denominator: str = ""
    counted_in: str = ""
    counted_as: str = ""
    flags: tuple[QCFlag, ...] = ()


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
    volumes = read_volumes([t.result for t in counted.values() if t.method == "SP_VOL"], study.instruments)
    bases: dict[str, Basis | Refusal] = {}
    for sample_id, tube in counted.items():
        missing = [c for c in NEEDED[tube.method] if not tube.sample.get(c)]
        if missing:
            message = f"count_method {tube.method} needs {' and '.join(missing)} in the manifest"
            bases[sample_id] = Refusal("COUNT_INPUT_MISSING", message)
        elif tube.method == "SP_BEAD":
            bases[sample_id] = _by_beads(tube)
        elif tube.method == "SP_VOL":
            bases[sample_id] = _by_volume(tube, volumes[sample_id])
        elif tube.method != "SECOND_TUBE":
            bases[sample_id] = _by_blood_count(tube)
    siblings = _direct_by_specimen(study)
    for sample_id, tube in counted.items():
        if sample_id not in bases:
            bases[sample_id] = _by_second_tube(tube, siblings, tubes, bases)
    return bases


def _by_beads(tube: Tube) -> Basis | Refusal:
    beads = tube.template.counting.beads
    if not beads:
        message = "the template does not say which population holds the counting beads; write counting: {beads: NAME}"
        return Refusal("BEADS_NOT_IN_TEMPLATE", message)
    n_beads, added = tube.counts[beads], tube.number("beads_per_tube")
    name = split_path(beads)[-1]
    if not n_beads:
        message = f"population {name!r} has no events: look at its gate, and whether beads were added to the tube"
        return Refusal("NO_BEADS", message)
    if n_beads > added * (1 + 3 * math.sqrt(1 / added + _BEAD_LOT_CV**2)):
        message = (
            f"{n_beads} beads were counted in {name!r}, and {added:g} were in the tube (beads_per_tube): "
            "look at the gate and at the lot's number of beads"
        )
        return Refusal("BEADS_OVER_TUBE", message)
    flags = [
        QCFlag("BEADS_IN_CELLS", f"{n} of {tube.counts[path]} events of {path!r} are counting beads; exclude them")
        for path, n in tube.result.among_beads
    ]
    if n_beads < _FEW_BEADS:
        message = (
            f"{n_beads} beads were counted, expected {_FEW_BEADS} or more: they widen every interval; acquire longer"
        )
        flags.append(QCFlag("FEW_BEADS", message))
    return Basis(
        "SP_BEAD",
        n_beads=n_beads,
        beads_per_tube=added,
        sample_volume_ul=tube.number("sample_volume_ul"),
        dilution_factor=tube.number("predilution", 1.0),
        flags=tuple(flags),
    )


def _by_volume(tube: Tube, volume: AcquiredVolume | Refusal) -> Basis | Refusal:
    if isinstance(volume, Refusal):
        return volume
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
    flags: tuple[QCFlag, ...] = ()
    if count > _UNUSUAL_10E9_L:
        message = f"{column} {count:g} is very many: is it in 10^9/L? A count in cells/µL is divided by 1000"
        flags = (QCFlag("BLOOD_COUNT_HIGH", message),)
    return Basis(tube.method, blood_count_10e9_l=count, denominator=compartment, flags=flags)


Specimen = tuple[str, str]


def _direct_by_specimen(study: Study) -> dict[Specimen, list[str]]:
    """Return the samples that are counted themselves, by subject and specimen, also those that failed."""
    direct: dict[Specimen, list[str]] = {}
    for sample in study.manifest.samples:
        method = sample.get("count_method")
        if method not in {"", "NONE", "SECOND_TUBE"} and not sample.get("control"):
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
        return Refusal("NO_COUNTED_TUBE", message, Status.NOT_DONE)
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
    return Basis("SECOND_TUBE", denominator=carry.population, counted_in=other, counted_as=paths[0])


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
