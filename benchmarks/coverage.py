"""`python -m benchmarks.coverage`: how often intervals hold the truth, and how often a true zero is called detected.

Tubes are drawn by chance (Poisson, binomial, lognormal) around known truths, and the intervals are those that results
get. Exits 1 if an interval holds the truth too seldom or too often. Takes about a minute.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlogy

from benchmarks.run import table
from cytoproc.quantify.concentration import carried_over, from_beads, from_blood_count, from_volume
from cytoproc.quantify.detection import limit_of_blank, limit_of_detection
from cytoproc.quantify.estimate import Estimate, FloatArray
from cytoproc.quantify.percent import PERCENT_INTERVALS
from cytoproc.quantify.status import Limits, Status, decide_by_events

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "intervals-and-limits.md"

CONCENTRATIONS = (0.05, 0.2, 1.0, 5.0, 20.0, 100.0, 500.0)
BEADS = (500, 2000, 10_000, 30_000)
BACKGROUNDS = (0.0, 1.0, 5.0, 8.0, 20.0)
BEADS_PER_TUBE = 50_000
SAMPLE_UL = 100.0
LEVEL = 0.95
ENOUGH_EVENTS = 10
BANDS = ((0.0, 1.0), (1.0, 10.0), (10.0, 100.0), (100.0, math.inf))


@dataclass(frozen=True, slots=True)
class Setting:
    """A tube: cells/µL, beads that pass on average, and events that lie in the gate by chance on average."""

    concentration: float
    beads: int
    background: float

    @property
    def v_eff_ul(self) -> float:
        """Blood that is looked at, µL."""
        return SAMPLE_UL * self.beads / BEADS_PER_TUBE

    @property
    def events(self) -> float:
        """Mean events in the gate, background included: what an interval is of."""
        return self.concentration * self.v_eff_ul + self.background


Counts = npt.NDArray[np.int64]
_MORE_THAN_ANY = 1 << 31

SETTINGS = tuple(Setting(c, b, k) for c in CONCENTRATIONS for b in BEADS for k in BACKGROUNDS)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How often an interval must hold the truth: everywhere, and from `ENOUGH_EVENTS` expected events on."""

    least: float
    least_of_enough: float
    most_of_enough: float


