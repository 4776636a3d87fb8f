"""Templates applied to events."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cytoproc.gates.methods.singlets import Singlets
from cytoproc.gates.ranges import RangeGate
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.paths import ROOT
from cytoproc.templates.applying import gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.observers import Intensities, Memberships, Overlaps
from cytoproc.templates.reading import parse_template
from cytoproc.transforms.registry import make_transform

PANEL = Panel((Channel("FSC-A"), Channel("FSC-H"), Channel("B530-A", "CD4"), Channel("Y585-A", "CD8")))
SPILL = {"SPILL": "2,B530-A,Y585-A,1,0.25,0,1"}
HEAD = "template: t\nversion: 1\nmarkers: [CD4, CD8]\n"
NONE = HEAD + "compensation: none\n"

BRANCHES = (
    NONE
    + """\
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 100}}
  - {name: CD4+, parent: Cells, above: {channel: CD4, cut: 10}}
  - {name: CD4-, parent: Cells, boolean: {not: CD4+}}
  - {name: Big, parent: root, above: {channel: FSC-H, cut: 50}}
  - {name: Big CD4+, parent: root, boolean: {and: [CD4+, Big]}}
  - {name: CD8 of big, parent: CD4-, boolean: {or: [Big, {not: Cells}]}}
  - parent: Cells
    quadrants:
      dividers: [{channel: CD4, cut: 10}, {channel: CD8, cut: [5, 20]}]
      populations:
        Q00: {CD4: low, CD8: low}
        Q01: {CD4: low, CD8: 1}
        Q02: {CD4: low, CD8: high}
        Q10: {CD4: high, CD8: low}
        Q11: {CD4: high, CD8: 1}
        Q12: {CD4: high, CD8: high}
"""
)
NESTED = (
    NONE
    + """\
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 20000}}
  - {name: Singlets, parent: Cells, singlets: {area: FSC-A, height: FSC-H}}
  - {name: CD4+, parent: Singlets, above: {channel: CD4, cut: 500}}
  - {name: Again, parent: CD4+, singlets: {area: FSC-A, height: FSC-H, width: 2, min_events: 30}}
  - {name: Other, parent: root, singlets: {area: CD4, height: CD8}}
  - {name: Doublets, parent: Cells, boolean: {and: [{not: Singlets}, {not: Other}]}}
  - {name: Last, parent: Doublets, singlets: {area: FSC-A, height: FSC-H, min_events: 30, fallback: [0.2, 0.6]}}
