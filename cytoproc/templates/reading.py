"""A template document into a checked template, or into the list of everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cytoproc.confinement import why_not_inside
from cytoproc.errors import GateError, Problem, ScaleError, TemplateError
from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Gate, RatioSource
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.methods.base import GatingMethod
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.panel import ChannelKind, channel_kind
from cytoproc.model.paths import ROOT, join_path, split_path
from cytoproc.model.results import Severity
from cytoproc.templates.document import (
    SHAPES,
    AbovePart,
    AcceptancePart,
    AlertPart,
    BackgroundPart,
    BelowPart,
    CountingPart,
    DimensionPart,
    EllipsePart,
    EllipsoidPart,
    MarkerPart,
    Part,
    PolygonPart,
    PopulationPart,
    QuadrantsPart,
    RangePart,
    RectanglePart,
    ReportPart,
    SensitivityPart,
    SidePart,
    SingletsPart,
    SumPart,
    TopPart,
    check_part,
    did_you_mean,
    in_words,
)
from cytoproc.templates.template import (
    Acceptance,
    Alert,
    CarryOver,
    Counting,
    Delay,
    GatingTemplate,
    IntensityItem,
    Marker,
    ReportItem,
    Sensitivity,
    Step,
    SumCheck,
    TwoBeads,
    Viability,
)
from cytoproc.templates.yaml import Places, YAMLProblem, decode_yaml, parse_yaml, read_content
from cytoproc.transforms.base import Transform
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.ratio import Ratio
from cytoproc.transforms.registry import make_transform

__all__ = ["parse_template", "read_template"]

_KINDS = ("fluorescence", "scatter", "time", "other")
_COMPENSATIONS = ("file", "none")
_HEAD_KEYS = tuple(PopulationPart.model_fields)
Way = tuple[Hashable, ...]


def read_template(path: str | Path, *, within: Path | None = None) -> GatingTemplate:
    """Return the template in a YAML file; if `within` is given, its matrices must lie in that folder.

    Raises
    ------
    TemplateError
        Listing every problem with its line and column.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    try:
        raw = read_content(path, "template")
        if raw.startswith(b"FCS"):
            raise YAMLProblem(Problem("this is an FCS file, not a template"))
        text = decode_yaml(raw, "template")
    except YAMLProblem as e:
        raise TemplateError(str(path), [e.problem]) from None
    digest = hashlib.sha256(raw).hexdigest()
    return replace(
        parse_template(text, document=str(path), folder=path.parent, within=within, digest=digest), source=raw
    )


def parse_template(
    text: str,
    *,
    document: str = "template",
    folder: Path | None = None,
    within: Path | None = None,
    digest: str = "",
    look_for_matrices: bool = True,
) -> GatingTemplate:
    """Return the template that YAML text describes; the paths of matrices start in `folder` and must end in `within`.

    A template that is only to be read, not applied, need not have its matrices beside it: `look_for_matrices=False`.

    Raises
    ------
    TemplateError
        Listing every problem with its line and column.
    """
    try:
        data, places = parse_yaml(text)
    except YAMLProblem as e:
        raise TemplateError(document, [e.problem]) from None
    reading = _Reading(places, folder or Path(), within, look_for_matrices)
    template = reading.template(data, digest)
    if template is None:
        raise TemplateError(document, sorted(reading.problems, key=lambda p: (p.line, p.column)))
    return template


