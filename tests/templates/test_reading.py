"""Template documents: what they become, and what is said about wrong ones."""

import hashlib
import re
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytoproc.errors import TemplateError
from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.dimension import Dimension, RatioSource, Units
from cytoproc.gates.ellipsoid import EllipsoidGate
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.results import Severity
from cytoproc.templates.reading import parse_template, read_template
from cytoproc.templates.template import (
    Acceptance,
    Alert,
    CarryOver,
    Counting,
    Delay,
    IntensityItem,
    Marker,
    ReportItem,
    SumCheck,
    TwoBeads,
    Viability,
)
from cytoproc.transforms.asinh import AsinhCofactor
from cytoproc.transforms.identity import Identity
from cytoproc.transforms.logicle import Logicle
from cytoproc.transforms.ratio import Ratio
from tests.templates.documents import COMPLETE

START = """\
template: t
version: 1
markers: [CD3, CD4, CD19]
populations:
  - {name: T, above: {channel: CD3, cut: 5}}
"""
SUM = "checks: {{sums: [{{name: all, of: root, {}}}]}}\n"
LOGICLE = Logicle(262144, 0.5, 4.5, 0)
T_CELLS = "Cells/Singlets/Live/CD3+"


@pytest.fixture
def complete(tmp_path):
    (tmp_path / "lab.csv").write_text("CAR\n1\n")
    (tmp_path / "all.yaml").write_text(COMPLETE)
    return read_template(tmp_path / "all.yaml")


def problems(text):
    """Return what is wrong, each as `line:column where: message`."""
    with pytest.raises(TemplateError) as caught:
        parse_template(text)
    return [str(p) for p in caught.value.problems]


def problem(population):
    """Return the one thing wrong with a population that is added to a good document, in line 6."""
    (only,) = problems(f"{START}  - {population}\n")
    return only


# What a document becomes


def test_every_shape_becomes_its_gate(complete):
    cd3, cd4, cd8 = (Dimension(m, scale=LOGICLE) for m in ("CD3", "CD4", "CD8"))
    fsc, ssc, fsc_h = (Dimension(c) for c in ("FSC-A", "SSC-A", "FSC-H"))
    car = Dimension("CAR", scale=AsinhCofactor(150))
    dividers = ((cd4, (500,)), (cd8, (300, 900)))
    ratio = Dimension(RatioSource("CD4", "CD8", Ratio(b=5)))
    excluded = tuple(BooleanGate(Operator.NOT, (f"{T_CELLS}/{name}",)) for name in ("CD4+", "CD8 middle"))

    gates = {s.path: s.gate for s in complete.steps}

    assert gates == {
        "Cells": PolygonGate(fsc, ssc, ((30000, 5000), (250000, 5000), (250000, 200000))),
        "Cells/Singlets": Singlets(fsc, fsc_h, width=5, fallback=(0.5, 1.2)),
        "Cells/Singlets/Live": RangeGate(Dimension("Viability", scale=LOGICLE), high=800),
        T_CELLS: RangeGate(cd3, low=700),
        f"{T_CELLS}/Middle": RangeGate(Dimension("CD4"), 10, 900),
        f"{T_CELLS}/Open": RangeGate(cd4, 0.2, inf, Units.SCALE),
        f"{T_CELLS}/Box": RectangleGate(
            (RangeGate(cd4, low=100), RangeGate(Dimension("CD8", "none", LOGICLE), high=2000))
        ),
        f"{T_CELLS}/Round": EllipsoidGate((cd4, cd8), (0.5, 0.6), ((0.01, 0), (0, 0.02)), 2),
        f"{T_CELLS}/Ball": EllipsoidGate(
            (fsc, ssc, fsc_h), (1, 2, 3), ((1, 0, 0), (0, 1, 0), (0, 0, 1)), units=Units.LINEAR
        ),
        f"{T_CELLS}/CD4+": QuadrantGate(dividers, (1, 0)),
        f"{T_CELLS}/CD8 middle": QuadrantGate(dividers, (0, 1)),
        f"{T_CELLS}/CD8\\/bright": QuadrantGate(dividers, (None, 2)),
        f"{T_CELLS}/Ratio": RangeGate(ratio, low=2),
        f"{T_CELLS}/Lab": RangeGate(Dimension("CAR", "lab", AsinhCofactor(150)), low=600),
        f"{T_CELLS}/CAR+": RangeGate(car, low=600),
        f"{T_CELLS}/CD4+/CAR+": RangeGate(car, low=600),
        f"{T_CELLS}/Neither": BooleanGate(
            Operator.AND,
            (*excluded, BooleanGate(Operator.OR, (f"{T_CELLS}/Box", "Cells/Singlets/Live"))),
        ),
    }


