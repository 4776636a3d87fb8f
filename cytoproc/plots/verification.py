"""Figures of an assay's verification: how precise, how straight, how high its blanks."""

from __future__ import annotations

import io
import math
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from scipy.special import pdtr

from cytoproc.study.assay import Goals, Series, Statistic
from cytoproc.study.assay_findings import in_unit

__all__ = ["plot_blanks", "plot_linearity", "plot_precision"]

_LOOK: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "figure.dpi": 72,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.alpha": 0.25,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "cytoproc",
    "text.parse_math": False,
}
_SIZE = (7.2, 5.0)
_MEASURED, _GOAL, _CHANCE, _LIMIT = "#1f4e79", "#b3261e", "#7f7f7f", "#2e7d32"
_BAR = "#9fbad3"
_LONGEST = 60
_MOST_BARS = 40
_DECADE_AXIS = 20.0


def plot_precision(of: Series, goals: Goals) -> bytes | None:
    """Return an SVG of CV on level: measured with its interval, the goal, and what counting alone gives.

    None if no level has a CV.
    """
    levels = [v for v in of.levels if v.measured_cv > 0]
    if not levels:
        return None

    def draw(axes: Axes) -> None:
        x, y = [v.precision.mean for v in levels], [v.measured_cv for v in levels]
        counting = [(v.precision.mean, v.counting_cv) for v in of.levels if v.counting_cv > 0 and v.precision.mean > 0]
        axes.plot(*zip(*counting, strict=True), "--", color=_CHANCE, label="counting alone (100/√events)")
        axes.axhline(goals.cv, color=_GOAL, label=f"goal, {goals.cv:g} %")
        low = [max(v.measured_cv - v.precision.cv.low, 0) for v in levels]
        high = [max(v.precision.cv.high - v.measured_cv, 0) for v in levels]
        axes.errorbar(x, y, yerr=(low, high), fmt="o", color=_MEASURED, capsize=3, label="measured, with its interval")
        if of.lloq:
            label = f"limit of quantification, level {_shown(of.lloq.name)}"
            axes.axvline(of.lloq.precision.mean, color=_LIMIT, linestyle=":", zorder=1, label=label)
        _logarithmic(axes)

    return _draw(draw, f"{of.population}: precision", f"mean, {in_unit(of)}", "CV, %")


def plot_linearity(of: Series) -> bytes | None:
    """Return an SVG of observed on expected: each level with the interval of its mean, identity, and the fitted line.

    None if fewer than two levels have an expected value. The axes are logarithmic where that shows more.
    """
    levels = [v for v in of.levels if v.expected > 0]
    if len(levels) < 2:
        return None
    x, y = [v.expected for v in levels], [v.precision.mean for v in levels]

    def draw(axes: Axes) -> None:
        ends = [v.recovery if not math.isnan(v.recovery.low) else None for v in levels]
        low = [(r.value - r.low) / 100 * at if r else 0 for r, at in zip(ends, x, strict=True)]
        high = [(r.high - r.value) / 100 * at if r else 0 for r, at in zip(ends, x, strict=True)]
        over = max(x) / min(x) >= _DECADE_AXIS and min(y) > 0
        if over:
            low = [min(below, 0.9 * mean) for below, mean in zip(low, y, strict=True)]
        if of.line:
            steps = [min(x) * (max(x) / min(x)) ** (i / 100) for i in range(101)]
            drawn = [(at, of.line.at(at)) for at in steps if of.line.at(at) > 0 or not over]
            label = f"fitted line, slope {of.line.slope.value:.3g}"
            axes.plot([at for at, _ in drawn], [height for _, height in drawn], color=_LIMIT, alpha=0.6, label=label)
        axes.plot([min(x), max(x)], [min(x), max(x)], "--", color="black", linewidth=1, label="as expected")
        axes.errorbar(x, y, yerr=(low, high), fmt="o", color=_MEASURED, capsize=3, label="mean, with its interval")
        if over:
            _logarithmic(axes)

    given = "expected from the highest level" if of.is_relative else "expected"
    return _draw(draw, f"{of.population}: linearity", f"{given}, {in_unit(of)}", f"observed, {in_unit(of)}")


def plot_blanks(of: Series) -> bytes | None:
    """Return an SVG of how many events the blanks have, with what chance alone gives and the limit of blank.

    None if there is no blank, or the series is not one of events.
    """
    if of.statistic is not Statistic.COUNT or not of.blanks:
        return None
    events = [round(value) for blanks in of.blanks for value in blanks.values]

    def draw(axes: Axes) -> None:
        lowest, highest = min(events), max(*events, math.floor(of.limit_of_blank) if of.limit_of_blank >= 0 else 0)
        width = max(1, math.ceil((highest - lowest + 1) / _MOST_BARS))
        bars = Counter((n - lowest) // width for n in events)
        places = range((highest - lowest) // width + 1)
        edges = [lowest + width * i - 0.5 for i in places]
        axes.bar(
            edges,
            [bars[i] for i in places],
            width=width,
            align="edge",
            color=_MEASURED,
            edgecolor="white",
            label="blanks",
        )
        mean = math.fsum(events) / len(events)
        chance = [float(pdtr(e + width - 0.5, mean) - (pdtr(e - 0.5, mean) if e > 0 else 0)) for e in edges]
        middles = [e + width / 2 for e in edges]
        label = f"chance alone (Poisson, mean {mean:.3g})"
        axes.plot(middles, [len(events) * p for p in chance], "o--", color=_CHANCE, markersize=3, label=label)
        if of.limit_of_blank >= 0:
            label = f"limit of blank, {of.limit_of_blank:.4g} events"
            axes.axvline(of.limit_of_blank, color=_LIMIT, linestyle=":", label=label)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(visible=False, axis="x")

    return _draw(draw, f"{of.population}: blanks", "events", "blanks")


# The paper under them


def _draw(draw: Callable[[Axes], None], title: str, x: str, y: str) -> bytes:
    """Return what is drawn as an SVG; the same numbers give the same bytes, whatever the user's settings."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name may have letters that the font has not
        figure = Figure(figsize=_SIZE, layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_title(_shown(title))
        axes.set_xlabel(_shown(x))
        axes.set_ylabel(_shown(y))
        figure.legend(loc="outside lower left", ncols=2)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _logarithmic(axes: Axes) -> None:
    """Put both axes into decades, with plain numbers at 1, 2 and 5."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        steps: Sequence[float] = (1, 2, 5) if high / low < 1000 else (1,)
        axis.set_major_locator(LogLocator(subs=steps, numticks=20))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
        axis.set_minor_formatter(NullFormatter())


def _shown(text: str) -> str:
    """Return text that fits above a figure and that an SVG can hold."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
