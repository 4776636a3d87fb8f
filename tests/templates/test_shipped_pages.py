"""The pages about the shipped templates say what the templates do."""

import math
import re

import pytest

from cytoproc.gates.boolean import BooleanGate, Operator
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.polygon import PolygonGate
from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.paths import split_path
from cytoproc.templates.shipped import shipped_templates
from tests.templates.tubes import shipped

NAMES = list(shipped_templates())


def label(path):
    return split_path(path)[-1]


def between(name, low, high):
    """Return a range in words: `CD3 ≥ 900`."""
    if math.isinf(low):
        return f"{name} < {high:g}"
    return f"{name} ≥ {low:.6g}" if math.isinf(high) else f"{name} {low:.6g} to {high:.6g}"


def boolean(gate):
    parts = [f"({boolean(o)})" if isinstance(o, BooleanGate) else label(o) for o in gate.operands]
    if gate.operator is Operator.NOT:
        return f"not {parts[0]}"
    return f" {gate.operator} ".join(
        p.removeprefix("(").removesuffix(")") if p.startswith("(not") else p for p in parts
    )


def quadrant(gate):
    sides = []
    for (dimension, cuts), place in zip(gate.dividers, gate.cell, strict=True):
        (cut,) = cuts
        if place is not None:
            sides.append(between(str(dimension.source), *((cut, math.inf) if place else (-math.inf, cut))))
    return ", ".join(sides)


def rule(gate):
    """Return what a gate selects, as the pages say it."""
    match gate:
        case RangeGate():
            return between(str(gate.dimension.source), gate.low, gate.high)
        case RectangleGate():
            return ", ".join(rule(side) for side in gate.sides)
        case QuadrantGate():
            return quadrant(gate)
        case PolygonGate():
            return "inside the outline"
        case Singlets():
            return "inside the band of single cells"
        case BooleanGate():
            return boolean(gate)
    raise AssertionError(gate)


def axes(gate):
    return " / ".join(dict.fromkeys(str(d.source) for d in gate.dimensions)) or "–"


def table_under(heading, page):
    """Return the rows of the table under a heading, as lists of cells."""
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split(" | ")] for row in rows[2:]]


@pytest.fixture
def page(repository):
    def read(name):
        return (repository / f"docs/templates/{name}.md").read_text(encoding="utf-8")

    return read


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_every_population_with_its_parent_its_axes_and_its_rule(name, page):
    rows = [row[:4] for row in table_under("Populations", page(name))]

    assert rows == [
        [s.name, label(s.parent) if s.parent else "root", axes(s.gate), rule(s.gate)] for s in shipped(name).steps
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_of_every_cut_by_what_it_is_set(name, page):
    assert [row[0] for row in table_under("Populations", page(name)) if len(row) != 6 or not row[4]] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_gate_is_our_own_or_has_a_source_that_the_page_names(name, page):
    text = page(name)
    sources = {f"[{number}]" for number in re.findall(r"^(\d+)\. ", text.split("\n## Sources\n")[1], re.MULTILINE)}

    unnamed = [
        (row[0], row[5])
        for row in table_under("Populations", text)
        if not set(row[5].split(", ")) <= sources | {"our own"}
    ]

    assert sources
    assert unnamed == []


@pytest.mark.parametrize("name", NAMES)
def test_no_source_is_said_to_hold_what_is_our_own(name, page):
    sources = page(name).split("\n## Sources\n")[1]

    assert [line for line in sources.splitlines() if re.match(r"\d+\.", line) and "our own" in line] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_what_is_reported_and_of_what(name, page):
    rows = table_under("Report", page(name))

    assert rows == [
        [
            label(item.population),
            ", ".join(map(label, item.percent_of)) or "its parent",
            "yes" if item.concentration else "no",
            "yes" if item.headline else "no",
        ]
        for item in shipped(name).report
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_lists_every_marker_and_alert(name, page):
    template = shipped(name)

    markers = [row[0] for row in table_under("Panel", page(name))]

    assert markers == [m.name for m in template.markers]
    assert [alert.code for alert in template.alerts if f"`{alert.code}`" not in page(name)] == []


def test_the_index_links_every_page(repository):
    index = (repository / "docs/templates/index.md").read_text(encoding="utf-8")

    assert [name for name in NAMES if f"]({name}.md)" not in index] == []
