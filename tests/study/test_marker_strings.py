"""Marker strings, by hand."""

import pytest

from cytoproc.study.marker_strings import marker_strings
from cytoproc.templates.reading import parse_template

TEMPLATE = parse_template("""\
template: tree
version: "1"
markers: [CD3, CD19, CD27, HLA-DR, PD 1]
populations:
  - {name: Cells, polygon: {x: FSC-A, y: CD3, vertices: [[0, 0], [9, 0], [9, 9]]}}
  - {name: Low SSC, parent: Cells, below: {channel: SSC-A, cut: 100}}
  - {name: T, parent: Low SSC, rectangle: {sides: [{channel: CD3, low: 10}, {channel: CD19, high: 10}]}}
  - {name: Active, parent: T, above: {channel: HLA-DR, cut: 10}}
  - {name: Middle, parent: Active, range: {channel: HLA-DR, low: 20, high: 30}}
  - {name: Dim, parent: Middle, below: {channel: CD3, cut: 50}}
  - {name: Either, parent: T, boolean: {or: [Active, Dim]}}
  - {name: Exhausted, parent: Either, above: {channel: PD 1, cut: 10}}
  - {name: Ratio, parent: T, above: {channel: {ratio: {numerator: CD3, denominator: CD19}}, cut: 2}}
  - parent: T
    quadrants:
      dividers: [{channel: CD27, cut: [10, 20]}, {channel: PD 1, cut: 5}]
      populations:
        corner: {CD27: low, PD 1: high}
        edge: {CD27: 1, PD 1: low}
        side: {CD27: high}
""")


@pytest.mark.parametrize(
    ("path", "string"),
    [
        ("root", ""),
        ("Cells", ""),  # a polygon gives no sign
        ("Cells/Low SSC", ""),  # SSC-A is no listed marker
        ("Cells/Low SSC/T", "CD3+CD19-"),
        ("Cells/Low SSC/T/Active", "CD3+CD19-HLADR+"),  # without the hyphen, which would read as a sign
        ("Cells/Low SSC/T/Active/Middle", "CD3+CD19-HLADR+"),  # two bounds give no sign, so the one before stays
        ("Cells/Low SSC/T/Active/Middle/Dim", "CD3-CD19-HLADR+"),  # each marker once, with its last sign
        ("Cells/Low SSC/T/Either", "CD3+CD19-"),
        ("Cells/Low SSC/T/Either/Exhausted", "CD3+CD19-PD1+"),
        ("Cells/Low SSC/T/Ratio", "CD3+CD19-"),
        ("Cells/Low SSC/T/corner", "CD3+CD19-CD27-PD1+"),
        ("Cells/Low SSC/T/edge", "CD3+CD19-PD1-"),  # the middle of two dividers gives no sign
        ("Cells/Low SSC/T/side", "CD3+CD19-CD27+"),
    ],
)
def test_a_population_has_the_signs_that_the_cuts_on_the_way_to_it_give(path, string):
    assert marker_strings(TEMPLATE)[path] == string


def test_every_population_has_a_string():
    assert set(marker_strings(TEMPLATE)) == {"root", *TEMPLATE.paths}
