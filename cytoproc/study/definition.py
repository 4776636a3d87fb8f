"""A study: its name, its manifest, and the template of each sample."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from cytoproc.confinement import why_not_inside
from cytoproc.errors import Problem, StudyError, UsageError
from cytoproc.study.assay_limits import AssayLimit, AssayLimits, read_assay_limits
from cytoproc.study.bead_lots import BeadLot, read_bead_lots
from cytoproc.study.controls import check_controls
from cytoproc.study.manifest import Manifest, Sample, read_manifest
from cytoproc.study.reference_ranges import ReferenceRanges, read_reference_ranges
from cytoproc.study.rules import CountRules, CountsPart
from cytoproc.study.subjects import Subjects, read_subjects
from cytoproc.study.truth import TrueCount, read_truth
from cytoproc.templates.document import Part, Text, check_part, did_you_mean
from cytoproc.templates.reading import read_template
from cytoproc.templates.shipped import find_template, shipped_templates
from cytoproc.templates.template import GatingTemplate
from cytoproc.templates.yaml import Places, YAMLProblem, decode_yaml, parse_yaml, read_content

__all__ = ["Instrument", "Study", "read_study", "study_of_files"]


_USUAL = CountRules()
_USUAL_FLOW = (5.0, 1000.0)
_NOBODY = Subjects()
_NO_RANGES = ReferenceRanges()
_NOTHING_VALIDATED = AssayLimits()


@dataclass(frozen=True, slots=True)
class Instrument:
    """A cytometer by its serial number (`$CYTSN`), and what its acquired volume (`$VOL`) means.

    `volume_unit` is its unit. `dead_volume_ul` is the part of it, in µL, that went through before events were stored,
    `flow_ul_min` between which flow rates (µL/min) the instrument works.
    """

    serial: str
    volume_unit: str
    dead_volume_ul: float = 0.0
    flow_ul_min: tuple[float, float] = _USUAL_FLOW


@dataclass(frozen=True, slots=True)
class Study:
    """What is to be run: every sample with its template.

    `templates` maps the reference each sample carries in its `template` column (or the study's default, the empty
    text) to the template; `confidence_level` is that of every interval, `counts` holds the rules for cells/µL, and
    `bead_lots` the lots of counting beads by name. `truth` is what is known to be in the tubes, of a simulated or
    spiked study. Numbers are compared with `references` and with those of the visit called `baseline`.
    `assay_limits` are those that the lab validated. `aliases` are further names of markers, which its templates have
    taken up, and `keywords` those of a file that the record may show besides the usual. A `strict` study refuses files
    that could only be read with a repair.
    """

    name: str
    manifest: Manifest
    templates: Mapping[str, GatingTemplate]
    confidence_level: float = 0.95
    instruments: tuple[Instrument, ...] = ()
    truth: tuple[TrueCount, ...] = ()
    counts: CountRules = _USUAL
    bead_lots: Mapping[str, BeadLot] = field(default_factory=dict)
    site_id: str = ""
    subjects: Subjects = _NOBODY
    references: ReferenceRanges = _NO_RANGES
    baseline: str = ""
    assay_limits: AssayLimits = _NOTHING_VALIDATED
    strict: bool = False
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()

    def template_of(self, sample: Sample) -> GatingTemplate:
        """Return the template for a sample."""
        return self.templates[sample.get("template")]


class _InstrumentPart(Part):
    serial: Text
    volume_unit: Literal["nL", "uL"]
    dead_volume_ul: Annotated[float, Field(ge=0)] = 0.0
    flow_ul_min: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=2, max_length=2)] | None = None


class _PrivacyPart(Part):
    keywords: Annotated[list[Text], Field(min_length=1)]


class _StudyPart(Part):
    study: Text
    manifest: Text = "manifest.csv"
    template: Text | None = None
    confidence_level: float = 0.95
    allow_outside: bool = False
    strict: bool = False
    aliases: dict[Text, Annotated[list[Text], Field(min_length=1)]] | None = None
    privacy: _PrivacyPart | None = None
    instruments: Annotated[list[_InstrumentPart], Field(min_length=1)] | None = None
    truth: Text | None = None
    counts: CountsPart = CountsPart()
    bead_lots: Text | None = None
    site_id: Text | None = None
    subjects: Text | None = None
    reference_ranges: Text | None = None
    baseline: Text | None = None
    assay_limits: Text | None = None


def read_study(path: str | Path) -> Study:
    """Return the study that a YAML file describes.

    Raises
    ------
    StudyError, ManifestError, TemplateError
        Listing every problem of that document with its place.
    """
    path = Path(path)
    try:
        data, places = parse_yaml(decode_yaml(read_content(path, "study file"), "study file"))
    except YAMLProblem as e:
        raise StudyError(str(path), [e.problem]) from None
    if isinstance(data, dict) and "populations" in data:
        problem = Problem("this is a template, not a study; name the FCS files and add: --template FILE")
        raise StudyError(str(path), [problem])
    problems: list[Problem] = []
    part: _StudyPart | None = check_part(_StudyPart, data if data is not None else {}, (), places, problems)
    if part is not None and not 0 < part.confidence_level < 1:
        line, column = places.of(("confidence_level",))
        problems.append(
            Problem(
                f"a confidence level lies between 0 and 1, not at {part.confidence_level:g}",
                "confidence_level",
                line,
                column,
            )
        )
    folder = path.parent
    if part is not None:
        problems += _of_instruments(part, places)
        problems += _of_counts(part.counts, places)
        problems += _not_there(part, folder, places)
    if part is None or problems:
        raise StudyError(str(path), problems)
    lots = read_bead_lots(folder / part.bead_lots) if part.bead_lots is not None else {}
    manifest = read_manifest(folder / part.manifest, folder=folder, allow_outside=part.allow_outside, bead_lots=lots)
    aliases = {marker: tuple(names) for marker, names in (part.aliases or {}).items()}
    templates = _templates(manifest, part, folder, str(path))
    if unknown := list(_unknown_markers(aliases, templates, places)):
        raise StudyError(str(path), unknown)
    templates = {reference: _with_aliases(template, aliases) for reference, template in templates.items()}
    instruments = tuple(
        Instrument(i.serial, i.volume_unit, i.dead_volume_ul, _window(i)) for i in part.instruments or ()
    )
    ids = {s.sample_id for s in manifest.samples}
    truth = read_truth(folder / part.truth, ids) if part.truth is not None else ()
    subjects = read_subjects(folder / part.subjects, manifest.samples) if part.subjects is not None else _NOBODY
    ranges = part.reference_ranges
    references = read_reference_ranges(folder / ranges, templates) if ranges is not None else _NO_RANGES
    limits = part.assay_limits
    assay_limits = read_assay_limits(folder / limits, templates) if limits is not None else _NOTHING_VALIDATED
    if alike := list(check_controls(manifest.samples, templates)):
        raise StudyError(str(path), alike)
    if unknown := list(_unknown_visit(part.baseline, manifest, places)):
        raise StudyError(str(path), unknown)
    return Study(
        part.study,
        manifest,
        templates,
        part.confidence_level,
        instruments,
        truth,
        part.counts.rules(),
        lots,
        part.site_id or "",
        subjects,
        references,
        part.baseline or "",
        assay_limits,
        part.strict,
        aliases,
        tuple(part.privacy.keywords) if part.privacy is not None else (),
    )


def _unknown_visit(baseline: str | None, manifest: Manifest, places: Places) -> Iterator[Problem]:
    """Yield a problem if the baseline is a visit that no sample has."""
    visits = list(dict.fromkeys(v for s in manifest.samples if (v := s.get("visit"))))
    if baseline is not None and baseline not in visits:
        have = f"the manifest has the visits {', '.join(visits)}" if visits else "the manifest names no visits"
        yield Problem(f"there is no visit {baseline!r}; {have}", "baseline", *places.of(("baseline",)))


def _not_there(part: _StudyPart, folder: Path, places: Places) -> Iterator[Problem]:
    """Yield a problem for each file that the study names and that is not beside it, or may not be looked for."""
    if part.template and (why := why_not_inside(part.template, folder, allow_outside=part.allow_outside)):
        yield Problem(why, "template", *places.of(("template",)))
    for key, what, name in (
        ("manifest", "manifest", part.manifest),
        ("truth", "truth file", part.truth),
        ("bead_lots", "table of bead lots", part.bead_lots),
        ("subjects", "subjects file", part.subjects),
        ("reference_ranges", "table of reference ranges", part.reference_ranges),
        ("assay_limits", "table of assay limits", part.assay_limits),
    ):
        if name is None:
            continue
        if why := why_not_inside(name, folder, allow_outside=part.allow_outside):
            yield Problem(why, key, *places.of((key,)))
        elif not (folder / name).is_file():
            yield Problem(f"there is no {what} {name!r} beside the study file", key, *places.of((key,)))


def _of_counts(part: CountsPart, places: Places) -> Iterator[Problem]:
    """Yield what the rules for counting cannot both say."""
    qc = part.qc
    for error in ("pipetting", "beads", "volume") if part.interval == "exact" else ():
        if getattr(part.cv, error):
            message = "technical errors enter the interval log-delta alone; write interval: log-delta, or leave it out"
            yield Problem(message, f"counts.cv.{error}", *places.of(("counts", "cv", error)))
    lowest, highest = part.rules().platforms_between
    if not lowest < 1 < highest:
        where = ("counts", "qc", "platforms_between")
        message = f"expected a ratio below 1 and one above, found {lowest:g} and {highest:g}"
        yield Problem(message, ".".join(where), *places.of(where))
    for low, high in (("min_beads", "few_beads"), ("bead_share_cv", "bead_share_cv_most")):
        if getattr(qc, low) > getattr(qc, high):
            where = ("counts", "qc", high)
            message = f"{high} {getattr(qc, high):g} is below {low} {getattr(qc, low):g}"
            yield Problem(message, ".".join(where), *places.of(where))


def _window(part: _InstrumentPart) -> tuple[float, float]:
    low, high = part.flow_ul_min or _USUAL_FLOW
    return low, high


def _of_instruments(part: _StudyPart, places: Places) -> Iterator[Problem]:
    """Yield a problem for each instrument that is declared again, or whose flow rates are the wrong way round."""
    for i, instrument in enumerate(part.instruments or ()):
        low, high = _window(instrument)
        if not low < high:
            place = places.of(("instruments", i, "flow_ul_min"))
            message = f"expected the lowest flow rate and then the highest, found {low:g} and {high:g}"
            yield Problem(message, f"instruments[{i + 1}].flow_ul_min", *place)
    serials = [i.serial for i in part.instruments or ()]
    for i, serial in enumerate(serials):
        if serial in serials[:i]:
            place = places.of(("instruments", i, "serial"))
            yield Problem(f"instrument {serial!r} is there already", f"instruments[{i + 1}].serial", *place)


def _unknown_markers(
    aliases: Mapping[str, tuple[str, ...]], templates: Mapping[str, GatingTemplate], places: Places
) -> Iterator[Problem]:
    """Yield a problem for each marker with further names that no template of the study has."""
    known = list(dict.fromkeys(m.name for template in templates.values() for m in template.markers))
    for marker in aliases:
        if marker not in known:
            message = f"no template of the study has a marker {marker!r}{did_you_mean(marker, known)}"
            yield Problem(message, f"aliases.{marker}", *places.of(("aliases", marker)))


def _with_aliases(template: GatingTemplate, aliases: Mapping[str, tuple[str, ...]]) -> GatingTemplate:
    """Return a template whose markers have the study's names too; its digest is that of its document still."""
    markers = tuple(replace(m, aliases=(*m.aliases, *aliases.get(m.name, ()))) for m in template.markers)
    return replace(template, markers=markers)


