"""ISAC's compliance set for GatingML 2.0: every event of every gate is where the truth, and FlowKit, have it."""

import numpy as np
import pytest

from cytoproc.compensation import write_spillover_csv
from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, RatioSource, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.gating import gate_file
from cytoproc.model.paths import ROOT, join_path
from cytoproc.model.spillover import Spillover
from cytoproc.templates.template import GatingTemplate, Marker, Step
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.ratio import Ratio
from cytoproc.transforms.registry import make_transform

FOLDER = "data/fcs/whitews__FlowKit/data/gate_ref"
KINDS = {
    "LinearTransform": ("linear", "ta"),
    "LogTransform": ("log", "tm"),
    "AsinhTransform": ("asinh", "tma"),
    "LogicleTransform": ("logicle", "twma"),
    "HyperlogTransform": ("hyperlog", "twma"),
}
NO_GATINGML = "gml_range_gate_attr_testing"  # against the schema on purpose; FlowKit refuses it too
OTHER_NAMES = {"ParRectangle1": "ParQuadRect"}  # a gate, and its truth file


class Translator:
    """A GatingML document, as FlowKit parsed it, in our gates.

    A node is FlowKit's way to a gate: ('root', 'Range1'); a quadrant: ('root', 'Quadrant1', 'FL2P-FL4P').
    """

    def __init__(self, strategy, folder):
        self.strategy = strategy
        self.detector = {}
        self.matrices = []
        self.paths = {("root",): ROOT}
        self.nodes = []
        self.steps = []
        for name, matrix in strategy.comp_matrices.items():
            path = folder / f"{name}.csv"
            write_spillover_csv(path, Spillover(tuple(matrix.detectors), matrix.matrix, name))
            self.matrices.append((name, path))
            self.detector |= dict(zip(matrix.fluorochromes, matrix.detectors, strict=True))

    def template(self):
        """Return the template of every gate in the document."""
        for name, way in self.strategy.get_gate_ids():
            self._add((*way, name))
        names = dict.fromkeys(n for s in self.steps for d in s.gate.dimensions for n in d.channels)
        markers = tuple(Marker(n) for n in names)
        return GatingTemplate("isac", "2.0", markers, tuple(self.steps), matrices=tuple(self.matrices))

    def _add(self, node):
        """Add a gate to the steps, after its parent and whatever it combines."""
        import flowkit

        if node in self.paths:
            return
        *way, name = node
        self._add(tuple(way))
        try:
            gate = self.strategy.get_gate(name, tuple(way))
        except flowkit.exceptions.QuadrantReferenceError:
            return  # it came with the gate that holds it
        parent = self.paths[tuple(way)]
        if isinstance(gate, flowkit.gates.QuadrantGate):
            self.paths[node] = parent
            for quadrant in gate.quadrants.values():
                self._step((*node, quadrant.id), parent, self._quadrant(gate, quadrant))
            return
        for reference in getattr(gate, "gate_refs", ()):
            self._add((*reference["path"], reference["ref"]))
        self._step(node, parent, self._gate(gate))

    def _step(self, node, parent, gate):
        self.paths[node] = join_path(parent, node[-1])
        self.nodes.append(node)
        self.steps.append(Step(self.paths[node], parent, gate))

    def _scale(self, reference):
        if reference is None:
            return Identity()
        scale = self.strategy.transformations[reference]
        kind, letters = KINDS[type(scale).__name__]
        return make_transform(kind, {p: getattr(scale, f"param_{p}") for p in letters})

    def _dimension(self, dim):
        """`FCS` means the file's own matrix; this file has none, so the standard has nothing done (section 5.5)."""
        compensation = {"uncompensated": "none", "FCS": "none"}.get(dim.compensation_ref, dim.compensation_ref)
        scale = self._scale(dim.transformation_ref)
        reference = getattr(dim, "ratio_ref", None)
        if reference is None:
            name = getattr(dim, "dimension_ref", None) or dim.id
            return Dimension(self.detector.get(name, name), compensation, scale)
        ratio = self.strategy.transformations[reference]
        function = Ratio(ratio.param_a, ratio.param_b, ratio.param_c)
        return Dimension(RatioSource(*ratio.dimensions, function), compensation, scale)

    def _gate(self, gate):
        dims = [self._dimension(d) for d in gate.dimensions]
        match type(gate).__name__:
            case "RectangleGate":
                ends = [(_end(d, "min", -np.inf), _end(d, "max", np.inf)) for d in gate.dimensions]
                return RectangleGate(tuple(RangeGate(d, *e, Units.SCALE) for d, e in zip(dims, ends, strict=True)))
            case "PolygonGate":
                return PolygonGate(*dims, tuple(tuple(v) for v in gate.vertices), Units.SCALE)
            case "EllipsoidGate":
                covariance = tuple(tuple(row) for row in gate.covariance_matrix)
                return EllipsoidGate(tuple(dims), tuple(gate.coordinates), covariance, gate.distance_square)
            case "BooleanGate":
                known = [self.paths[*r["path"], r["ref"]] for r in gate.gate_refs]
                operands = [
                    BooleanGate(Operator.NOT, (p,)) if r["complement"] else p
                    for p, r in zip(known, gate.gate_refs, strict=True)
                ]
                return BooleanGate(Operator(gate.type), tuple(operands))
        raise NotImplementedError(type(gate).__name__)

    def _quadrant(self, gate, quadrant):
        dividers = [(self._dimension(d), tuple(sorted(float(v) for v in d.values))) for d in gate.dimensions]
        cell = []
        for divider, (_, cuts) in zip(gate.dimensions, dividers, strict=True):
            if divider.id not in quadrant.divider_refs:
                cell.append(None)
                continue
            high = quadrant.get_divider_range(divider.id)[1]
            cell.append(len(cuts) if high is None else cuts.index(high))
        return QuadrantGate(tuple(dividers), tuple(cell), Units.SCALE)