@dataclass
class _Reading:
    """One pass over a document: what is known so far, and what is wrong."""

    places: Places
    folder: Path
    within: Path | None = None
    look_for_matrices: bool = True
    problems: list[Problem] = field(default_factory=list)
    markers: dict[str, Marker] = field(default_factory=dict)
    matrices: dict[str, Path] = field(default_factory=dict)
    scales: dict[str, Transform] = field(default_factory=dict)
    compensation: str = "file"
    any_marker: bool = False  # the markers cannot be read, so no gate is blamed for an unknown one
    steps: list[Step] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)  # those of broken populations too, so that children are not blamed
    names: dict[str, list[str]] = field(default_factory=dict)
    times_named: Counter[str] = field(default_factory=Counter)

    def wrong(self, message: str, way: Sequence[Hashable], *, key: bool = False) -> None:
        line, column = self.places.of(way, key=key)
        self.problems.append(Problem(message, where=in_words(tuple(way)), line=line, column=column))

    def part(self, kind: type[Any], data: Any, way: Way, *, besides: Sequence[str] = ()) -> Any:
        return check_part(kind, data, way, self.places, self.problems, besides=besides)

    def template(self, data: Any, digest: str) -> GatingTemplate | None:
        if not isinstance(data, Mapping):
            self.wrong("a template is a mapping that starts with 'template: name'", ())
            return None
        if "study" in data and "populations" not in data:
            self.wrong("this is a study, not a template; run it with: cytoproc run FILE", ())
            return None
        top = self.part(TopPart, data, ())
        self._read_markers(data.get("markers"))
        self._read_compensation(data)
        self._read_scales(data.get("scales"))
        populations = data.get("populations")
        self.times_named.update(_names_given(populations))
        for i, item in enumerate(populations if isinstance(populations, list) else []):
            self._read_population(item, ("populations", i))
        report = [self._read_report(item, ("report", i)) for i, item in enumerate(_list(data.get("report")))]
        counting = self._read_counting(data.get("counting"), ("counting",))
        acceptance = self._read_acceptance(data.get("acceptance"), ("acceptance",))
        alerts = [self._read_alert(item, ("alerts", i)) for i, item in enumerate(_list(data.get("alerts")))]
        self._check_no_beads(report, counting.beads)
        if top is None:
            return None
        limits = (("lod_events", top.limits.lod_events), ("lloq_events", top.limits.lloq_events))
        if top.limits.lod_events > top.limits.lloq_events:
            self.wrong(
                f"lod_events {top.limits.lod_events} is above lloq_events {top.limits.lloq_events}",
                ("limits", "lod_events"),
            )
        background: dict[str, BackgroundPart] = {}
        for i, part in enumerate(top.limits.background):
            self._read_background(part, i, background)
        asked = {item.population for item in report if item is not None and item.concentration}
        sensitivity = [self._read_sensitivity(part, i, asked) for i, part in enumerate(top.limits.sensitivity)]
        sums: dict[str, SumCheck] = {}
        for i, sum_part in enumerate(top.checks.sums):
            self._read_sum(sum_part, i, sums)
        if self.problems:
            return None
        return GatingTemplate(
            name=top.template,
            version=top.version,
            markers=tuple(self.markers.values()),
            steps=tuple(self.steps),
            report=tuple(r for r in report if r is not None),
            compensation=self.compensation,
            matrices=tuple(self.matrices.items()),
            limits=limits,
            background=tuple(
                (p, b.percent_of_parent) for p, b in background.items() if b.percent_of_parent is not None
            ),
            background_controls=tuple((p, tuple(b.controls)) for p, b in background.items() if b.controls),
            sensitivity=tuple(sensitivity),
            description=top.description or "",
            digest=digest,
            counting=counting,
            acceptance=acceptance,
            alerts=tuple(a for a in alerts if a is not None),
            sums=tuple(sums.values()),
        )

    # What the populations refer to

    def _read_markers(self, given: Any) -> None:
        if given is None:
            return
        names = [getattr(m, "text", m) for m in given] if isinstance(given, list) else given
        if not isinstance(given, Mapping | list) or not all(isinstance(name, str) for name in names):
            self.wrong("expected a list of names, or a mapping {marker: {aliases: [...]}}", ("markers",))
            self.any_marker = True
            return
        given = given if isinstance(given, Mapping) else dict.fromkeys(names)
        owner: dict[str, str] = {}
        for name, item in given.items():
            way = ("markers", name)
            part = self.part(MarkerPart, item, way)
            aliases = tuple(part.aliases) if part is not None else ()
            for word in (name, *aliases):
                if owner.setdefault(word.casefold(), name) != name:
                    self.wrong(f"{word!r} names both {owner[word.casefold()]!r} and {name!r}", way, key=True)
            self.markers[name] = Marker(name, aliases)

    def _read_compensation(self, data: Mapping[str, Any]) -> None:
        matrices = data.get("matrices")
        for name, given in (matrices if isinstance(matrices, Mapping) else {}).items():
            if name in _COMPENSATIONS:
                self.wrong(
                    f"{name!r} has a meaning of its own; give the matrix another name", ("matrices", name), key=True
                )
            file = getattr(given, "text", given)
            if isinstance(file, str):
                self._add_matrix(name, file, ("matrices", name))
        choice = data.get("compensation", "file")
        choice = getattr(choice, "text", choice)
        if not isinstance(choice, str):
            return  # said by the check of the top part
        if choice not in _COMPENSATIONS and choice not in self.matrices:
            self._add_matrix(choice, choice, ("compensation",))
        self.compensation = choice

    def _add_matrix(self, name: str, file: str, way: Way) -> None:
        path = self.folder / file
        self.matrices[name] = path
        root = self.within or self.folder
        why = why_not_inside(file, root, start=self.folder, allow_outside=self.within is None)
        if why and self.look_for_matrices:
            self.wrong(why, way)
            return
        try:
            is_there = path.is_file() or not self.look_for_matrices
        except OSError:  # no name that the system can look up
            is_there = False
        if not is_there:
            words = "" if Path(file).suffix else " (or write file, or none)"
            self.wrong(f"there is no matrix file {file!r} beside the template{words}", way)

    def _read_scales(self, given: Any) -> None:
        for name, item in (given if isinstance(given, Mapping) else {}).items():
            way = ("scales", name)
            if name not in _KINDS and not self._knows(name):
                words = did_you_mean(str(name), [*_KINDS, *self.markers])
                self.wrong(
                    f"no marker or kind of channel is called {name!r}{words}; kinds are {', '.join(_KINDS)}",
                    way,
                    key=True,
                )
            scale = self._scale(item, way)
            if scale is not None:
                self.scales[name] = scale

    def _scale(self, given: Any, way: Way) -> Transform | None:
        """Return the scale of `linear`, or of `{logicle: {t: 262144, ...}}`."""
        if isinstance(given, str):
            given = {given: None}
        if not isinstance(given, Mapping) or len(given) != 1:
            self.wrong("a scale is one name, or one name with its parameters: {logicle: {t: 262144, w: 0.5}}", way)
            return None
        kind, parameters = next(iter(given.items()))
        parameters = {} if parameters is None else parameters
        if not isinstance(parameters, Mapping) or not all(_is_number(v) for v in parameters.values()):
            self.wrong(f"the parameters of {kind!r} are a mapping of numbers", (*way, kind))
            return None
        try:
            return make_transform(str(kind), {k: float(v) for k, v in parameters.items()})
        except ScaleError as e:
            self.wrong(str(e), (*way, kind), key=True)
            return None

    def _knows(self, name: Any) -> bool:
        return (
            self.any_marker
            or name in self.markers
            or (isinstance(name, str) and channel_kind(name) is not ChannelKind.FLUORESCENCE)
        )

    def _dimension(self, part: DimensionPart, way: Way) -> Dimension | None:
        names = [part.channel] if part.ratio is None else [part.ratio.numerator, part.ratio.denominator]
        known = True
        for name in names:
            if not self._knows(name):
                words = did_you_mean(str(name), list(self.markers))
                have = ", ".join(self.markers) or "none"
                self.wrong(f"no marker {name!r}{words}; the template's markers are: {have}", way)
                known = False
        compensation = part.compensation or self.compensation
        if compensation not in _COMPENSATIONS and compensation not in self.matrices:
            words = did_you_mean(compensation, [*_COMPENSATIONS, *self.matrices])
            self.wrong(
                f"no matrix {compensation!r}{words}; write file, none, or a name from matrices", (*way, "compensation")
            )
            known = False
        scale = self._default_scale(names) if part.scale is None else self._scale(part.scale, (*way, "scale"))
        if not known or scale is None:
            return None
        if part.ratio is None:
            return Dimension(str(part.channel), compensation, scale)
        ratio = part.ratio
        try:
            function = Ratio(ratio.a, ratio.b, ratio.c)
        except ScaleError as e:
            self.wrong(str(e), (*way, "ratio"))
            return None
        return Dimension(RatioSource(ratio.numerator, ratio.denominator, function), compensation, scale)

    def _default_scale(self, names: Sequence[Any]) -> Transform:
        if len(names) > 1:
            return Identity()  # a ratio has no channel's scale
        name = str(names[0])
        return self.scales.get(name) or self.scales.get(_kind_of(name, self.markers)) or Identity()

    # Populations

    def _read_population(self, item: Any, way: Way) -> None:
        if not isinstance(item, Mapping):
            self.wrong("a population is a mapping {name: ..., parent: ..., one shape: ...}", way)
            return
        shapes = [k for k in item if k in SHAPES]
        head = self.part(PopulationPart, {k: v for k, v in item.items() if k not in SHAPES}, way, besides=tuple(SHAPES))
        name = head.name if head is not None else item.get("name")
        wanted = head.parent if head is not None else item.get("parent")
        parent = self._resolve(wanted, (*way, "parent")) if wanted is not None else None
        if len(shapes) != 1:
            found = f"this one has {len(shapes)}: {', '.join(shapes)}" if shapes else "this one has none"
            misspelt = not shapes and any(did_you_mean(str(k), list(SHAPES)) for k in item if k not in _HEAD_KEYS)
            if not misspelt:  # said already
                self.wrong(f"a population needs exactly one shape of: {', '.join(SHAPES)}; {found}", way)
            self._remember(name, parent, way)
            return
        kind = shapes[0]
        shape_way = (*way, kind)
        if kind == "quadrants":
            if name is not None:
                self.wrong("quadrants name their populations themselves; leave 'name' out", (*way, "name"), key=True)
            self._read_quadrants(item[kind], shape_way, parent)
            return
        if name is None:
            self.wrong("missing key 'name'", way)
        gate = self._boolean(item[kind], shape_way) if kind == "boolean" else self._shape(kind, item[kind], shape_way)
        path = self._remember(name, parent, way)
        if gate is not None and path is not None and parent is not None and head is not None:
            self.steps.append(Step(path, parent, gate))

    def _remember(self, name: Any, parent: str | None, way: Way) -> str | None:
        """Return the path of a new population and let later ones refer to it."""
        if not isinstance(name, str):
            return None
        if name == ROOT:
            self.wrong("'root' is the name of all events; choose another", (*way, "name"))
            return None
        if parent is None:  # wrong, and said already: what refers to this population is not to blame
            self.names.setdefault(name, [join_path(ROOT, name)])
            return None
        path = join_path(parent, name)
        if path in self.paths:
            self.wrong(f"there is a population {path!r} already", (*way, "name"))
            return None
        self.paths.append(path)
        self.names.setdefault(name, []).append(path)
        return path

    def _resolve(self, reference: Any, way: Way) -> str | None:
        """Return the path that a name or path stands for."""
        if reference == ROOT:
            return ROOT
        if not isinstance(reference, str):
            return None
        known = {path for paths in self.names.values() for path in paths}
        from_root = reference.removeprefix(f"{ROOT}/")
        by_path = {from_root} & known if from_root != reference or len(split_path(reference)) > 1 else set()
        found = list(dict.fromkeys([*self.names.get(reference, []), *by_path]))
        if len(found) == 1 and (by_path or self.times_named[reference] <= 1):
            return found[0]
        if found:
            paths = ", ".join(f"{ROOT}/{p}" for p in found)
            more = "" if len(found) > 1 else ", ... (another of this name comes below)"
            self.wrong(f"{reference!r} stands for several populations; write the path: {paths}{more}", way)
            return None
        ends = [f"{ROOT}/{p}" for p in self.paths if p.endswith(f"/{reference}")]
        words = did_you_mean(reference, [ROOT, *self.names])
        if ends:
            words = f" (a path starts at the top: {', '.join(ends)})"
        self.wrong(f"no population {reference!r} above this line{words}; populations come after those they need", way)
        return None

    def _shape(self, kind: str, data: Any, way: Way) -> Gate | GatingMethod | None:
        part_class = SHAPES[kind]
        part: Part | None = self.part(part_class, data, way) if part_class is not None else None
        if part is None:
            self._check_names(data, way)
            return None
        try:
            gate = self._gate(part, way)
        except GateError as e:
            self.wrong(str(e), way)
            return None
        for side in gate.sides if isinstance(gate, RectangleGate) else [gate]:
            if isinstance(side, RangeGate) and side.is_empty:
                self.wrong(f"the range on {side.dimension.source} is empty: its scale has no such values", way)
        return gate

    def _check_names(self, data: Any, way: Way) -> None:
        """Tell of unknown markers in a shape that is wrong in another place too."""
        for key in ("channel", "x", "y", "area", "height"):
            if isinstance(data, Mapping) and isinstance(data.get(key), str):
                self._dimension(DimensionPart(channel=data[key]), (*way, key))

    def _gate(self, part: Part, way: Way) -> Gate | GatingMethod | None:
        """Return the gate of a shape whose keys are right; None where a dimension is not (said already)."""
        dims = {name: self._dimension(value, (*way, name)) for name, value in part if isinstance(value, DimensionPart)}
        if None in dims.values():
            return None
        d: dict[str, Any] = dims
        match part:
            case BelowPart():
                return RangeGate(d["channel"], high=part.cut, units=part.units)
            case AbovePart():
                return RangeGate(d["channel"], low=part.cut, units=part.units)
            case RangePart():
                return _side(d["channel"], part, part.units)
            case RectanglePart():
                sides = [self._dimension(s.channel, (*way, "sides", i, "channel")) for i, s in enumerate(part.sides)]
                known = [(s, d) for s, d in zip(part.sides, sides, strict=True) if d is not None]
                return None if None in sides else RectangleGate(tuple(_side(d, s, part.units) for s, d in known))
            case PolygonPart():
                return PolygonGate(d["x"], d["y"], tuple((v[0], v[1]) for v in part.vertices), part.units)
            case EllipsePart():
                return _ellipsoid((d["x"], d["y"]), part)
            case EllipsoidPart():
                axes = [self._dimension(a, (*way, "dimensions", i)) for i, a in enumerate(part.dimensions)]
                return None if None in axes else _ellipsoid(tuple(a for a in axes if a is not None), part)
            case SingletsPart():
                fallback = (part.fallback[0], part.fallback[1]) if part.fallback is not None else None
                return Singlets(d["area"], d["height"], part.width, part.min_events, fallback)
        return None

    def _read_quadrants(self, data: Any, way: Way, parent: str | None) -> None:
        part: QuadrantsPart | None = self.part(QuadrantsPart, data, way)
        if part is None:
            populations = data.get("populations") if isinstance(data, Mapping) else None
            for name in populations if isinstance(populations, Mapping) else []:
                self._remember(name, parent, (*way, "populations", name))
            return
        dims = [self._dimension(p.channel, (*way, "dividers", i, "channel")) for i, p in enumerate(part.dividers)]
        keys = [str(d.source) for d in dims if d is not None]
        for name, places in part.populations.items():
            here = (*way, "populations", name)
            path = self._remember(name, parent, here)
            unknown = [key for key in places if key not in keys]
            if None in dims or path is None or parent is None:
                continue
            for key in unknown:
                words = did_you_mean(key, keys)
                self.wrong(f"no divider on {key!r}{words}; dividers are on: {', '.join(keys)}", (*here, key), key=True)
            if unknown:
                continue
            dividers = tuple((d, tuple(p.cut)) for d, p in zip(dims, part.dividers, strict=True) if d is not None)
            cell = tuple(_bin_of(places.get(str(d.source)), len(cuts)) for d, cuts in dividers)
            try:
                self.steps.append(Step(path, parent, QuadrantGate(dividers, cell, part.units)))
            except GateError as e:
                self.wrong(str(e), here)

    def _boolean(self, data: Any, way: Way) -> BooleanGate | None:
        """Return the gate of `{and: [A, {not: B}]}`."""
        if not isinstance(data, Mapping) or len(data) != 1 or next(iter(data)) not in list(Operator):
            self.wrong("a boolean is one of {and: [...]}, {or: [...]}, {not: population}", way)
            return None
        word, given = next(iter(data.items()))
        items = list(enumerate(given)) if isinstance(given, list) else [(None, given)]
        operands: list[str | BooleanGate | None] = []
        for i, item in items:
            here = (*way, word) if i is None else (*way, word, i)
            operands.append(self._boolean(item, here) if isinstance(item, Mapping) else self._operand(item, here))
        known = tuple(o for o in operands if o is not None)
        if len(known) != len(operands):
            return None
        try:
            return BooleanGate(Operator(word), known)
        except GateError as e:
            self.wrong(str(e), (*way, word))
            return None

    def _operand(self, item: Any, way: Way) -> str | None:
        if not isinstance(item, str):
            self.wrong(f"expected the name of a population, found {item!r}", way)
            return None
        return self._resolve(item, way)

    def _read_report(self, item: Any, way: Way) -> ReportItem | None:
        part: ReportPart | None = self.part(ReportPart, item, way)
        if part is None:
            return None
        population = self._resolve(part.population, (*way, "population"))
        of = [self._resolve(p, (*way, "percent_of", i)) for i, p in enumerate(part.percent_of)]
        for i, wanted in enumerate(part.intensity):
            if not self._knows(wanted.channel):
                words = did_you_mean(wanted.channel, list(self.markers))
                self.wrong(f"no marker {wanted.channel!r}{words}", (*way, "intensity", i, "channel"))
        if population is None:
            return None
        intensities = tuple(IntensityItem(w.channel, w.statistic) for w in part.intensity)
        of_known = tuple(p for p in of if p is not None)
        return ReportItem(population, of_known, part.concentration, intensities, part.headline)

    def _read_counting(self, given: Any, way: Way) -> Counting:
        """Return which populations counts come from; what is wrong with them is said."""
        part: CountingPart | None = self.part(CountingPart, given, way) if given is not None else None
        if part is None:
            return Counting()
        beads, lymphocytes, leukocytes = (
            (self._resolve(name, (*way, key)) or "") if name is not None else ""
            for key, name in (("beads", part.beads), ("lymphocytes", part.lymphocytes), ("leukocytes", part.leukocytes))
        )
        if beads == ROOT:
            self.wrong("not every event is a bead; name the population of counting beads", (*way, "beads"))
        carry_over, two_beads = None, None
        if part.carry_over is not None:
            population = self._resolve(part.carry_over.population, (*way, "carry_over", "population"))
            carry_over = CarryOver(population or "", part.carry_over.counted_as)
        if part.two_beads is not None:
            a, b = (
                self._resolve(name, (*way, "two_beads", key)) or ""
                for key, name in (("a", part.two_beads.a), ("b", part.two_beads.b))
            )
            two_beads = TwoBeads(a, b, part.two_beads.ratio)
            if a and a == b:
                self.wrong("beads A and beads B are two populations", (*way, "two_beads", "b"))
            if part.beads is None:
                self.wrong("say which population holds all beads too: beads", (*way, "two_beads"))
        return Counting(beads, lymphocytes, leukocytes, carry_over, two_beads)

    def _read_acceptance(self, given: Any, way: Way) -> Acceptance:
        """Return when a sample is not fit for a count; what is wrong with that is said."""
        part: AcceptancePart | None = self.part(AcceptancePart, given, way) if given is not None else None
        if part is None:
            return Acceptance()
        viability, delay = None, None
        if live := part.viability:
            population, of = (
                self._resolve(name, (*way, "viability", key)) or ""
                for key, name in (("population", live.population), ("of", live.of))
            )
            viability = Viability(population, of, live.warn_below, live.refuse_below)
            if live.refuse_below > live.warn_below:
                message = "what is refused is told of before: refuse_below is not above warn_below"
                self.wrong(message, (*way, "viability"))
            if population and of and not (of == ROOT or population.startswith(f"{of}/")):
                self.wrong(f"{live.population!r} is not below {live.of!r}", (*way, "viability", "of"))
        if hours := part.delay_h:
            delay = Delay(hours.warn_above, hours.refuse_above)
            if hours.refuse_above < hours.warn_above:
                self.wrong("what is refused is told of before: refuse_above is not below warn_above", (*way, "delay_h"))
        return Acceptance(viability, delay)

    def _read_alert(self, item: Any, way: Way) -> Alert | None:
        part: AlertPart | None = self.part(AlertPart, item, way)
        population = self._resolve(part.population, (*way, "population")) if part is not None else None
        if part is None or population is None:
            return None
        return Alert(population, part.code, part.message, Severity(part.severity))

    def _read_sum(self, part: SumPart, i: int, given: dict[str, SumCheck]) -> None:
        way = ("checks", "sums", i)
        whole = self._resolve(part.of, (*way, "of")) or ""
        parts = [self._resolve(p, (*way, "parts", k)) or "" for k, p in enumerate(part.parts)]
        for k, path in enumerate(parts):
            if path and path in (whole, *parts[:k]):
                said = "the whole itself" if path == whole else "there already"
                self.wrong(f"{part.parts[k]!r} is {said}; each part counts once", (*way, "parts", k))
        if not 0 < part.between[0] <= part.target[0] <= part.target[1] <= part.between[1]:
            self.wrong(f"target {part.target} must lie inside of between {part.between}, above 0", (*way, "target"))
        if part.name in given:
            self.wrong(f"a sum {part.name!r} is there already", (*way, "name"))
        between, target = ((low, high) for low, high in (part.between, part.target))
        given[part.name] = SumCheck(part.name, whole, tuple(parts), between, target)

    def _read_background(self, part: BackgroundPart, i: int, given: dict[str, BackgroundPart]) -> None:
        way: Way = ("limits", "background", i, "population")
        population = self._resolve(part.population, way) or ""
        if population == ROOT:
            self.wrong("every event is in root; name a population", way)
        if population in given:
            self.wrong(f"the background of {part.population!r} is given twice", way)
        given[population] = part
        for j, control in enumerate(part.controls):
            way = ("limits", "background", i, "controls", j)
            if control in part.controls[:j]:
                self.wrong(f"{control!r} is there already", way)
            marker = control.partition(":")[2]
            if marker and not self.any_marker and marker not in self.markers:
                words = did_you_mean(marker, list(self.markers))
                self.wrong(f"no marker {marker!r}{words}; the template's are: {', '.join(self.markers) or 'none'}", way)

    def _read_sensitivity(self, part: SensitivityPart, i: int, asked: Collection[str]) -> Sensitivity:
        """Return what is asked; `asked` are the populations whose cells/µL the report gives."""
        way: Way = ("limits", "sensitivity", i)
        population = self._resolve(part.population, (*way, "population")) or ""
        if population == ROOT:
            self.wrong("every event is in root; name a population", (*way, "population"))
        elif population and part.cells_per_ul is not None and population not in asked:
            message = f"the report does not ask for cells/µL of {part.population!r}; add concentration: true there"
            self.wrong(message, (*way, "cells_per_ul"))
        return Sensitivity(population, part.percent_of_parent, part.cells_per_ul)

    def _check_no_beads(self, report: Sequence[ReportItem | None], beads: str) -> None:
        """Beads are not given in cells/µL."""
        for i, item in enumerate(report):
            if beads and item is not None and item.concentration and f"{item.population}/".startswith(f"{beads}/"):
                self.wrong("counting beads are no cells; remove the concentration", ("report", i, "concentration"))


