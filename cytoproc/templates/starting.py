"""A first template for a tube, written from one of its files."""

from __future__ import annotations

import json
import re
from math import inf

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

# Each marker is found in a file by its name or an alias, in $PnS or $PnN. Delete those no gate uses.
markers:
{markers}
compensation: {compensation}

scales:
  fluorescence: {{logicle: {{t: {top:g}, w: 0.5, m: 4.5, a: 0}}}}

populations:
{populations}"""

_CELLS = """\
  # Cells without debris: move the corners on a plot of {x} against {y}.
  - name: Cells
    parent: root
    polygon:
      x: {x}
      y: {y}
      vertices: [[{a:g}, {b:g}], [{c:g}, {b:g}], [{c:g}, {c:g}], [{a:g}, {c:g}]]
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
    above: {{channel: {quoted}, cut: {cut:g}}}
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
    top = max((c.top for c in channels if 0 < c.top < inf), default=262144.0)
    populations, parent = _front(panel, top)
    cut = _round(top / 300)  # above the spread of negative events on most instruments
    for label, _ in markers:
        populations += _MARKER.format(population=_quoted(f"{label}+"), parent=parent, quoted=_quoted(label), cut=cut)
    if not populations:
        msg = f"no template can be started from a file with these channels: {panel.describe()}"
        raise UsageError(msg)
    return _HEAD.format(
        name=_quoted(name),
        markers="".join(
            f"  {_quoted(n)}: {{aliases: [{_quoted(c.name)}]}}\n" if n != c.name else f"  {_quoted(n)}: {{}}\n"
            for n, c in markers
        ),
        compensation=_compensation(dataset),
        top=top,
        populations=populations,
    )


def _wanted(channel: Channel, panel: Panel) -> bool:
    """Leave out heights and widths of detectors whose area is there."""
    detector, _, feature = channel.name.rpartition("-")
    return feature not in {"H", "W"} or f"{detector}-A" not in panel.names


def _markers(panel: Panel) -> list[tuple[str, Channel]]:
    """Return the channels to gate on, each with a name: its label where no other channel has that, else its `$PnN`."""
    wanted = {j: c for j, c in enumerate(panel.channels) if _wanted(c, panel)}
    words = [w for c in wanted.values() for w in {c.label.strip().casefold(), c.name.casefold()}]
    found = []
    for j, channel in wanted.items():
        if channel.kind is not ChannelKind.FLUORESCENCE:
            continue
        label = channel.label.strip()
        name = label if label and words.count(label.casefold()) == 1 else channel.name
        if _is_found(panel, j, name):
            found.append((name, channel))
    return found


def _is_found(panel: Panel, index: int, name: str) -> bool:
    try:
        return panel.find(name, [panel.channels[index].name]) == index
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
    x, y = _first(panel, "FSC", "A"), _first(panel, "SSC", "A")
    if x and y:
        span = max((c.top for c in (x, y) if 0 < c.top < inf), default=top)
        text += _CELLS.format(
            x=_quoted(x.name), y=_quoted(y.name), a=_round(0.1 * span), b=_round(0.01 * span), c=_round(0.98 * span)
        )
        parent = "Cells"
    height = _first(panel, "FSC", "H")
    if parent == "Cells" and x and height and height.name != x.name:
        text += _SINGLETS.format(area=_quoted(x.name), height=_quoted(height.name))
        parent = "Singlets"
    return text, parent


def _round(value: float) -> float:
    """Return three figures of a number: a place to start from looks like one."""
    return float(f"{value:.3g}")


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
