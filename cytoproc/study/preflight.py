"""Everything that would go wrong with the files of a study, found from their keywords before anything is run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cytoproc.errors import CytoprocError
from cytoproc.fcs import read_dataset
from cytoproc.fcs.dataset import FCSDataset
from cytoproc.model.panel import ChannelKind, plain_name
from cytoproc.model.results import FoundMarker, QCFlag, Severity
from cytoproc.study.manifest import Sample
from cytoproc.study.panels import SamplePanel, compare_panels
from cytoproc.study.processing import digest_of_file, why_it_failed
from cytoproc.templates.binding import bind_template, found_marker, markers_there
from cytoproc.templates.template import GatingTemplate

__all__ = ["CheckedSample", "PanelGroup", "group_panels", "preflight"]


@dataclass(frozen=True, slots=True)
class CheckedSample:
    """What is known of a sample before it is run.

    `code` and `message` are why it would fail, empty if it would not; `flags` what else is to be told, a repair of the
    reader's as one of low severity. `wanted` are the markers that its template asks for, in the template's order, and
    `markers` those that were found. `columns` are the channels (`$PnN`) in their order, `labels` what each is called.
    """

    sample: Sample
    kind: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    markers: tuple[FoundMarker, ...] = ()
    columns: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    flags: tuple[QCFlag, ...] = ()
    n_bytes: int = -1


@dataclass(frozen=True, slots=True)
class PanelGroup:
    """Samples of one template whose markers are in the same channels under the same labels."""

    template: str
    sample_ids: tuple[str, ...]
    places: tuple[tuple[str, str], ...]


def preflight(
    samples: Sequence[Sample], template_of: Callable[[Sample], GatingTemplate | None], *, strict: bool = False
) -> tuple[CheckedSample, ...]:
    """Return what would become of each sample; only headers and keywords are read, and no event.

    Parameters
    ----------
    samples
        Of a manifest.
    template_of
        Gives the template for a sample; None if there is none, then every channel stands for a marker of its name.
    strict
        As in :func:`~cytoproc.fcs.read_dataset`.
    """
    checked = [_checked(sample, template_of(sample), strict=strict) for sample in samples]
    panels = [SamplePanel(c.sample.sample_id, c.kind, c.markers) for c in checked if c.markers]
    differing = compare_panels(panels)
    twins = _twins(checked)
    return tuple(
        replace(
            c,
            message=c.message + _candidates(c, checked),
            flags=(*c.flags, *differing.get(c.sample.sample_id, ()), *_reordered(c, checked), *twins.get(i, ())),
        )
        for i, c in enumerate(checked)
    )


def _checked(sample: Sample, template: GatingTemplate | None, *, strict: bool) -> CheckedSample:
    name = template.name if template is not None else ""
    found = CheckedSample(sample, kind=(name,))
    try:
        n_bytes = sample.path.stat().st_size
        dataset = read_dataset(sample.path, sample.dataset, strict=strict)
    except (CytoprocError, OSError) as error:
        code, message = why_it_failed(error, file=sample.file, place=sample.place)
        return replace(found, code=code, message=message)
    channels = dataset.panel.channels
    found = replace(
        found,
        kind=(name, dataset.get("$CYT").strip(), dataset.get("$CYTSN").strip()),
        columns=dataset.panel.names,
        labels={c.name: c.label for c in channels},
        flags=tuple(QCFlag(r.code, r.message, Severity.INFO) for r in dataset.repairs),
        n_bytes=n_bytes,
    )
    if template is None:
        markers = {c.name: found_marker(c.name, c) for c in channels if c.kind is ChannelKind.FLUORESCENCE}
        return replace(found, markers=tuple(markers.values()), wanted=tuple(markers))
    return _bound(found, template, dataset)


def _bound(found: CheckedSample, template: GatingTemplate, dataset: FCSDataset) -> CheckedSample:
    wanted = dict.fromkeys(name for d in template.dimensions() for name in d.channels)
    found = replace(found, markers=markers_there(template, dataset.panel), wanted=tuple(wanted))
    try:
        bound = bind_template(template, dataset.panel, dataset.keywords)
    except CytoprocError as error:
        return replace(found, code=error.code, message=f"{found.sample.file}: {error}")
    return replace(found, flags=(*found.flags, *bound.flags))


def _candidates(checked: CheckedSample, others: Sequence[CheckedSample]) -> str:
    """Return, for each marker that is missing, what its channel in other samples is called here, and what to do."""
    there = {m.marker for m in checked.markers}
    return "".join(
        f"\n  {marker} is in channel {channel} in other samples of this kind, where this file has the label {label!r}. "
        f'If that is {marker} under another name, write into the study file: aliases: {{{marker}: ["{label}"]}}. '
        "If not, this is another panel"
        for marker in checked.wanted
        if marker not in there
        for channel, label in _elsewhere(marker, checked, others)
    )


def _elsewhere(marker: str, checked: CheckedSample, others: Sequence[CheckedSample]) -> Iterator[tuple[str, str]]:
    """Yield the channel in which most samples of the same template have a marker, and its label here, if it has one."""
    channels = Counter(
        m.channel for o in others if o.kind[:1] == checked.kind[:1] for m in o.markers if m.marker == marker
    )
    for channel, _ in channels.most_common(1):
        if label := checked.labels.get(channel, ""):
            yield channel, label


def _reordered(checked: CheckedSample, others: Sequence[CheckedSample]) -> Iterator[QCFlag]:
    """Yield a word on columns that are the same as in the first sample of the kind, in another order."""
    first = next((o for o in others if o.kind == checked.kind and o.columns), checked)
    if checked.columns != first.columns and sorted(checked.columns) == sorted(first.columns):
        message = f"the channels are in another order than in {first.sample.sample_id}; they are found by name"
        yield QCFlag("PANEL_REORDERED", message, Severity.INFO)


def _twins(checked: Sequence[CheckedSample]) -> dict[int, tuple[QCFlag, ...]]:
    """Return a flag, by place, for each file with the same bytes as an earlier one; only equal sizes are compared."""
    by_size: dict[int, list[int]] = {}
    for i, c in enumerate(checked):
        if c.n_bytes >= 0:
            by_size.setdefault(c.n_bytes, []).append(i)
    flags: dict[int, tuple[QCFlag, ...]] = {}
    for alike in by_size.values():
        first: dict[tuple[str, int | None], str] = {}
        for i in alike if len(alike) > 1 else ():
            sample = checked[i].sample
            twin = first.setdefault((digest_of_file(sample.path), sample.dataset), sample.sample_id)
            if twin != sample.sample_id:
                flags[i] = (QCFlag("DUPLICATE_FILE", f"the file has the same bytes as that of sample {twin!r}"),)
    return flags


def group_panels(checked: Sequence[CheckedSample]) -> tuple[PanelGroup, ...]:
    """Return the samples that could be read, in groups whose panels agree; the largest of each template first.

    Labels agree without regard to case, spaces and hyphens; the place of a marker that is missing is empty.
    """
    groups: dict[tuple[object, ...], list[CheckedSample]] = {}
    for c in checked:
        if c.columns:
            places = {m.marker: (plain_name(m.channel), plain_name(m.label)) for m in c.markers}
            groups.setdefault((c.kind[0], c.wanted, tuple(places.get(m) for m in c.wanted)), []).append(c)
    found = [
        PanelGroup(
            members[0].kind[0],
            tuple(m.sample.sample_id for m in members),
            tuple((marker, _title(marker, members[0])) for marker in members[0].wanted),
        )
        for members in groups.values()
    ]
    templates = list(dict.fromkeys(g.template for g in found))
    return tuple(sorted(found, key=lambda g: (templates.index(g.template), -len(g.sample_ids))))


def _title(marker: str, checked: CheckedSample) -> str:
    return next((m.title for m in checked.markers if m.marker == marker), "")