EXACT = Bounds(LEVEL, LEVEL, 0.985)
APPROXIMATE = Bounds(0.0, 0.925, 0.975)
NONE = Bounds(0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Held:
    """How often an interval held the truth in one setting, of so many draws."""

    expected_events: float
    share: float
    draws: int

    def is_within(self, bounds: Bounds) -> bool:
        """Return whether that is often enough, chance of the draws allowed for three standard errors below."""
        allowed = 3 * math.sqrt(LEVEL * (1 - LEVEL) / self.draws)
        if self.expected_events < ENOUGH_EVENTS:
            return self.share >= bounds.least - allowed
        return bounds.least_of_enough - allowed <= self.share <= bounds.most_of_enough


Draw = Callable[[Setting, np.random.Generator, int], Held]


def _held(estimate: Estimate, truth: float | FloatArray, expected: float, weights: Counts) -> Held:
    """Return how often intervals held the truth; tubes that give no interval at all are left out."""
    known = np.isfinite(estimate.high)
    inside = (estimate.low <= truth) & (truth <= estimate.high)
    draws = int(weights[known].sum())
    return Held(expected, float(weights[known & inside].sum() / max(draws, 1)), draws)


def _both(a: Counts, b: Counts) -> tuple[Counts, Counts, Counts]:
    """Return every pair of counts that was drawn, and how often: each needs its interval only once."""
    pairs, times = np.unique(a * _MORE_THAN_ANY + b, return_counts=True)
    return pairs // _MORE_THAN_ANY, pairs % _MORE_THAN_ANY, times


def _percent(setting: Setting, rng: np.random.Generator, draws: int, *, method: str, share: float) -> Held:
    n = round(setting.events / share)
    if n < Limits().parent_events:  # of so few no percentage is reported
        return Held(setting.events, math.nan, 0)
    p = setting.events / n
    k, times = np.unique(rng.binomial(n, p, draws), return_counts=True)
    return _held(PERCENT_INTERVALS[method](k, n, level=LEVEL), 100 * p, setting.events, times)


def _volume(setting: Setting, rng: np.random.Generator, draws: int, *, interval: str) -> Held:
    n, times = np.unique(rng.poisson(setting.events, draws), return_counts=True)
    found = from_volume(n, vol_acquired_nl=1000 * setting.v_eff_ul, dilution_factor=1, level=LEVEL, interval=interval)
    return _held(found.estimate, setting.events / setting.v_eff_ul, setting.events, times)


def _beads(
    setting: Setting, rng: np.random.Generator, draws: int, *, interval: str, true_cvs: tuple[float, float] = (0.0, 0.0)
) -> Held:
    pipetted, added = (rng.lognormal(0.0, cv, draws) if cv else np.ones(draws) for cv in true_cvs)
    n, beads, times = _both(rng.poisson(setting.events * pipetted), rng.poisson(setting.beads * added))
    found = from_beads(
        n,
        beads,
        beads_per_tube=BEADS_PER_TUBE,
        sample_volume_ul=SAMPLE_UL,
        level=LEVEL,
        interval=interval,
        cv_pipetting=true_cvs[0],
        cv_beads=true_cvs[1],
    )
    return _held(found.estimate, setting.events / setting.v_eff_ul, setting.events, times)


def _blood_count(setting: Setting, rng: np.random.Generator, draws: int, *, cv: float) -> Held:
    n_lymphocytes, count = 4 * round(setting.events + 50), 1.5
    p = setting.events / n_lymphocytes
    k = rng.binomial(n_lymphocytes, p, draws)
    measured = count * rng.lognormal(0.0, cv, draws)
    found = from_blood_count(k, n_lymphocytes, count_10e9_l=measured, cv_count=cv, level=LEVEL)
    return _held(found.estimate, 1000 * count * p, setting.events, np.ones(draws, dtype=np.int64))


def _second_tube(setting: Setting, rng: np.random.Generator, draws: int, *, share: float) -> Held:
    n, beads = rng.poisson(setting.events, draws), rng.poisson(setting.beads, draws)
    shared = rng.poisson(setting.events, draws)
    reference = from_beads(n, beads, beads_per_tube=BEADS_PER_TUBE, sample_volume_ul=SAMPLE_UL, level=LEVEL).estimate
    found = carried_over(rng.binomial(shared, share), shared, reference)
    truth = share * setting.events / setting.v_eff_ul
    return _held(found.estimate, truth, share * setting.events, np.ones(draws, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Way:
    """One interval, how its tubes are drawn, and what is asked of it; few draws where each has to be computed."""

    number: str
    interval: str
    draw: Draw
    bounds: Bounds
    times_draws: int = 1


ERRORS = (0.05, 0.02)

WAYS = (
    *(
        Way(f"percent, a population of {100 * share:g} %", method, partial(_percent, method=method, share=share), b, 10)
        for share in (0.001, 0.05, 0.5)
        for method, b in (("clopper-pearson", EXACT), ("wilson", APPROXIMATE), ("jeffreys", APPROXIMATE))
    ),
    Way("cells/µL by volume", "garwood", partial(_volume, interval="exact"), EXACT, 10),
    Way("cells/µL by volume", "log-delta", partial(_volume, interval="log-delta"), APPROXIMATE, 10),
    Way("cells/µL by beads", "conditional-binomial", partial(_beads, interval="exact"), EXACT),
    Way("cells/µL by beads", "log-delta", partial(_beads, interval="log-delta"), APPROXIMATE),
    Way(
        "cells/µL by beads, errors 5 % and 2 %",
        "log-delta",
        partial(_beads, interval="log-delta", true_cvs=ERRORS),
        APPROXIMATE,
    ),
    Way(
        "cells/µL by beads, errors 5 % and 2 %",
        "conditional-binomial, which leaves them out",
        partial(_beads, interval="exact", true_cvs=ERRORS),
        NONE,
    ),
    Way("cells/µL by a blood count, error 3 %", "log-delta", partial(_blood_count, cv=0.03), APPROXIMATE),
    Way("cells/µL by a blood count, error 10 %", "log-delta", partial(_blood_count, cv=0.10), APPROXIMATE),
    Way("cells/µL by a second tube, a part of 30 %", "mover", partial(_second_tube, share=0.3), EXACT),
    Way("cells/µL by a second tube, a part of 90 %", "mover", partial(_second_tube, share=0.9), EXACT),
)


def measure_coverage(draws: int, seed: int = 1) -> Iterator[tuple[Way, list[Held]]]:
    """Return for each interval how often it held the truth, setting by setting."""
    for i, way in enumerate(WAYS):
        rng = np.random.default_rng([seed, i])
        yield way, [way.draw(setting, rng, draws * way.times_draws) for setting in SETTINGS]


def coverage_rows(measured: Sequence[tuple[Way, list[Held]]]) -> list[list[str]]:
    """Return the table: the least and the most often by expected events, in percent."""
    return [[way.number, way.interval, *(_range(held, *band) for band in BANDS)] for way, held in measured]


def _range(held: Sequence[Held], low: float, high: float) -> str:
    shares = [100 * h.share for h in held if low <= h.expected_events < high and h.draws]
    return f"{min(shares):.1f}–{max(shares):.1f}" if shares else ""


def _probability_of_detection(mean: float, limits: Limits) -> float:
    """Return the probability that a Poisson count of this mean gets another status than not detected."""
    counts = np.arange(math.ceil(mean + 20 * math.sqrt(mean) + 50))
    weights = np.exp(xlogy(counts, mean) - mean - gammaln(counts + 1))
    detected = [decide_by_events(int(k), limits) is not Status.ND for k in counts]
    return float(weights[detected].sum())


@dataclass(frozen=True, slots=True)
class Detection:
    """How often nothing is called detected, and what is at the limit of detection, by the events of a background."""

    background: float
    configured: int
    needed: int
    of_none: float
    of_limit: float

    def cells(self) -> list[str]:
        """Return the line as text."""
        return [
            f"{self.background:g}",
            f"{self.configured}",
            f"{limit_of_blank(self.background)}",
            f"{self.needed}",
            f"{100 * self.of_none:.2f}",
            f"{limit_of_detection(self.background):.2f}",
            f"{100 * self.of_limit:.1f}",
        ]


def measure_detection() -> list[Detection]:
    """Return it for each background, where 1 event is asked for or the usual 20; computed, not drawn."""
    found = []
    for background in BACKGROUNDS:
        for configured in (1, 20):
            limits = Limits(detect_events=configured).above(background)
            at = (_probability_of_detection(m, limits) for m in (background, limit_of_detection(background)))
            found.append(Detection(background, configured, limits.detect_events, *at))
    return found


def broken_bounds(measured: Sequence[tuple[Way, list[Held]]], detections: Sequence[Detection]) -> list[str]:
    """Return what is not as often as it must be, one line each."""
    lines = [
        f"{way.number}, {way.interval}: held {100 * held.share:.2f} % at {held.expected_events:g} expected events "
        f"({setting})"
        for way, all_held in measured
        for setting, held in zip(SETTINGS, all_held, strict=True)
        if held.draws and not held.is_within(way.bounds)
    ]
    lines += [
        f"background {d.background:g}: a true zero is detected in {100 * d.of_none:.2f} %"
        for d in detections
        if d.of_none > 1 - LEVEL
    ]
    return lines


COVERAGE_HEADER = ["number", "interval", "below 1 event", "1 to 10", "10 to 100", "100 and more"]
DETECTION_HEADER = [
    "mean background events",
    "`lod_events` asked for",
    "limit of blank",
    "events needed",
    "of nothing, detected %",
    "limit of detection",
    "there, detected %",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, with --write keep them in the documentation; 1 if a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--draws", type=int, default=20_000, help="tubes a setting")
    given = parser.parse_args(arguments)
    measured, detections = list(measure_coverage(given.draws)), measure_detection()
    text = "\n\n".join(
        [
            table(COVERAGE_HEADER, coverage_rows(measured)),
            table(DETECTION_HEADER, [d.cells() for d in detections]),
        ]
    )
    print(text)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page.split("<!-- measured -->\n")[0], page.split("<!-- end -->")[1]
        PAGE.write_text(f"{head}<!-- measured -->\n\n{text}\n\n<!-- end -->{tail}", encoding="utf-8")
    broken = broken_bounds(measured, detections)
    for line in broken:
        print(f"broken: {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