def _templates(manifest: Manifest, part: _StudyPart, folder: Path, document: str) -> dict[str, GatingTemplate]:
    """Return the template for every reference that the samples carry."""
    templates: dict[str, GatingTemplate] = {}
    problems: list[Problem] = []
    for sample in manifest.samples:
        reference = sample.get("template")
        if reference in templates:
            continue
        wanted = reference or part.template
        if wanted is None:
            missing = "the row names no template and the study has none; write template: NAME into the study file"
            message = f"{sample.place}: {missing}"
            problems.append(Problem(message))
            break
        try:
            file = find_template(wanted, folder)
            is_shipped = file in shipped_templates().values()
            templates[reference] = read_template(file, within=None if is_shipped or part.allow_outside else folder)
        except UsageError as e:
            problems.append(Problem(f"{sample.place}: {e}" if reference else str(e)))
    if problems:
        raise StudyError(document, problems)
    return templates


def study_of_files(
    name: str, manifest: Manifest, template: GatingTemplate | None, *, dataset: int | None = None, strict: bool = False
) -> Study:
    """Return a study of bare files, all with one template; `dataset` is the one that is read of each.

    Without a template it can be looked at, and not run.
    """
    columns = (("dataset", str(dataset)),) if dataset is not None else ()
    samples = tuple(replace(s, columns=columns) for s in manifest.samples)
    return Study(name, Manifest(samples), {"": template} if template is not None else {}, strict=strict)