def test_everything_beside_the_gates_is_kept(complete, tmp_path):
    assert (complete.name, complete.version, complete.description) == ("everything", "1.10", "Every shape once")
    assert complete.markers[0] == Marker("CD3", ("CD3e", "CD3 APC"))
    assert [m.name for m in complete.markers] == ["CD3", "CD4", "CD8", "CAR", "Viability"]
    assert complete.aliases("CD8") == ("CD8a",)
    assert complete.matrices == (("lab", tmp_path / "lab.csv"),)
    assert dict(complete.limits) == {"lod_events": 10, "lloq_events": 30}
    assert complete.report == (
        ReportItem(f"{T_CELLS}/CAR+", (T_CELLS, "Cells"), concentration=True),
        ReportItem(
            f"{T_CELLS}/CD4+",
            (T_CELLS,),
            intensities=(IntensityItem("CD4", "median"), IntensityItem("CAR", "geo_mean")),
            headline=True,
        ),
    )
    assert complete.counting == Counting(
        f"{T_CELLS}/Round",
        T_CELLS,
        "Cells/Singlets/Live",
        CarryOver(f"{T_CELLS}/CD4+", "Live/CD4+"),
        TwoBeads(f"{T_CELLS}/Box", f"{T_CELLS}/Middle", 1.5),
    )
    assert complete.acceptance == Acceptance(Viability("Cells/Singlets/Live", "Cells", 85, 60), Delay(24, 48))
    assert complete.alerts == (
        Alert(f"{T_CELLS}/Middle", "DONOR_T_CELLS", "donor cells with CD3", Severity.WARN),
        Alert(f"{T_CELLS}/CD4+", "CD4_2", "told", Severity.FAIL),
    )
    assert complete.digest == hashlib.sha256(COMPLETE.encode()).hexdigest()


def test_a_sum_has_the_limits_of_the_lymphosum_if_none_are_given():
    template = parse_template(f"{START}  - {{name: U, below: {{channel: CD3, cut: 5}}}}\n{SUM.format('parts: [T, U]')}")

    assert template.sums == (SumCheck("all", "root", ("T", "U"), between=(90, 110), target=(95, 105)),)


def test_a_step_knows_its_name_and_its_parent(complete):
    step = complete.step(f"{T_CELLS}/CD8\\/bright")

    assert (step.name, step.parent) == ("CD8/bright", T_CELLS)


def test_only_the_method_waits_for_data_and_what_is_below_it_is_fixed(complete):
    assert [list(r) for r in complete.rounds] == [["Cells/Singlets"]]
    assert complete.fixed.keys() == set(complete.paths) - {"Cells/Singlets"}


def test_a_byte_order_mark_and_windows_line_ends_are_nothing_to_the_gates(complete, tmp_path):
    (tmp_path / "windows.yaml").write_bytes(b"\xef\xbb\xbf" + COMPLETE.replace("\n", "\r\n").encode())

    assert read_template(tmp_path / "windows.yaml").steps == complete.steps


def test_a_number_may_stand_where_text_is_wanted_and_keeps_its_form():
    template = parse_template(START.replace("version: 1", "version: 1.0").replace("name: T", "name: 4"))

    assert template.version == "1.0"
    assert template.paths == ("4",)


