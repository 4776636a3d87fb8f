"""Figures of an assay's verification."""

import math
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest

from cytoproc.plots.verification import plot_blanks, plot_linearity, plot_precision
from cytoproc.study.assay import Goals, Statistic, verify
from cytoproc.study.assay_plan import Kind, Measurement, Planned

GOALS = Goals()


def measured(kind, n_events, level="", expected=(), population="CAR+"):
    return Measurement(Planned(0, "", Kind(kind), level, expected=expected), population, "T cells", n_events, 10_000)


def assay(n_levels=3, population="CAR+"):
    return [
        *(measured("blank", n, population=population) for n in (0, 1, 2, 1)),
        *(
            measured("dilution", 10 * 2**i + off, f"L{i}", (("percent", 0.1 * 2**i),), population)
            for i in range(n_levels)
            for off in (-3, 0, 3)
        ),
    ]


def series(measurements):
    return {s.statistic: s for s in verify(measurements, goals=GOALS)}


def figures(measurements):
    found = series(measurements)
    percent = found[Statistic.PCT]
    return [plot_blanks(found[Statistic.COUNT]), plot_precision(percent, GOALS), plot_linearity(percent)]


def words(svg):
    """What is written in a figure: matplotlib puts each text into a comment above its outlines."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    return [e.text.strip() for e in ET.fromstring(svg, parser).iter() if e.tag is ET.Comment]


@pytest.mark.parametrize("n_levels", [3, 9])
def test_figures_say_what_they_show(n_levels):
    blanks, precision, linearity = map(words, figures(assay(n_levels)))

    assert {"CAR+: blanks", "limit of blank, 3 events", "chance alone (Poisson, mean 1)"} <= set(blanks)
    assert {"CAR+: precision", "mean, % of T cells", "goal, 25 %", "counting alone (100/√events)"} <= set(precision)
    assert {"CAR+: linearity", "expected, % of T cells", "as expected", "fitted line, slope 1"} <= set(linearity)


def test_the_same_numbers_give_the_same_bytes_whatever_the_settings():
    first = figures(assay())

    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.hashsalt": None}):
        assert figures(assay()) == first


def test_a_figure_has_no_date_and_no_version():
    assert all(b"date>" not in svg and b"Matplotlib" not in svg for svg in figures(assay()))


def test_the_limit_of_quantification_is_drawn_where_there_is_one():
    found = series(assay())[Statistic.PCT]

    assert found.lloq is not None
    assert f"limit of quantification, level {found.lloq.name}" in words(plot_precision(found, GOALS))


@pytest.mark.parametrize("name", ["$x_1$", "a<b&c--d", "CD3\x1b[31m\n", "T 细胞", "x" * 500])
def test_no_name_breaks_a_figure(name):
    assert all(ET.fromstring(svg).tag.endswith("svg") for svg in figures(assay(population=name)))


def test_what_cannot_be_drawn_is_no_figure():
    found = series([measured("replicate", 0, "a"), measured("replicate", 0, "a")])

    assert plot_precision(found[Statistic.PCT], GOALS) is None
    assert plot_linearity(found[Statistic.PCT]) is None
    assert plot_blanks(found[Statistic.COUNT]) is None


def test_levels_without_an_event_and_blanks_that_differ_widely_are_drawn():
    empty = [measured("dilution", 0, "none", (("percent", 0.001),)) for _ in range(3)]
    wide = [measured("blank", n) for n in (0, 5000)]

    assert math.isnan(series([*assay(), *wide])[Statistic.COUNT].limit_of_blank)
    assert None not in figures([*assay(), *empty, *wide])