"""
)


@functools.cache
def read(text):
    return parse_template(text)


def table(*rows, panel=PANEL, dtype=np.float32):
    return EventTable(np.array(rows, dtype=dtype).reshape(-1, len(panel)), panel)


def gated(text, events, *observers, size=None, keywords=None):
    """Apply a template to a table, in chunks of `size` events that share one buffer as those of a file do."""
    bound = bind_template(read(text), events.panel, keywords or {})
    step = size or max(1, len(events))

    def chunks():
        buffer = np.empty((step, len(events.panel)), dtype=events.values.dtype)
        for start in range(0, len(events), step):
            part = events.values[start : start + step]
            buffer[: len(part)] = part
            yield EventTable(buffer[: len(part)], events.panel)

    return gate_events(chunks, bound, observers=observers)


def counts(text, events, **more):
    return dict(gated(text, events, **more).counts)


def simulated(n=4_000):
    """Return cells with doublets, and CD4 and CD8 that follow a line of their own."""
    rng = np.random.default_rng(5)
    area = np.exp(rng.normal(np.log(60_000), 0.3, n))
    height = 0.8 * area * (1 + 0.04 * rng.standard_normal(n))
    area[::7] *= 1.9
    cd4 = np.exp(rng.normal(np.log(600), 0.6, n))
    return EventTable(
        np.column_stack([area, height, cd4, cd4 * (1 + 0.1 * rng.standard_normal(n))]).astype(np.float32), PANEL
    )


# Counts by hand


def test_a_population_holds_the_events_of_its_parent_that_its_gate_holds():
    text = NONE + (
        "populations:\n"
        "  - {name: Cells, range: {channel: FSC-A, low: 100, high: 900}}\n"
        "  - {name: CD4+, parent: Cells, above: {channel: CD4, cut: 10}}\n"
        "  - {name: CD8-, parent: CD4+, below: {channel: CD8, cut: 5}}\n"
    )
    events = table([50, 0, 99, 0], [100, 0, 9, 0], [100, 0, 10, 5], [500, 0, 11, 4], [899, 0, 12, 0], [900, 0, 99, 0])

    assert counts(text, events) == {ROOT: 6, "Cells": 4, "Cells/CD4+": 3, "Cells/CD4+/CD8-": 2}


def test_booleans_reach_into_other_branches():
    events = table(
        [200, 60, 20, 0],  # Cells, Big, CD4+
        [200, 40, 20, 0],  # Cells, CD4+
        [200, 60, 0, 0],  # Cells, Big, CD4-
        [200, 40, 0, 0],  # Cells, CD4-
        [50, 60, 20, 0],  # Big
        [50, 40, 20, 0],
    )

    found = counts(BRANCHES, events)

    assert {name: found[name] for name in ("Cells", "Cells/CD4+", "Cells/CD4-", "Big", "Big CD4+")} == {
        "Cells": 4,
        "Cells/CD4+": 2,
        "Cells/CD4-": 2,
        "Big": 3,
        "Big CD4+": 1,
    }
    assert found["Cells/CD4-/CD8 of big"] == 1


def test_quadrants_add_up_to_their_parent():
    events = table(*[[200, 0, cd4, cd8] for cd4 in (9, 10, 11) for cd8 in (4, 5, 19, 20, 21)])

    found = counts(BRANCHES, events)

    assert {k[-3:]: n for k, n in found.items() if "/Q" in k} == {
        "Q00": 1,
        "Q01": 2,
        "Q02": 2,
        "Q10": 2,
        "Q11": 4,
        "Q12": 4,
    }


def test_a_ratio_is_a_dimension_like_any_other():
    channel = "{ratio: {numerator: CD4, denominator: CD8, a: 2, b: 1, c: 1}, scale: {log: {t: 100, m: 2}}}"
    text = NONE + f"populations: [{{name: R, above: {{channel: {channel}, cut: 0.5, units: scale}}}}]\n"  # 10 or more
    events = table([0, 0, 6, 2], [0, 0, 5.9, 2], [0, 0, 9, 1], [0, 0, -9, 2])

    assert counts(text, events) == {ROOT: 4, "R": 1}


def test_a_compensated_dimension_stands_beside_an_uncompensated_one():
    text = HEAD + (
        "populations:\n"
        "  - {name: True, above: {channel: CD8, cut: 5}}\n"
        "  - {name: Seen, above: {channel: {channel: CD8, compensation: none}, cut: 5}}\n"
        "  - name: Both\n"
        "    rectangle: {sides: [{channel: CD8, high: 5}, {channel: {channel: CD8, compensation: none}, low: 5}]}\n"
    ).replace("name: True", "name: Real")
    events = table([0, 0, 100, 25], [0, 0, 100, 30], [0, 0, 100, 35], [0, 0, 0, 4])  # CD8 is 0, 5, 10 and 4

    assert counts(text, events, keywords=SPILL) == {ROOT: 4, "Real": 2, "Seen": 3, "Both": 1}


def test_a_child_is_compensated_as_its_parent_was():
    text = HEAD + (
        "populations:\n"
        "  - {name: CD4+, above: {channel: CD4, cut: 50}}\n"
        "  - {name: CD8+, parent: CD4+, above: {channel: CD8, cut: 5}}\n"
        "  - {name: CD8 real, parent: CD4+, range: {channel: CD8, low: 10, high: 11}}\n"
    )
    events = table([0, 0, 0, 99], [0, 0, 100, 25], [0, 0, 200, 60], [0, 0, 10, 80], [0, 0, 60, 19])

    assert counts(text, events, keywords=SPILL) == {ROOT: 5, "CD4+": 3, "CD4+/CD8+": 1, "CD4+/CD8 real": 1}


def test_stored_values_are_compared_in_linear_units():
    panel = Panel(
        (Channel("FSC-A", gain=4.0), Channel("FL1-A", "CD4", decades=4.0, top=1024.0), Channel("FL2-A", "CD8"))
    )
    text = NONE + (
        "populations:\n"
        "  - {name: Cells, above: {channel: FSC-A, cut: 100}}\n"
        "  - {name: CD4+, parent: Cells, above: {channel: CD4, cut: 100}}\n"
    )
    events = table([399, 1000, 0], [400, 511, 0], [400, 512, 0], panel=panel)  # 10 ** (4 * 512 / 1024) is 100

    assert counts(text, events) == {ROOT: 3, "Cells": 2, "Cells/CD4+": 1}


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_an_event_without_a_number_leaves_the_root_and_is_counted(odd):
    text = NONE + (
        "populations:\n  - {name: CD4+, above: {channel: CD4, cut: 10}}\n  - {name: Rest, boolean: {not: CD4+}}\n"
    )
    events = table([0, 0, 20, 0], [0, 0, odd, 0], [0, odd, 5, odd], [0, 0, 5, 0])

    memberships = Memberships(["CD4+", "Rest"])
    found = gated(text, events, memberships)

    assert (found.n_events, found.n_nonfinite) == (4, 1)
    assert found.counts == {ROOT: 3, "CD4+": 1, "Rest": 2}
    assert {k: m.tolist() for k, m in memberships.masks().items()} == {
        "CD4+": [True, False, False, False],
        "Rest": [False, False, True, True],
    }


def test_a_detector_that_only_the_matrix_reads_must_hold_a_number_too():
    text = HEAD + "populations: [{name: CD8+, above: {channel: CD8, cut: 10}}]\n"
    events = table([np.nan, 0, 0, 20], [0, 0, np.nan, 20])

    found = gated(text, events, keywords=SPILL)

    assert (found.n_nonfinite, found.counts["CD8+"]) == (1, 1)


def test_a_value_that_the_scale_cannot_map_is_outside_and_in_the_complement():
    text = NONE + (
        "scales: {CD4: {log: {t: 1000, m: 3}}}\n"
        "populations:\n  - {name: Low, below: {channel: CD4, cut: 10}}\n  - {name: Rest, boolean: {not: Low}}\n"
    )
    events = table([0, 0, -5, 0], [0, 0, 0, 0], [0, 0, 5, 0], [0, 0, 50, 0])

    assert counts(text, events) == {ROOT: 4, "Low": 2, "Rest": 2}


@pytest.mark.parametrize("text", [BRANCHES, NESTED])
def test_no_events_are_no_events_in_every_population(text):
    memberships = Memberships(["Cells"])
    found = gated(text, table(), memberships)

    assert set(found.counts.values()) == {0}
    assert (found.n_events, found.n_nonfinite) == (0, 0)
    assert memberships.masks()["Cells"].tolist() == []
    assert all(f.source == "FALLBACK" for f in found.fitted.values())


# Methods


def test_a_method_is_fitted_to_its_parent_s_events_and_said_to_be():
    events = simulated()
    found = gated(NESTED, events)

    area, height = (events.values[:, j].astype(float) for j in (0, 1))
    cells = area >= 20_000
    band = found.fitted["Cells/Singlets"].gate
    single = band.intercept + band.slope * area
    inside = cells & (height >= single * band.low) & (height < single * band.high)
    assert found.counts["Cells/Singlets"] == inside.sum()
    assert band.slope == pytest.approx(0.8, rel=0.03)
    assert found.fitted.keys() == {"Cells/Singlets", "Cells/Singlets/CD4+/Again", "Other", "Cells/Doublets/Last"}
    assert f"from {cells.sum()} events" in found.fitted["Cells/Singlets"].note


def test_methods_wait_for_those_above_them_and_those_their_booleans_ask():
    template = read(NESTED)

    assert [sorted(r) for r in template.rounds] == [
        ["Cells/Singlets", "Other"],
        ["Cells/Doublets/Last", "Cells/Singlets/CD4+/Again"],
    ]
    assert all(isinstance(m, Singlets) for r in template.rounds for m in r.values())


@pytest.mark.parametrize("size", [1, 7, 1_000, 3_999, 4_000, 9_999])
def test_chunks_give_what_the_whole_gives(size):
    events = simulated(400) if size == 1 else simulated()
    memberships, in_chunks = (Memberships(read(NESTED).paths) for _ in range(2))
    whole = gated(NESTED, events, memberships)

    chunked = gated(NESTED, events, in_chunks, size=size)

    assert chunked == whole
    assert all((in_chunks.masks()[path] == mask).all() for path, mask in memberships.masks().items())


def test_a_file_is_read_once_more_for_every_round_of_methods_and_a_file_of_one_chunk_once():
    events = simulated(400)
    bound = bind_template(read(NESTED), PANEL, {})
    reads = []

    def chunks(n):
        reads.append(n)
        yield from (EventTable(part, PANEL) for part in np.array_split(events.values, n))

    for n in (1, 3):
        gate_events(lambda n=n: chunks(n), bound)

    assert reads == [1, 3, 3, 3]


# Observers


REPORTED = (
    HEAD
    + """\
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 100}}
  - {name: None, parent: Cells, above: {channel: FSC-A, cut: 1000}}