def test_a_scale_is_that_of_the_marker_else_of_its_kind():
    scales = "scales: {fluorescence: {log: {t: 1000, m: 3}}, CD4: linear, scatter: {linear: {t: 1000, a: 0}}}\n"
    gates = "".join(f"  - {{name: {c}, above: {{channel: {c}, cut: 5}}}}\n" for c in ("CD4", "SSC-A", "Time"))

    steps = parse_template(START + gates + scales).steps

    assert [s.gate.dimension.scale.kind for s in steps] == ["log", "linear", "linear", "linear"]
    assert [s.gate.dimension.scale == Identity() for s in steps] == [False, True, False, True]


def test_a_path_from_the_root_tells_populations_of_one_name_apart():
    text = START + "  - {name: B, above: {channel: CD19, cut: 5}}\n"
    text += "".join(f"  - {{name: CD4+, parent: {p}, above: {{channel: CD4, cut: 5}}}}\n" for p in "TB")

    template = parse_template(text + "  - {name: X, parent: root/B/CD4+, above: {channel: CD3, cut: 1}}\n")

    assert template.paths[-1] == "B/CD4+/X"


def test_the_template_s_own_matrix_may_be_a_file_beside_it(tmp_path):
    (tmp_path / "ours.csv").write_text("CD3\n1\n")

    template = parse_template(START + "compensation: ours.csv\n", folder=tmp_path)

    assert template.matrices == (("ours.csv", tmp_path / "ours.csv"),)
    assert template.steps[0].gate.dimension.compensation == "ours.csv"


# What is said about a wrong one


def test_every_mistake_of_a_document_is_told_at_once_with_its_place():
    text = """\
template: wrong
versoin: 1
markers:
  CD3: {alias: [CD3e]}
  CD4: {aliases: [cd3]}
compensation: lab
scales:
  fluoresence: {logicle: {}}
  CD4: {logicel: {}}
populations:
  - {name: T, abov: {channel: CD3, cut: 5}}
  - {name: T4, parent: T, above: {channel: CD4, cut: high}}
  - {name: B, parent: Cells, below: {channel: CD19, cut: .nan}}
  - {name: B, parent: root, range: {channel: CD4, low: 9, high: 1}}
  - {name: P, parent: T4, polygon: {x: CD3, y: CD4, vertices: [[1, 2], [3], [5, 6]]}}
limits: {lod_events: 60, lloq_event: 50}
report:
  - {population: T5, percent_of: root}
"""

    found = [p.split(";")[0] for p in problems(text)]

    assert found == [
        "1:1 missing key 'version'",
        "2:1 unknown key 'versoin' (did you mean 'version'?)",
        "4:9 markers.CD3: unknown key 'alias' (did you mean 'aliases'?)",
        "5:3 markers.CD4: 'cd3' names both 'CD3' and 'CD4'",
        "6:15 compensation: there is no matrix file 'lab' beside the template (or write file, or none)",
        "8:3 scales.fluoresence: no marker or kind of channel is called 'fluoresence' (did you mean 'fluorescence'?)",
        "9:9 scales.CD4.logicel: there is no scale 'logicel' (did you mean 'logicle'?)",
        "11:15 populations[1]: unknown key 'abov' (did you mean 'above'?)",
        "12:54 populations[2].above.cut: expected a number, found 'high'",
        "13:23 populations[3].parent: no population 'Cells' above this line",
        "13:47 populations[3].below.channel: no marker 'CD19'",
        "13:58 populations[3].below.cut: expected a finite number, found '.nan'",
        "14:36 populations[4].range: range on CD4: low 9 is not below high 1",
        "15:72 populations[5].polygon.vertices[2]: expected at least 2 items, found 1",
        "16:26 limits: unknown key 'lloq_event' (did you mean 'lloq_events'?)",
        "18:18 report[1].population: no population 'T5' above this line",
    ]


def test_the_message_names_the_document_and_counts_its_problems(tmp_path):
    (tmp_path / "wrong.yaml").write_text("template: t\nversion: 1\npopulations: []\n")

    with pytest.raises(TemplateError) as caught:
        read_template(tmp_path / "wrong.yaml")

    assert str(caught.value) == (
        f"{tmp_path}/wrong.yaml: 1 problem(s)\n"
        f"  {tmp_path}/wrong.yaml:3:14 populations: expected at least 1 items, found 0"
    )


