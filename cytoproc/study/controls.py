"""Which control measures the background of which sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cytoproc.errors import Problem
from cytoproc.study.manifest import Sample
from cytoproc.templates.document import did_you_mean
from cytoproc.templates.template import GatingTemplate

__all__ = ["Controls", "check_controls", "find_controls"]

_PRE_INFUSION = "pre_infusion"
_SPECIMEN, _BATCH, _STUDY = ("subject_id", "specimen_id"), ("acquisition_batch",), ()
_SUBJECT = ("subject_id",)
_NEAREST_FIRST: Mapping[bool, tuple[tuple[str, ...], ...]] = {
    True: (_SUBJECT, _BATCH, _STUDY),
    False: (_SPECIMEN, _BATCH, _STUDY),
}
_WHAT_TO_DO: Mapping[tuple[str, ...], tuple[str, str]] = {
    _SPECIMEN: ("of its specimen", "leave one of them, or give them part or replicate if they are one control"),
    _SUBJECT: ("of its subject", "leave one of them, or give them part or replicate if they are one control"),
    _BATCH: ("of its acquisition_batch", "leave one of them in that batch"),
    _STUDY: ("of the study, and none is nearer", "give the sample the acquisition_batch of the one that serves it"),
}

Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of a study by what they have in common with the samples that they serve.

    A control serves samples of its tube and template. The nearest serves: one of the sample's specimen, else one of its
    acquisition batch, else one of the study. A sample before infusion is of another specimen by nature: it serves its
    subject, and never another; only one that names no subject, such as a healthy donor's, serves the batch or study.
    """

    by_common: Mapping[Key, tuple[Sample, ...]]
    twins: Mapping[str, str]

    def serving(self, sample: Sample, kinds: Sequence[str]) -> tuple[tuple[Sample, ...], tuple[str, ...]]:
        """Return the nearest controls of the first kind that has any, and the columns that make them so; one at best.

        Of a control in several files or tubes it is the pooled one.
        """
        for kind in () if sample.get("control") else kinds:
            for columns in _NEAREST_FIRST[kind == _PRE_INFUSION]:
                found = self.by_common.get(_common(sample, kind, columns, self.twins), ())
                if found:
                    return found, columns
        return (), ()


def find_controls(samples: Sequence[Sample], templates: Mapping[str, GatingTemplate]) -> Controls:
    """Return the controls among the samples of a manifest; `templates` are the study's, by reference."""
    twins = {
        reference: next(r for r, t in templates.items() if t == template) for reference, template in templates.items()
    }
    by_common: dict[Key, tuple[Sample, ...]] = {}
    for control in samples:
        kind = control.get("control")
        if kind and not control.pooled_into:
            for columns in _served_by(control):
                key = _common(control, kind, columns, twins)
                by_common[key] = (*by_common.get(key, ()), control)
    return Controls(by_common, twins)


def _served_by(control: Sample) -> Iterator[tuple[str, ...]]:
    """Yield the columns by which a control may be near to a sample; a specimen or batch that is not told is none."""
    for columns in _NEAREST_FIRST[control.get("control") == _PRE_INFUSION]:
        is_told = not columns or control.get(columns[-1])
        of_another = control.get("control") == _PRE_INFUSION and control.get("subject_id") and columns != _SUBJECT
        if is_told and not of_another:
            yield columns


def _common(sample: Sample, kind: str, columns: Sequence[str], twins: Mapping[str, str]) -> Key:
    same = ("tube", *columns)
    return kind.casefold(), twins[sample.get("template")], columns, *(sample.get(c) for c in same)


def check_controls(samples: Sequence[Sample], templates: Mapping[str, GatingTemplate]) -> Iterator[Problem]:
    """Yield each sample that several controls would serve alike, and each FMO of a marker that its template has not.

    Files of one control, or tubes of it (`part`, `replicate`), are one: they are pooled.
    """
    yield from _of_no_marker(samples, templates)
    controls = find_controls(samples, templates)
    told = set()
    for sample in samples:
        for _, kinds in templates[sample.get("template")].background_controls:
            found, columns = controls.serving(sample, kinds)
            if len({_as_one(c) for c in found}) > 1 and found not in told:
                told.add(found)
                which, what_to_do = _WHAT_TO_DO[columns]
                places = " and ".join(f"{c.sample_id!r} ({c.place})" for c in found)
                message = (
                    f"{sample.place}: {len(found)} controls {found[0].get('control')!r} of one tube are {which}: "
                    f"{places}; which one tells the background of sample {sample.sample_id!r}? {what_to_do}"
                )
                yield Problem(message)


def _of_no_marker(samples: Sequence[Sample], templates: Mapping[str, GatingTemplate]) -> Iterator[Problem]:
    """Yield each FMO of a marker that its template does not know: it would serve nobody, unseen."""
    for sample in samples:
        kind, _, marker = sample.get("control").partition(":")
        template = templates[sample.get("template")]
        known = [name for m in template.markers for name in (m.name, *m.aliases)]
        if kind == "fmo" and known and marker not in known:
            words = did_you_mean(marker, known)
            message = f"control {sample.get('control')!r}: template {template.name!r} has no marker {marker!r}{words}"
            yield Problem(f"{sample.place}: {message}")


def _as_one(control: Sample) -> tuple[str, ...]:
    is_pooled = control.get("specimen_id") and (control.get("part") or control.get("replicate"))
    return (control.get("subject_id"), control.get("specimen_id")) if is_pooled else (control.sample_id,)
