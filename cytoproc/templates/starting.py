"""A first template for a tube, written from one of its files."""

from __future__ import annotations

import json
import re
from math import inf

import numpy as np

from cytoproc.compensation import resolve_compensation
from cytoproc.errors import CompensationError, PanelError, UsageError
from cytoproc.fcs import FCSDataset
from cytoproc.model.panel import Channel, ChannelKind, Panel

__all__ = ["start_template"]

_HEAD = """\
# A gating template. Coordinates are the numbers on a plot's axis (linear units) unless units: scale is given.
# Check it with:  cytoproc templates check THIS_FILE --fcs A_TUBE.fcs

template: {name}
version: 0.1.0
description: Started from one file; every gate is still to be set

# Each marker is found in a file by its label ($PnS) or, where it has none, by its channel ($PnN). Delete those no gate
# uses. Other spellings of a label: CD19: {{aliases: [CD 19, B4]}}
markers:
{markers}
compensation: {compensation}

scales:
  fluorescence: {{logicle: {{t: {top}, w: 0.5, m: 4.5, a: 0}}}}

populations:
{populations}"""

_CELLS = """\
  # Cells without debris: move the corners on a plot of {x} against {y}.
  - name: Cells
    parent: root
    polygon:
      x: {x}
      y: {y}
      vertices: [[{a}, {b}], [{c}, {b}], [{c}, {c}], [{a}, {c}]]
"""

_SINGLETS = """\
  # Single cells: a band around the robust line of height on area, found in each file.
  - name: Singlets
    parent: Cells
    singlets: {{area: {area}, height: {height}}}
"""

_MARKER = """\
  # {quoted}: put the cut between the negative and the positive events (an FMO control tells where).
  - name: {population}
    parent: {parent}
    above: {{channel: {quoted}, cut: {cut}}}
"""

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")  # YAML wants these escaped


def start_template(dataset: FCSDataset, name: str) -> str:
    """Return a template document that is valid for this file: its markers, a scale, and a gate to start from for each.

    The gates are placeholders to be moved; only the singlet band is found in the data. Channels that cannot be told
    from others by their names are left out.

    Raises
    ------
    UsageError
        If no channel is left.
    """
    panel = dataset.panel
    markers = _markers(panel)
    channels = [channel for _, channel in markers]
    top = max((t for c in channels if 0 < (t := _linear_top(c)) < inf), default=262144.0)
    populations, parent = _front(panel, top)
    cut = _round(top / 300)  # above the spread of negative events on most instruments
    for label, _ in markers:
        population = _quoted(f"{_one_line(label)}+")
        populations += _MARKER.format(population=population, parent=parent, quoted=_quoted(label), cut=cut)
    if not populations:
        msg = f"no template can be started from a file with these channels: {panel.describe()}"
        raise UsageError(msg)
    return _HEAD.format(
        name=_quoted(name),
        markers="".join(f"  {_quoted(marker)}: {{}}\n" for marker, _ in markers),
        compensation=_compensation(dataset),
        top=_plain(top),
        populations=populations,
    )


def _wanted(channel: Channel, panel: Panel) -> bool:
    """Leave out heights and widths of detectors whose area is there, or the area if only the height is amplified."""
    detector, _, feature = channel.name.rpartition("-")
    pulse = {c.name: c for c in panel.channels}
    area, height = pulse.get(f"{detector}-A"), pulse.get(f"{detector}-H")
    if area is None:
        return True
    by_height = height is not None and height.decades > 0 and area.decades == 0
    return feature == ("H" if by_height else "A") or feature not in {"A", "H", "W"}


def _linear_top(channel: Channel) -> float:
    return float(channel.linearize(np.array([channel.top]))[0])


def _one_line(text: str) -> str:
    """Return text as the name of a population may be: no line breaks, control characters or spaces at the ends."""
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _markers(panel: Panel) -> list[tuple[str, Channel]]:
    """Return the channels to gate on, each with a name: its label where no other channel has that, else its `$PnN`."""
    wanted = {j: c for j, c in enumerate(panel.channels) if _wanted(c, panel)}
    words = [w for c in wanted.values() for w in {c.label.strip().casefold(), c.name.casefold()}]
    found = []
    for j, channel in wanted.items():
        if channel.kind is not ChannelKind.FLUORESCENCE:
            continue
        label = channel.label.strip()
        names = [label] if label and words.count(label.casefold()) == 1 else []
        name = next((n for n in (*names, channel.name) if _is_found(panel, j, n)), None)
        if name is not None:
            found.append((name, channel))
    return found


def _is_found(panel: Panel, index: int, name: str) -> bool:
    try:
        return panel.find(name) == index
    except PanelError:
        return False


def _compensation(dataset: FCSDataset) -> str:
    try:
        found = resolve_compensation("file", dataset.keywords, dataset.panel)
    except CompensationError as e:
        why = "".join(c if c.isprintable() else " " for c in str(e))
        return f"none   # {why}"
    if found.spillover is None:
        return "none   # the file holds no matrix"
    return f"file   # the matrix of each file, here {found.spillover.source}"


def _front(panel: Panel, top: float) -> tuple[str, str]:
    """Return the gates on scatter that the panel allows, and the population they end in."""
    text, parent = "", "root"
    x, y = (_first(panel, k, "A") or _first(panel, k, "H") for k in ("FSC", "SSC"))
    if x and y:
        span = max((t for c in (x, y) if 0 < (t := _linear_top(c)) < inf), default=top)
        a, b, c = (_round(part * span) for part in (0.1, 0.01, 0.98))
        text += _CELLS.format(x=_quoted(x.name), y=_quoted(y.name), a=a, b=b, c=c)
        parent = "Cells"
    height = _first(panel, "FSC", "H")
    if parent == "Cells" and x and height and height.name != x.name:
        text += _SINGLETS.format(area=_quoted(x.name), height=_quoted(height.name))
        parent = "Singlets"
    return text, parent


def _round(value: float) -> str:
    """Return three figures of a number: a place to start from looks like one."""
    return _plain(float(f"{value:.3g}"))


def _plain(value: float) -> str:
    """Return a number without an exponent, as a person writes it."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _first(panel: Panel, kind: str, feature: str) -> Channel | None:
    wanted = re.compile(rf"^{kind}[\w ]*-{feature}$", re.IGNORECASE)
    return next((c for j, c in enumerate(panel.channels) if wanted.match(c.name) and _is_found(panel, j, c.name)), None)


def _quoted(text: str) -> str:
    """Return text as YAML reads it back: plain if it is a plain word, else in quotes."""
    plain = re.fullmatch(r"[A-Za-z][\w+-]*", text) and text.lower() not in {
        "null",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
    }
    if plain:
        return text
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))