@pytest.mark.parametrize(
    ("population", "told"),
    [
        # its keys
        ("text", "6:5 populations[2]: a population is a mapping {name: ..., parent: ..., one shape: ...}"),
        ("{above: {channel: CD3, cut: 1}}", "6:5 populations[2]: missing key 'name'"),
        ("{name: [x], above: {channel: CD3, cut: 1}}", "6:12 populations[2].name: expected text"),
        ("{name: '', above: {channel: CD3, cut: 1}}", "6:12 populations[2].name: expected text that is not empty"),
        ("{name: T, above: {channel: CD3, cut: 1}}", "6:12 populations[2].name: there is a population 'T' already"),
        ("{name: root, above: {channel: CD3, cut: 1}}", "'root' is the name of all events; choose another"),
        ("{name: X}", "exactly one shape of: above, below, range, rectangle, polygon, ellipse, ellipsoid, quadrants,"),
        ("{name: X, above: {channel: CD3, cut: 1}, below: {channel: CD3, cut: 2}}", "this one has 2: above, below"),
        ("{name: X, Parent: T, above: {channel: CD3, cut: 1}}", "unknown key 'Parent' (did you mean 'parent'?)"),
        (
            "{name: X, parent: t, above: {channel: CD3, cut: 1}}",
            "no population 't' above this line",
        ),
        ("{name: X, parent: X, above: {channel: CD3, cut: 1}}", "no population 'X' above this line"),
        # its coordinates
        ("{name: X, above: {channel: CD3}}", "6:22 populations[2].above: missing key 'cut'"),
        ("{name: X, above: {channel: CD3, cut: '5'}}", "6:42 populations[2].above.cut: expected a number, found '5'"),
        ("{name: X, above: {channel: CD3, cut: true}}", "expected a number, found True"),
        ("{name: X, above: {channel: CD3, cut: 1e999}}", "expected a finite number, found '1e999'"),
        ("{name: X, above: {channel: CD3, cut: 0123}}", "expected a number, found '0123'"),
        ("{name: X, range: {channel: CD3, low: -.inf}}", "expected a finite number, found '-.inf'"),
        ("{name: X, above: {channel: CD3, cut: 1, units: log}}", "expected 'linear' or 'scale', found 'log'"),
        ("{name: X, above: 5}", "6:22 populations[2].above: expected a mapping {key: value}, found '5'"),
        ("{name: X, polygon: {x: CD3, y: CD4, vertices: [[1, 2], [3, 4], [5, 6, 7]]}}", "at most 2 items, found 3"),
        ("{name: X, polygon: {x: CD3, y: CD4, vertices: [[1, 2], [3, 4], [5, 6]]}}", "lie on one line"),
        (
            "{name: X, polygon: {x: CD3, y: CD4, vertices: [[1, 2], [3, .nan], [5, 6]]}}",
            "vertices[2][2]: expected a fin",
        ),
        ("{name: X, rectangle: {sides: []}}", "rectangle.sides: expected at least 1 items, found 0"),
        (
            "{name: X, rectangle: {sides: [{channel: CD3, lo: 1}]}}",
            "unknown key 'lo' (did you mean 'low'?); known are: ch",
        ),
        ("{name: X, ellipse: {x: CD3, y: CD4, center: [1, 2], covariance: [[1, 2], [2, 1]]}}", "positive definite"),
        ("{name: X, singlets: {area: FSC-A, height: FSC-H, min_events: 5}}", "min_events 5 is below 30"),
        ("{name: X, singlets: {area: FSC-A, height: FSC-H, min_events: 2.5}}", "expected a whole number, found '2.5'"),
        # its dimensions
        (
            "{name: X, above: {channel: CD33, cut: 1}}",
            "no marker 'CD33'; the template's markers are:",
        ),
        (
            "{name: X, above: {channel: {chanel: CD3}, cut: 1}}",
            "a dimension needs either 'channel' or 'ratio', found {'ch",
        ),
        (
            "{name: X, above: {channel: {channel: CD3, ratio: {numerator: CD3, denominator: CD4}}, cut: 1}}",
            "a dimension needs either 'channel' or 'ratio'",
        ),
        ("{name: X, above: {channel: {ratio: {numerator: CD3, denominator: CD8}}, cut: 1}}", "no marker 'CD8'"),
        (
            "{name: X, above: {channel: {ratio: {numerator: CD3, denominator: CD4, a: 0}}, cut: 1}}",
            "ratio scale: a must",
        ),
        (
            "{name: X, above: {channel: {channel: CD3, compensation: lab}, cut: 1}}",
            "compensation: no matrix 'lab'; write",
        ),
        (
            "{name: X, above: {channel: {channel: CD3, compensation: fil}, cut: 1}}",
            "no matrix 'fil' (did you mean 'file'?)",
        ),
        ("{name: X, above: {channel: {channel: CD3, scale: {log: {t: 1}}}, cut: 1}}", "parameter 'm' is missing"),
        (
            "{name: X, above: {channel: {channel: CD3, scale: [log]}, cut: 1}}",
            "a scale is one name, or one name with its",
        ),
        (
            "{name: X, above: {channel: {channel: CD3, scale: {asinh: {cofactor: x}}}, cut: 1}}",
            "are a mapping of numbers",
        ),
        # quadrants
        (
            "{name: X, quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {Q: {CD3: low}}}}",
            "leave 'name' out",
        ),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {Q: {CD3: mid}}}}",
            "low, high or the number of a",
        ),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {Q: {CD3: 1.5}}}}",
            "low, high or the number of a",
        ),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {Q: {CD3: 2}}}}",
            "bins 0 to 1; there is no bin 2",
        ),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {Q: {CD4: low}}}}",
            "no divider on 'CD4'",
        ),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: 5}], populations: {T: {CD3: low}}}}",
            "there is a population 'T' al",
        ),
        ("{quadrants: {dividers: [{channel: CD3, cut: [5, 2]}], populations: {Q: {CD3: low}}}}", "CD3 must increase"),
        (
            "{quadrants: {dividers: [{channel: CD3, cut: []}], populations: {Q: {CD3: low}}}}",
            "expected at least 1 items",
        ),
        # booleans
        ("{name: X, boolean: {and: [T]}}", "boolean.and: 'and' needs two operands or more, it has 1"),
        (
            "{name: X, boolean: {xor: [T, T]}}",
            "boolean: a boolean is one of {and: [...]}, {or: [...]}, {not: population}",
        ),
        ("{name: X, boolean: {not: 5}}", "6:30 populations[2].boolean.not: expected the name of a population, found 5"),
        ("{name: X, boolean: {or: [T, {not: B}]}}", "6:39 populations[2].boolean.or[2].not: no population 'B' above"),
        ("{name: X, boolean: {and: [T, X]}}", "no population 'X' above this line"),
        (
            "{name: X, below: {channel: {channel: CD3, scale: {log: {t: 1, m: 2}}}, cut: -1}}",
            "the range on CD3 is empty",
        ),
    ],
)
def test_a_wrong_population_is_told_in_one_sentence(population, told):
    assert told in problem(population)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "1:1 a template is a mapping that starts with 'template: name'"),
        ("- a\n", "a template is a mapping"),
        (START.replace("[CD3, CD4, CD19]", "[{CD3: {}}, CD4]"), "3:10 markers: expected a list of names, or a mapping"),
        (START.replace("[CD3, CD4, CD19]", "5"), "3:10 markers: expected a list of names, or a mapping"),
        (
            START.replace("template: t", "template:"),
            "1:1 template: expected text (in quotes if it looks like true, false",
        ),
        (START + "compensation: 5\n", "6:15 compensation: there is no matrix file '5' beside the template"),
        (START + "compensation: spill.csv\n", "there is no matrix file 'spill.csv' beside the template"),
        (START + "matrices: {file: a.csv}\n", "6:12 matrices.file: 'file' has a meaning of its own"),
        (START + "limits: {lod_events: 60}\n", "lod_events 60 is above lloq_events 50"),
        (
            START + "limits: {background: [{population: Gone, percent_of_parent: 1}]}\n",
            "'Gone'",
        ),
        (
            START + "limits: {background: [{population: root, percent_of_parent: 1}]}\n",
            "every event is in root; name a population",
        ),
        (
            START
            + "limits: {background: [{population: T, percent_of_parent: 1}, {population: T, percent_of_parent: 2}]}\n",
            "the background of 'T' is given twice",
        ),
        (START + "limits: {background: [{population: A, percent_of_parent: 0}]}\n", "greater than 0, found '0'"),
        (
            START + "limits: {background: [{population: A}]}\n",
            "limits.background[1]: percent_of_parent or controls must be given",
        ),
        (
            START + "limits: {background: [{population: A, controls: []}]}\n",
            "limits.background[1]: percent_of_parent or controls must be given",
        ),
        (
            START + "limits: {background: [{population: A, controls: process}]}\n",
            "a background is measured by fmo:MARKER, pre_infusion or unstained, found 'process'",
        ),
        (
            START + "limits: {background: [{population: T, controls: ['fmo:CD', 'fmo:CD3', 'fmo:CD3']}]}\n",
            "controls[1]: no marker 'CD'; the template's are: CD3, CD4, CD19",
        ),
        (
            START + "limits: {background: [{population: T, controls: ['fmo:CD3', 'fmo:CD3']}]}\n",
            "controls[2]: 'fmo:CD3' is there already",
        ),
        (
            START + "limits: {sensitivity: [{population: T}]}\n",
            "limits.sensitivity[1]: percent_of_parent or cells_per_ul must be given",
        ),
        (
            START + "limits: {sensitivity: [{population: T, cells_per_ul: 1}]}\n",
            "the report does not ask for cells/µL of 'T'; add concentration: true there",
        ),
        (
            START + "limits: {sensitivity: [{population: root, percent_of_parent: 1}]}\n",
            "every event is in root; name a population",
        ),
        (START + "limits: {sensitivity: [{population: Gone, percent_of_parent: 1}]}\n", "'Gone'"),
        (START + "limits: {lod_events: 0}\n", "greater than or equal to 1, found '0'"),
        (START + SUM.format("parts: [T, U]"), "checks.sums[1].parts[2]: no population 'U'"),
        (START + SUM.format("parts: [T]"), "checks.sums[1].parts: expected at least 2 items, found 1"),
        (START + SUM.format("parts: [T, T]"), "checks.sums[1].parts[2]: 'T' is there already; each part counts once"),
        (START + SUM.format("parts: [T, root]"), "checks.sums[1].parts[2]: 'root' is the whole itself"),
        (START + SUM.format("parts: [T, T], between: [96, 110]"), "must lie inside of between [96.0, 110.0], above 0"),
        (
            START + SUM.format("parts: [T, T], target: [105, 95]"),
            "sums[1].target: target [105.0, 95.0] must lie inside",
        ),
        (START + SUM.format("parts: [T, T], between: [90]"), "checks.sums[1].between: expected at least 2 items"),
        (START + "checks: {sums: [{name: a, of: T, parts: 5}]}\n", "checks.sums[1].parts: expected a list"),
        (START + "checks: {total: []}\n", "unknown key 'total'; known are: sums"),
        (START + "report: [5]\n", "6:10 report[1]: expected a mapping {key: value}, found '5'"),
        (START + "report: [{population: T, intensity: [{channel: CD8}]}]\n", "no marker 'CD8'"),
        (
            START + "report: [{population: T, intensity: [{channel: CD3, statistic: mean}]}]\n",
            "expected 'median' or 'geo_mean'",
        ),
        (START + "counting: beads\n", "6:11 counting: expected a mapping {key: value}, found 'beads'"),
        (START + "counting: {bead: T}\n", "counting: unknown key 'bead' (did you mean 'beads'?)"),
        (START + "counting: {beads: U}\n", "6:19 counting.beads: no population 'U' above this line"),
        (START + "counting: {beads: root}\n", "counting.beads: not every event is a bead"),
        (START + "counting: {carry_over: {population: T}}\n", "counting.carry_over: missing key 'counted_as'"),
        (
            START + "counting: {carry_over: {population: B, counted_as: B}}\n",
            "counting.carry_over.population: no population 'B'",
        ),
        (
            START + "counting: {beads: T}\nreport: [{population: T, concentration: true}]\n",
            "report[1].concentration: counting beads are no cells; remove the concentration",
        ),
        (START + "counting: {two_beads: {a: T, b: T}}\n", "beads A and beads B are two populations"),
        (START + "counting: {two_beads: {a: T, b: U}}\n", "counting.two_beads.b: no population 'U'"),
        (START + "counting: {two_beads: {a: T, b: T}}\n", "say which population holds all beads too: beads"),
        (START + "acceptance: {viability: {population: T}}\n", "acceptance.viability: missing key 'of'"),
        (
            START + "acceptance: {viability: {population: T, of: root, warn_below: 50}}\n",
            "acceptance.viability: what is refused is told of before: refuse_below is not above warn_below",
        ),
        (START + "acceptance: {viability: {population: T, of: T}}\n", "acceptance.viability.of: 'T' is not below 'T'"),
        (
            START + "acceptance: {delay_h: {warn_above: 48, refuse_above: 24}}\n",
            "acceptance.delay_h: what is refused is told of before: refuse_above is not below warn_above",
        ),
        (START + "report: [{population: T, headline: yes}]\n", "headline: expected true or false, found 'yes'"),
        (START + "alerts: [{population: T, code: A}]\n", "alerts[1]: missing key 'message'"),
        (START + "alerts: [{population: U, code: A, message: m}]\n", "alerts[1].population: no population 'U'"),
        (
            START + "alerts: [{population: T, code: Donor cells, message: m}]\n",
            "alerts[1].code: a code is written in capitals, as in DONOR_T_CELLS, found 'Donor cells'",
        ),
        (
            START + "alerts: [{population: T, code: A, message: m, severity: bad}]\n",
            "expected 'warn', 'fail' or 'info', found 'bad'",
        ),
        (START.replace("populations:\n", "populations: {}\nx:\n"), "populations: expected a list [...], found {}"),
    ],
)
def test_a_wrong_part_of_the_document_is_told(text, told):
    assert any(told in p for p in problems(text)), problems(text)