def _end(dim, name, default):
    value = getattr(dim, name, None)
    return default if value is None else value


def translated(document, folder):
    import flowkit

    strategy = flowkit.parse_gating_xml(str(document))
    translator = Translator(strategy, folder)
    return translator, translator.template()


@pytest.fixture(scope="module")
def gated(shared, tmp_path_factory):
    """Our mask and FlowKit's, by (document, node)."""
    import flowkit

    sample = shared / FOLDER / "data1.fcs"
    theirs_read = flowkit.Sample(str(sample))
    masks = {}
    for document in sorted((shared / FOLDER / "gml").glob("*.xml")):
        if document.stem in {NO_GATINGML}:
            continue
        translator, template = translated(document, tmp_path_factory.mktemp(document.stem))
        ours = gate_file(sample, template, membership=True).memberships
        theirs = translator.strategy.gate_sample(theirs_read)
        for node in translator.nodes:
            mask = ours[translator.paths[node]]
            masks[document.stem, node] = mask, theirs.get_gate_membership(node[-1], node[:-1])
    return masks


@pytest.mark.real_data
def test_every_event_of_every_gate_is_where_flowkit_has_it(gated):
    differing = {key: int((ours != theirs).sum()) for key, (ours, theirs) in gated.items()}

    assert len({document for document, _ in gated}) == 46
    assert {key: n for key, n in differing.items() if n} == {}


@pytest.mark.real_data
def test_every_event_is_where_the_truth_has_it(shared, gated):
    truths = {p.stem.removeprefix("Results_"): np.loadtxt(p, dtype=bool) for p in (shared / FOLDER / "truth").glob("*")}
    judged = {key: truths[name] for key in gated if (name := OTHER_NAMES.get(key[1][-1], key[1][-1])) in truths}

    wrong = {key: int((gated[key][0] != truth).sum()) for key, truth in judged.items()}

    assert {key: n for key, n in wrong.items() if n} == {}
    assert truths.keys() - {OTHER_NAMES.get(node[-1], node[-1]) for _, node in judged} == set()
    assert len(truths) == 51
