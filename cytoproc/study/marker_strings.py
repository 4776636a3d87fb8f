"""Populations by their markers: `CD3+CD4+`, from the gates on the way to each."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from cytoproc.gates.ranges import QuadrantGate, RangeGate, RectangleGate
from cytoproc.model.paths import ROOT
from cytoproc.templates.template import GatingTemplate

__all__ = ["marker_strings"]


def marker_strings(template: GatingTemplate) -> dict[str, str]:
    """Return the marker string of every population of a template, by path.

    A range, the side of a rectangle or a quadrant on a listed marker gives it a sign: `+` if it has a lower bound
    alone, `-` if it has an upper bound alone. Markers stand in the order of the tree, each once with its last sign, and
    without blanks and hyphens, as in the marker strings of CDISC's cell phenotyping (SDTMIG 3.4, CP). Shapes of two
    dimensions, combinations of populations and fitted bands give no sign, so the string is what the cuts say and not
    all that the gates ask.

    Examples
    --------
    >>> from cytoproc.templates.reading import parse_template
    >>> lines = (
    ...     "{template: example, version: '1', markers: [CD3, HLA-DR], populations: [",
    ...     "{name: T, above: {channel: CD3, cut: 100}},",
    ...     "{name: Resting, parent: T, below: {channel: HLA-DR, cut: 500}}]}",
    ... )
    >>> marker_strings(parse_template(" ".join(lines)))
    {'root': '', 'T': 'CD3+', 'T/Resting': 'CD3+HLADR-'}
    """
    listed = {m.name for m in template.markers}
    signs: dict[str, dict[str, str]] = {ROOT: {}}
    for step in template.steps:
        found = {marker: sign for marker, sign in _signs(step.gate) if marker in listed}
        signs[step.path] = signs[step.parent] | found
    return {path: "".join(_plain(marker) + sign for marker, sign in each.items()) for path, each in signs.items()}


def _signs(gate: object) -> Iterator[tuple[str, str]]:
    match gate:
        case RangeGate(dimension=dimension, low=low, high=high):
            if isinstance(dimension.source, str) and (low == -inf) != (high == inf):
                yield dimension.source, "-" if low == -inf else "+"
        case RectangleGate(sides=sides):
            for side in sides:
                yield from _signs(side)
        case QuadrantGate(dividers=dividers, cell=cell):
            for (dimension, cuts), place in zip(dividers, cell, strict=True):
                if isinstance(dimension.source, str) and place in {0, len(cuts)}:
                    yield dimension.source, "-" if place == 0 else "+"


def _plain(marker: str) -> str:
    return "".join(letter for letter in marker if letter.isalnum())