def test_what_is_below_a_broken_population_is_not_blamed():
    text = START + (
        "  - {name: B, parent: Nope, above: {channel: CD3, cut: 5}}\n"
        "  - {name: C, parent: root/B, above: {channel: CD3}}\n"
        "  - {name: D, parent: root/B/C, above: {channel: CD3, cut: 5}}\n"
        "  - {name: E, parent: D, boolean: {and: [T, C]}}\n"
        "  - {parent: C, quadrants: {dividers: 5, populations: {Q: {CD3: low}}}}\n"
        "  - {name: F, parent: Q, above: {channel: CD3, cut: 5}}\n"
        "report: [{population: F, percent_of: [Q, B]}]\n"
    )

    assert [p.split(":")[0] for p in problems(text)] == ["6", "7", "10"]


def test_a_name_that_stands_for_several_populations_needs_its_path():
    text = START + (
        "  - {name: B, above: {channel: CD19, cut: 5}}\n"
        "  - {name: CD4+, parent: T, above: {channel: CD4, cut: 5}}\n"
        "  - {name: CD4+, parent: B, above: {channel: CD4, cut: 5}}\n"
        "  - {name: X, parent: CD4+, above: {channel: CD3, cut: 5}}\n"
    )

    (told,) = problems(text)

    assert told.endswith("'CD4+' stands for several populations; write the path: root/T/CD4+, root/B/CD4+")


