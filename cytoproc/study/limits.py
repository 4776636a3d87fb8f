"""By how many events each number of a sample is judged: what the template, its controls and the assay's file say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from cytoproc.model.paths import ROOT, parent_path, split_path
from cytoproc.model.results import QCFlag
from cytoproc.quantify.detection import background_limit, limit_of_blank, limit_of_detection
from cytoproc.quantify.status import Limits
from cytoproc.study.assay_limits import Validated
from cytoproc.study.basis import Tube
from cytoproc.study.controls import Controls, find_controls
from cytoproc.study.definition import Study

__all__ = ["Background", "PopulationLimits", "SampleLimits", "find_limits"]

_NAN = math.nan
_FEW = 0.1
_ALMOST = 1e-9
_USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Background:
    """What a blank of the sample's size shows in a gate; NaN for what is not known.

    `events` are the mean, `lob_events` the most that 95 of 100 blanks show (limit of blank), `source` says how it is
    known.
    """

    source: str = ""
    events: float = _NAN
    lob_events: float = _NAN

    @property
    def lod_exact_events(self) -> float:
        """The mean events, background included, of which 95 of 100 samples show more than the limit of blank."""
        return limit_of_detection(self.events) if self.events >= 0 else _NAN


_NONE = Background()
_NOTHING_VALIDATED = Validated()


@dataclass(frozen=True, slots=True)
class PopulationLimits:
    """What the numbers of one population of one sample are judged by.

    `events` are the limits that decide. `least_lloq_events` would be the limit of quantification without background and
    without `validated_events`, the events that the assay's validated percentage stands for. Below `lloq_per_ul` a
    concentration is no number.
    """

    events: Limits = _USUAL
    background: Background = _NONE
    least_lloq_events: int = _USUAL.lloq_events
    validated_events: float = 0.0
    lloq_per_ul: float = 0.0


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """The limits of each population of a sample, by path, and what there is to say of how they were found."""

    by_path: Mapping[str, PopulationLimits]
    flags: tuple[QCFlag, ...] = ()

    def of(self, path: str) -> PopulationLimits:
        """Return the limits of a population."""
        return self.by_path[path]


def find_limits(tubes: Mapping[str, Tube], study: Study) -> dict[str, SampleLimits]:
    """Return by how many events the numbers of every sample are judged, by its id.

    The background of a population is the upper 95 % limit of what lies in its gate in the control that serves the
    sample, else the percentage that the assay was validated with, else the template's; each of the sample's own events
    of the denominator. More than a blank shows must be seen to be detected.
    """
    controls = find_controls(study.manifest.samples, study.templates)
    validated = {reference: study.assay_limits.of_template(t) for reference, t in study.templates.items()}
    return {i: _limits_of(tube, tubes, controls, validated[tube.sample.get("template")]) for i, tube in tubes.items()}


def _limits_of(
    tube: Tube, tubes: Mapping[str, Tube], controls: Controls, validated: Mapping[str, Validated]
) -> SampleLimits:
    told = dict.fromkeys([*dict(tube.template.background), *dict(tube.template.background_controls)])
    measured: dict[str, Tube | None] = {}
    flags: list[QCFlag] = []
    for path in told:
        control = _control_of(path, tube, tubes, controls)
        measured[path] = control if isinstance(control, Tube) else None
        flags += [control] if isinstance(control, QCFlag) else []
        flags += _of_control(path, tube, control) if isinstance(control, Tube) else []
    return SampleLimits(
        {path: _judged_by(path, tube, measured, validated) for path in (ROOT, *tube.template.paths)}, tuple(flags)
    )


# The background


def _control_of(path: str, tube: Tube, tubes: Mapping[str, Tube], controls: Controls) -> Tube | QCFlag | None:
    """Return the control that measures the background of a population, or why there is none where there should be."""
    kinds = dict(tube.template.background_controls).get(path, ())
    if not kinds or tube.sample.get("control"):
        return None
    found, _ = controls.serving(tube.sample, kinds)
    percent = dict(tube.template.background).get(path)
    instead = "none is known" if percent is None else f"the template's {percent:g} % is taken"
    what, of = split_path(path)[-1], parent_path(path)
    if not found:
        message = f"there is no control ({', '.join(kinds)}) for the background of {what!r}: {instead}"
        return QCFlag("BACKGROUND_NOT_MEASURED", message) if percent is None else None
    names = " and ".join(repr(c.sample_id) for c in found)
    if len(found) > 1:
        why = "would serve alike"
    elif found[0].sample_id not in tubes:
        why = "could not be processed"
    elif not tubes[found[0].sample_id].counts[of]:
        why = f"has no events of {split_path(of)[-1]!r}"
    else:
        return tubes[found[0].sample_id]
    return QCFlag("BACKGROUND_NOT_MEASURED", f"for the background of {what!r}, control {names} {why}: {instead}")


def _of_control(path: str, tube: Tube, control: Tube) -> Iterator[QCFlag]:
    """Yield what is odd with a control that measures the background of a population."""
    parent, name = parent_path(path), control.sample.sample_id
    k, n, n_sample = control.counts[path], control.counts[parent], tube.counts[parent]
    what, of = split_path(path)[-1], split_path(parent)[-1]
    if n < _FEW * n_sample:
        message = (
            f"control {name!r} has {n} events of {of!r}, and the sample {n_sample}: so few leave much room above the "
            f"{k} events of {what!r} in it, and the limits are high for that; acquire more of the control"
        )
        yield QCFlag("BACKGROUND_FEW_EVENTS", message)
    expected = dict(tube.template.background).get(path, _NAN) / 100 * n
    if expected >= 0 and k > max(limit_of_blank(expected), _given(tube, "lod_events", 20)):
        message = (
            f"control {name!r} has {k} events of {what!r} ({100 * k / n:.3g} % of {of!r}), and the template expects "
            f"{expected:.3g}: is it the right tube, stained as it should be, and is the cut right?"
        )
        yield QCFlag("BACKGROUND_HIGH", message)


def _background(
    path: str, tube: Tube, measured: Mapping[str, Tube | None], validated: Mapping[str, Validated]
) -> Background:
    """Return the background of a population, or of what it is part of.

    A validated limit of blank in events stands for it where no percentage is validated and where it asks for more.
    """
    above = [validated[p] for p in _path_and_above(path, tube) if p in validated] if validated else []
    found = _expected(path, tube, measured, _of_assay(above, tube))
    limit = next((v for v in above if v.lob_events >= 0 or v.background_percents), _NOTHING_VALIDATED)
    if limit.background_percents or (found.source and not limit.lob_events > found.lob_events):
        return found
    return Background(limit.source, lob_events=limit.lob_events) if limit.source else _NONE


def _of_assay(above: Iterable[Validated], tube: Tube) -> Background:
    """Return the background by the percentage that is validated for a population, or for the nearest it is part of."""
    for v in above:
        if v.background_percents:
            return _mean(max(percent / 100 * tube.counts[of] for of, percent in v.background_percents), v.source)
    return _NONE


def _expected(path: str, tube: Tube, measured: Mapping[str, Tube | None], assay: Background) -> Background:
    """Return how many events lie in a gate by chance.

    Those of a population that is part of another lie in the other's gate first. A control shows how many go on into the
    part; of a percentage all may. The assay's goes before the template's.
    """
    percents = dict(tube.template.background)
    for above in _path_and_above(path, tube) if measured else ():
        control, parent = measured.get(above), tube.template.step(above).parent
        if control is not None:
            share, source = background_limit(control.counts[path], control.counts[parent]), control.sample.sample_id
            return _mean(share * tube.counts[parent], f"control {source}")
        if above in percents:
            return assay if assay.source else _mean(percents[above] / 100 * tube.counts[parent], "template")
    return assay


def _mean(events: float, source: str) -> Background:
    return Background(source, events, limit_of_blank(events))


def _path_and_above(path: str, tube: Tube) -> Iterator[str]:
    while path != ROOT:
        yield path
        path = tube.template.step(path).parent


# The limits


def _judged_by(
    path: str, tube: Tube, measured: Mapping[str, Tube | None], validated: Mapping[str, Validated]
) -> PopulationLimits:
    background = _background(path, tube, measured, validated)
    assay = validated.get(path, _NOTHING_VALIDATED)
    least_detect = _least(assay.detect_events, _given(tube, "lod_events", _USUAL.detect_events), assay)
    least_lloq = max(_least(assay.lloq_events, _given(tube, "lloq_events", _USUAL.lloq_events), assay), least_detect)
    detect = max(least_detect, int(background.lob_events) + 1 if background.source else 0)
    share = max((percent / 100 * tube.counts[of] for of, percent in assay.lloq_percents), default=0.0)
    lloq = max(least_lloq, detect, math.ceil(share - _ALMOST))
    return PopulationLimits(Limits(detect, lloq), background, least_lloq, share, assay.lloq_per_ul)


def _least(validated: int, usual: int, assay: Validated) -> int:
    """Return the validated events; without a validated background, which follows the sample's size, they only raise."""
    return validated if validated and assay.background_percents else max(validated, usual)


def _given(tube: Tube, name: str, default: int) -> int:
    return int(dict(tube.template.limits).get(name, default))