def describe(study: Study) -> dict[str, Any]:
    """Return what identifies a study, for the run record."""
    used = {(t.name, t.version, t.digest) for t in study.templates.values()}
    return {
        "study": study.name,
        "confidence_level": study.confidence_level,
        "site_id": study.site_id,
        "baseline": study.baseline,
        "strict": study.strict,
        "keywords_allowed": list(study.keywords),
        "aliases": {marker: list(names) for marker, names in study.aliases.items()},
        "manifest_sha256": study.manifest.digest,
        "subjects_sha256": study.subjects.digest,
        "reference_ranges_sha256": study.references.digest,
        "assay_limits_sha256": study.assay_limits.digest,
        "assay_limits": [_as_given(row) for row in study.assay_limits.rows],
        "counts": asdict(study.counts),
        "bead_lots": [
            {
                "bead_lot": lot.name,
                "beads_per_tube": _known(lot.beads_per_tube),
                "beads_per_ul": _known(lot.beads_per_ul),
                "cv_percent": _known(100 * lot.cv),
                "ratio_a_to_b": _known(lot.ratio_a_to_b),
                "expires_on": lot.expires_on.isoformat() if lot.expires_on else None,
            }
            for lot in study.bead_lots.values()
        ],
        "instruments": [asdict(i) for i in study.instruments],
        "templates": [{"name": name, "version": version, "sha256": digest} for name, version, digest in sorted(used)],
    }


def _as_given(limit: AssayLimit) -> dict[str, str | float]:
    """Return what a row of the assay's limits says, without what it leaves open."""
    return {
        k: v
        for k, v in asdict(limit).items()
        if k != "line" and v != "" and not (isinstance(v, float) and math.isnan(v))
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