def test_a_name_with_a_slash_is_not_mistaken_for_a_path():
    text = START + (
        "  - {name: A, parent: T, above: {channel: CD4, cut: 5}}\n"
        "  - {name: T/A, above: {channel: CD4, cut: 5}}\n"
        "  - {name: X, parent: T/A, above: {channel: CD3, cut: 5}}\n"
    )

    (told,) = problems(text)

    assert told.endswith(r"'T/A' stands for several populations; write the path: root/T\/A, root/T/A")
    assert parse_template(text.replace("parent: T/A", r"parent: root/T\/A")).paths[-1] == r"T\/A/X"


def test_a_file_that_is_no_text_is_refused_with_the_place(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("template: t\ndescription: Z\u00fcrich\n".encode("latin-1"))

    with pytest.raises(TemplateError, match=r":2:15 not UTF-8 text; save the template as UTF-8"):
        read_template(tmp_path / "latin.yaml")


def test_a_file_that_is_no_template_at_all_is_not_read_whole(tmp_path):
    with (tmp_path / "huge.yaml").open("wb") as f:
        f.truncate(4_000_001)

    with pytest.raises(TemplateError, match="has 4,000,001 bytes; a template has at most 4,000,000"):
        read_template(tmp_path / "huge.yaml")


junk = st.sampled_from(
    ["", "5", "-1", ".nan", "[]", "{}", "[1, 2]", "{a: 1}", "text", "null", "true", "CD3", "root", "[[1]]"]
)
values = [m.span(1) for m in re.finditer(r"[:\[,] ?([^\s,:\[\]{}]+|\{[^{}]*\}|\[[^\[\]]*\])", COMPLETE)]


@settings(max_examples=40)
@given(st.sampled_from(values), junk)
def test_one_value_replaced_by_anything_is_read_or_told_with_its_place(span, other):
    text = COMPLETE[: span[0]] + other + COMPLETE[span[1] :]
    found = ()
    try:
        parse_template(text)
    except TemplateError as e:
        found = e.problems

    assert all(p.line and p.column for p in found)


@pytest.mark.parametrize("place", ["[1]", "{a: 1}", "1.5", "null"])
def test_a_quadrant_place_of_any_other_kind_is_told(place):
    quadrants = f"{{dividers: [{{channel: CD3, cut: 5}}], populations: {{Q: {{CD3: {place}}}}}}}"

    [told] = problems(START + f"  - {{quadrants: {quadrants}}}\n")

    assert "expected low, high or the number of a bin" in told


@pytest.mark.parametrize("name", ['""', '" A"', '"A\\nB"', '"\\e[31m"'])
def test_a_name_that_no_table_could_show_is_refused_for_quadrants_too(name):
    for population in (
        f"{{name: {name}, above: {{channel: CD3, cut: 1}}}}",
        f"{{quadrants: {{dividers: [{{channel: CD3, cut: 5}}], populations: {{{name}: {{CD3: low}}}}}}}}",
    ):
        assert len(problems(START + f"  - {population}\n")) == 1


def test_a_name_that_comes_again_below_needs_its_path_above_too():
    text = START + "  - {name: X, parent: T, above: {channel: CD4, cut: 1}}\n"
    child = "  - {name: Y, parent: X, above: {channel: CD4, cut: 2}}\n"
    again = "  - {name: X, above: {channel: CD4, cut: 3}}\n"

    assert parse_template(text + child).paths[-1] == "T/X/Y"
    [told] = problems(text + child + again)
    assert "'X' stands for several populations; write the path: root/T/X" in told


def test_a_matrix_path_that_no_system_can_look_up_is_told():
    assert "no matrix file" in problems(START + f"compensation: {'a' * 5000}\n")[0]


def test_another_document_in_place_of_a_template_is_named(tmp_path):
    (tmp_path / "tube.fcs").write_bytes(b"FCS3.1    " + bytes(range(256)))

    with pytest.raises(TemplateError, match="this is an FCS file, not a template"):
        read_template(tmp_path / "tube.fcs")
    assert "this is a study, not a template" in problems("study: s\nmanifest: m.csv\n")[0]