def _names_given(populations: Any) -> Iterator[str]:
    """Yield the name of every population of a document, whether or not the rest of it is right."""
    for item in _list(populations):
        name = item.get("name") if isinstance(item, Mapping) else None
        quadrants = item.get("quadrants") if isinstance(item, Mapping) else None
        names = quadrants.get("populations") if isinstance(quadrants, Mapping) else None
        yield from (n for n in (name, *(names if isinstance(names, Mapping) else ())) if isinstance(n, str))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind_of(name: str, markers: Mapping[str, Marker]) -> str:
    """Return the kind whose scale a name takes: a listed marker is fluorescence unless its name says otherwise."""
    kind = channel_kind(name)
    return ChannelKind.FLUORESCENCE.value if name in markers and kind is ChannelKind.OTHER else kind.value


def _side(dimension: Dimension, part: SidePart, units: Any) -> RangeGate:
    low = float("-inf") if part.low is None else part.low
    high = float("inf") if part.high is None else part.high
    return RangeGate(dimension, low, high, units)


def _ellipsoid(axes: tuple[Dimension, ...], part: EllipsePart | EllipsoidPart) -> EllipsoidGate:
    covariance = tuple(tuple(row) for row in part.covariance)
    gate = EllipsoidGate(axes, tuple(part.center), covariance, part.distance_square, part.units)
    if not gate.is_bounded:
        msg = "the covariance of an ellipse must be symmetric and positive definite: this one has no outline"
        raise GateError(msg)
    return gate


def _bin_of(place: str | int | None, n_cuts: int) -> int | None:
    return {"low": 0, "high": n_cuts}[place] if isinstance(place, str) else place
