"""One gating strategy, 14 gates of all kinds and 17 populations, for cytoproc and for FlowKit.

The shapes are those of a published T-cell activation analysis (channels of an LSR II), with a quadrant, a range, a
boolean and a fluorescence polygon added. Both sides are built from the values of this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.paths import ROOT, join_path
from cytoproc.templates.template import GatingTemplate, Marker, Step
from cytoproc.transforms.logicle import Logicle

if TYPE_CHECKING:
    from flowkit import GatingStrategy

__all__ = ["FLUORESCENCE", "flowkit_strategy", "template"]

T, M, A = 262144.0, 4.5, 0.0
FLUORESCENCE = {  # channel: width of its linear part, w
    "Alexa Fluor 488-A": 0.6646,
    "PE-A": 0.7729,
    "7-AAD-A": 0.9121,
    "Alexa Fluor 405-A": 0.6011,
    "Alexa Fluor 430-A": 0.3757,
    "Alexa Fluor 647-A": 0.6488,
    "Alexa Fluor 700-A": 0.4742,
    "APC-Cy7-A": 0.5995,
}

CELLS = (
    (40464, 88033),
    (29996, 32195),
    (52095, -2311),
    (202720, 27176),
    (248664, 98071),
    (225401, 202845),
    (112578, 212255),
)
SINGLETS = ((16090, 29858), (27514, 16995), (245110, 178446), (227702, 198849))
RECTANGLES = {  # name: (parent, ((channel, low, high), ...)), in scale units
    "Dead": ("Singlets", (("Alexa Fluor 405-A", 0.536, 1.046), ("Alexa Fluor 430-A", 0.487, 1.008))),
    "Dendritic": ("Live", (("APC-Cy7-A", 0.318, 0.692), ("PE-A", -0.049, 0.558))),
    "CD4": ("T", (("Alexa Fluor 700-A", 0.405, 0.709), ("Alexa Fluor 488-A", -0.051, 0.469))),
    "CD8": ("T", (("Alexa Fluor 700-A", -0.07, 0.415), ("Alexa Fluor 488-A", 0.494, 0.921))),
    "CD69+ CD4": ("CD4", (("Alexa Fluor 647-A", -0.009, 0.905), ("7-AAD-A", 0.576, 0.923))),
    "CD69+ CD8": ("CD8", (("Alexa Fluor 647-A", -0.092, 0.902), ("7-AAD-A", 0.509, 0.951))),
}
ELLIPSE = ((0.1646, 0.7466), ((0.03997, 0.000499), (0.000499, 0.03007)), 1.0)  # centre, covariance, squared distance
QUADRANT = (("Alexa Fluor 700-A", 0.405), ("Alexa Fluor 488-A", 0.47))
QUADRANTS = {"Q--": (0, 0), "Q+-": (1, 0), "Q-+": (0, 1), "Q++": (1, 1)}
POSITIVE = ("PE-A", 0.55)
T_CORE = ((0.0, 0.6), (0.3, 0.6), (0.36, 0.85), (0.1, 0.95), (-0.05, 0.8))  # on APC-Cy7-A and PE-A


def template() -> GatingTemplate:
    """Return the strategy for cytoproc."""
    scatter = {name: Dimension(name) for name in ("FSC-A", "FSC-H", "SSC-A")}
    color = {name: Dimension(name, scale=Logicle(T, w, M, A)) for name, w in FLUORESCENCE.items()}
    paths = {ROOT: ROOT}
    steps: list[Step] = []

    def add(name: str, parent: str, gate: Any) -> None:
        paths[name] = join_path(paths[parent], name)
        steps.append(Step(paths[name], paths[parent], gate))

    def rectangle(name: str) -> None:
        parent, sides = RECTANGLES[name]
        add(name, parent, RectangleGate(tuple(RangeGate(color[c], low, high, Units.SCALE) for c, low, high in sides)))

    add("Cells", ROOT, PolygonGate(scatter["FSC-A"], scatter["SSC-A"], CELLS))
    add("Singlets", "Cells", PolygonGate(scatter["FSC-A"], scatter["FSC-H"], SINGLETS))
    rectangle("Dead")
    add("Live", "Singlets", BooleanGate(Operator.NOT, (paths["Dead"],)))
    rectangle("Dendritic")
    add("T", "Live", EllipsoidGate((color["APC-Cy7-A"], color["PE-A"]), *ELLIPSE))
    for name in ("CD4", "CD8", "CD69+ CD4", "CD69+ CD8"):
        rectangle(name)
    dividers = tuple((color[c], (cut,)) for c, cut in QUADRANT)
    for name, cell in QUADRANTS.items():
        add(name, "Live", QuadrantGate(dividers, cell, Units.SCALE))
    add("PE+", "Live", RangeGate(color[POSITIVE[0]], low=POSITIVE[1], units=Units.SCALE))
    add("T PE+", "Live", BooleanGate(Operator.AND, (paths["T"], paths["PE+"])))
    add("T core", "T", PolygonGate(color["APC-Cy7-A"], color["PE-A"], T_CORE, Units.SCALE))
    return GatingTemplate("benchmark", "1", tuple(Marker(c) for c in FLUORESCENCE), tuple(steps))


def flowkit_strategy() -> GatingStrategy:
    """Return the strategy for FlowKit."""
    import flowkit as fk

    strategy = fk.GatingStrategy()
    for name, w in FLUORESCENCE.items():
        strategy.add_transform(name, fk.transforms.LogicleTransform(T, w, M, A))

    def scatter(name: str) -> Any:
        return fk.Dimension(name)

    def color(name: str, low: float | None = None, high: float | None = None) -> Any:
        return fk.Dimension(name, "FCS", name, low, high)

    paths: dict[str, tuple[str, ...]] = {"": ("root",)}

    def add(gate: Any, parent: str) -> None:
        strategy.add_gate(gate, paths[parent])
        paths[gate.gate_name] = (*paths[parent], gate.gate_name)

    def rectangle(name: str) -> None:
        parent, sides = RECTANGLES[name]
        add(fk.gates.RectangleGate(name, [color(*side) for side in sides]), parent)

    def reference(name: str, *, complement: bool = False) -> dict[str, Any]:
        return {"ref": name, "path": paths[name][:-1], "complement": complement}

    add(fk.gates.PolygonGate("Cells", [scatter("FSC-A"), scatter("SSC-A")], CELLS), "")
    add(fk.gates.PolygonGate("Singlets", [scatter("FSC-A"), scatter("FSC-H")], SINGLETS), "Cells")
    rectangle("Dead")
    add(fk.gates.BooleanGate("Live", "not", [reference("Dead")]), "Singlets")
    rectangle("Dendritic")
    add(fk.gates.EllipsoidGate("T", [color("APC-Cy7-A"), color("PE-A")], *ELLIPSE), "Live")
    for name in ("CD4", "CD8", "CD69+ CD4", "CD69+ CD8"):
        rectangle(name)
    dividers = [fk.QuadrantDivider(c, c, "FCS", [cut], c) for c, cut in QUADRANT]
    quadrants = [
        fk.gates.Quadrant(
            name,
            [c for c, _ in QUADRANT],
            [(cut, None) if b else (None, cut) for (_, cut), b in zip(QUADRANT, cell, strict=True)],
        )
        for name, cell in QUADRANTS.items()
    ]
    strategy.add_gate(fk.gates.QuadrantGate("Quadrants", dividers, quadrants), paths["Live"])
    add(fk.gates.RectangleGate("PE+", [color(POSITIVE[0], POSITIVE[1])]), "Live")
    add(fk.gates.BooleanGate("T PE+", "and", [reference("T"), reference("PE+")]), "Live")
    add(fk.gates.PolygonGate("T core", [color("APC-Cy7-A"), color("PE-A")], T_CORE), "T")
    return strategy