report:
  - {population: Cells, intensity: [{channel: CD8}, {channel: CD8, statistic: geo_mean}, {channel: FSC-A}]}
  - {population: None, intensity: [{channel: CD8}, {channel: CD8, statistic: geo_mean}]}
"""
)
LIT = table([100, 0, 100, 27], [200, 0, 100, 29], [300, 0, 100, 33], [400, 0, 0, -6], [50, 0, 0, 999])  # CD8: 2 4 8 -6


@pytest.mark.parametrize("size", [1, 2, None])
def test_an_intensity_is_the_middle_of_compensated_linear_values(size):
    intensities = Intensities(read(REPORTED))

    gated(REPORTED, LIT, intensities, size=size, keywords=SPILL)

    *of_cells, median, geo_mean = intensities.results()
    assert [(i.path, i.marker, i.statistic) for i in of_cells] == [
        ("Cells", "CD8", "median"),
        ("Cells", "CD8", "geo_mean"),
        ("Cells", "FSC-A", "median"),
    ]
    assert [i.value for i in of_cells] == pytest.approx([3, 4, 250])  # the geometric mean of 2, 4 and 8
    assert np.isnan([median.value, geo_mean.value]).all()


def test_values_are_kept_when_the_next_chunk_takes_their_place_in_memory():
    text = NONE + (
        "populations: [{name: Cells, above: {channel: FSC-A, cut: 100}}]\n"
        "report: [{population: root, intensity: [{channel: FSC-A}]}]\n"
    )
    intensities = Intensities(read(text))

    gated(text, LIT, intensities, size=1)

    assert [i.value for i in intensities.results()] == [200]


@pytest.mark.parametrize("size", [1, 2, None])
def test_an_overlap_is_the_events_in_both(size):
    overlaps = Overlaps([("Big", "Cells"), ("Cells", "Big"), ("Cells/CD4-", "Cells")])
    events = table([200, 60, 20, 0], [200, 40, 0, 0], [50, 60, 20, 0], [200, 60, 0, 0])

    gated(BRANCHES, events, overlaps, size=size)

    assert overlaps.counts == {("Big", "Cells"): 2, ("Cells", "Big"): 2, ("Cells/CD4-", "Cells"): 2}


# Laws

rows = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 40), st.just(4)),
    elements=st.sampled_from(
        [-50.0, -0.0, 4.5, 5.0, 9.5, 10.0, 19.5, 20.0, 49.5, 50.0, 99.5, 100.0, 101.0, float("nan")]
    ),
)


@given(rows)
def test_a_child_is_within_its_parent(values):
    events = EventTable(values, PANEL)
    template = read(BRANCHES)
    memberships = Memberships(template.paths)

    found = gated(BRANCHES, events, memberships)

    masks = memberships.masks()
    assert all(found.counts[s.path] <= found.counts[s.parent] for s in template.steps)
    assert all(not (masks[s.path] & ~masks[s.parent]).any() for s in template.steps if s.parent != ROOT)
    assert all(masks[path].sum() == found.counts[path] for path in masks)


@given(rows)
def test_a_gate_and_its_complement_and_the_quadrants_hold_every_event_once(values):
    found = counts(BRANCHES, EventTable(values, PANEL))

    assert found["Cells/CD4+"] + found["Cells/CD4-"] == found["Cells"]
    assert sum(n for path, n in found.items() if "/Q" in path) == found["Cells"]


@given(rows, st.randoms(use_true_random=False), st.integers(1, 10))
def test_the_order_of_events_and_the_chunks_are_nothing(values, random, size):
    order = list(range(len(values)))
    random.shuffle(order)

    shuffled = gated(BRANCHES, EventTable(values[order], PANEL), size=size)

    assert shuffled == gated(BRANCHES, EventTable(values, PANEL))


@given(
    st.sampled_from(
        [
            ("log", {"t": 10000, "m": 4}),
            ("logicle", {"t": 262144, "w": 0.5, "m": 4.5, "a": 0}),
            ("asinh", {"t": 10000, "m": 4, "a": 1}),
            ("hyperlog", {"t": 10000, "w": 1, "m": 4.5, "a": 0}),
        ]
    ),
    st.floats(0.05, 0.95),
    st.sampled_from([np.float32, np.float64]),
)
def test_a_cut_on_a_scale_is_transform_then_compare_on_the_bound_itself(scale, cut, dtype):
    kind, parameters = scale
    channel = f"{{channel: CD4, scale: {{{kind}: {parameters}}}}}".replace("'", "")
    text = NONE + f"populations: [{{name: Above, above: {{channel: {channel}, cut: {cut!r}, units: scale}}}}]\n"
    forward = make_transform(kind, parameters).forward
    gate = read(text).fixed["Above"]
    bound = np.array([gate.linear_bounds[0]], dtype=dtype)
    around = np.concatenate([np.nextafter(bound, dtype(-np.inf)), bound, np.nextafter(bound, dtype(np.inf)), [-1, 0]])
    memberships = Memberships(["Above"])

    gated(text, table(*[[0, 0, x, 0] for x in around], dtype=dtype), memberships)

    assert isinstance(gate, RangeGate)
    assert memberships.masks()["Above"].tolist() == (forward(around.astype(dtype)) >= cut).tolist()
