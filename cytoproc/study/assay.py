"""What the measurements of a plan say of an assay: limits, precision and linearity of each population."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cytoproc.quantify.agreement import overdispersion
from cytoproc.quantify.counts import garwood
from cytoproc.quantify.detection import background_limit, expectation_to_see, limit_of_blank
from cytoproc.quantify.verification import (
    Z_OF_LIMITS,
    Components,
    Grade,
    Interval,
    Line,
    Precision,
    chance_of_dispersion,
    components_of,
    fit_line,
    lowest_quantified,
    mean_of,
    normal_limit_of_blank,
    pooled_sd,
    precision_of,
    ranked_limit_of_blank,
    recovery_of,
)
from cytoproc.study.assay_plan import Kind, Measurement

__all__ = [
    "BLANKS_TO_ESTABLISH",
    "BLANKS_TO_VERIFY",
    "LEAST_LEVELS",
    "LEAST_REPLICATES",
    "Blanks",
    "Goals",
    "Level",
    "Limit",
    "Series",
    "Statistic",
    "is_bent",
    "verify",
    "worst_deviation",
]

BLANKS_TO_ESTABLISH, BLANKS_TO_VERIFY = 60, 20
LEAST_REPLICATES = 3
LEAST_LEVELS = 3
_NO_CHANCE = 0.01
_BENT = 0.05
_LOW_LEVEL = 5
_NAN = math.nan


class Statistic(StrEnum):
    """What is measured: events, percent of the denominator, cells/µL."""

    COUNT = "COUNT"
    PCT = "PCT"
    ABS = "ABS"


@dataclass(frozen=True, slots=True)
class Goals:
    """The most that is allowed, in percent: scatter of a level's measurements, and distance from what is expected."""

    cv: float = 25.0
    bias: float = 25.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by one method; `stands` if it is the one that counts, `in_words` what is to be said of it."""

    value: Interval
    method: str
    n: int
    in_words: str
    stands: bool = False
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Blanks:
    """The blanks of one lot in one unit: their values, and by how much they scatter more than counts do.

    `overdispersion` is variance / mean, `by_chance` how often counts scatter so much, 0 to 1; NaN without an event.
    `n_events` of the population and `n_parent` of its denominator are those of all blanks together.
    """

    lot: str
    values: tuple[float, ...]
    overdispersion: float
    by_chance: float
    n_events: int
    n_parent: int

    @property
    def are_counts(self) -> bool:
        """Whether nothing speaks against it that chance alone makes them differ (p of 0.01 or more)."""
        return not self.by_chance < _NO_CHANCE

    @property
    def background_percent(self) -> float:
        """How many percent of the denominator lie in the gate by chance, at most.

        The upper one-sided 95 % limit of all blanks' events (Clopper and Pearson 1934). NaN where the denominator does
        not hold the population.
        """
        known = self.n_events <= self.n_parent
        return 100 * background_limit(self.n_events, self.n_parent) if known else _NAN


@dataclass(frozen=True, slots=True)
class Level:
    """The measurements of one level in one unit; what is not known is NaN or None.

    `counting_cv` is the CV in percent that counting alone gives.
    """

    name: str
    values: tuple[float, ...]
    mean_events: float
    precision: Precision
    components: Components | None
    counting_cv: float
    expected: float
    recovery: Interval

    @property
    def measured_cv(self) -> float:
        """The CV in percent: of one measurement in any run where runs are told, else of all measurements."""
        mean = self.precision.mean
        return 100 * self.components.total / mean if self.components and mean > 0 else self.precision.cv.value

    @property
    def cv(self) -> float:
        """The CV that is judged, in percent: as measured, but not below counting.

        A few replicates of few events may agree by chance; the next ones will not.
        """
        return max(self.measured_cv, self.counting_cv)

    @property
    def bias(self) -> float:
        """How far the mean is from what is expected, in percent of that."""
        return self.recovery.value - 100


@dataclass(frozen=True, slots=True)
class Series:
    """All that is said of one population in one unit. `levels` rise; `lloq` is one of them, or None.

    Events have no `lloq` and no `line`: how many they are depends on how much was acquired.
    `is_relative` says that the expected values are known only relative to the highest level, which is 100 % by
    definition. `n_blanks` are all that were measured; those without events of the denominator, or without an amount in
    this unit, are not among `blanks`. `blank_parents` and `level_parents` are mean events of the denominator.
    """

    population: str
    percent_of: str
    statistic: Statistic
    blanks: tuple[Blanks, ...]
    lob: tuple[Limit, ...]
    lod: tuple[Limit, ...]
    levels: tuple[Level, ...]
    lloq: Level | None
    line: Line | None
    is_relative: bool
    n_blanks: int
    blank_parents: float
    level_parents: float

    @property
    def are_enough_blanks(self) -> bool:
        """Whether there are blanks, and of each lot so many that a limit can be verified by them."""
        return bool(self.blanks) and all(len(lot.values) >= BLANKS_TO_VERIFY for lot in self.blanks)

    @property
    def background_percent(self) -> float:
        """How many percent of the denominator may lie in the gate by chance, in the lot with most; NaN if unknown.

        Blanks that scatter more than counts do are no one rate: then it is not below their limit of blank in percent.
        """
        if self.statistic is not Statistic.PCT or not self.blanks:
            return _NAN
        told = [lot.background_percent for lot in self.blanks]
        told += [self.limit_of_blank] * (not all(lot.are_counts for lot in self.blanks))
        return _NAN if any(map(math.isnan, told)) else max(told)

    @property
    def limit_of_blank(self) -> float:
        """The limit of blank that stands; NaN if there is none."""
        return _standing(self.lob)

    @property
    def limit_of_detection(self) -> float:
        """The limit of detection that stands; NaN if there is none."""
        return _standing(self.lod)

    @property
    def unit(self) -> str:
        """The unit of all values."""
        return {Statistic.COUNT: "events", Statistic.PCT: "%", Statistic.ABS: "cells/uL"}[self.statistic]


def verify(measurements: Iterable[Measurement], *, goals: Goals | None = None, level: float = 0.95) -> list[Series]:
    """Return what the measurements say: for each population its events, percent, and cells/µL where they are known.

    Parameters
    ----------
    measurements
        In any order; populations come in the order in which they are met.
    goals
        For the limit of quantification and for linearity.
    level
        Confidence level of every interval.
    """
    by_population: dict[str, list[Measurement]] = {}
    for m in measurements:
        by_population.setdefault(m.population, []).append(m)
    found = []
    for theirs in by_population.values():
        for statistic in Statistic:
            of = [_Amount(m, amount) for m in theirs if (amount := _AMOUNTS[statistic](m)) > 0]
            if of:
                n_blanks = sum(m.planned.kind is Kind.BLANK for m in theirs)
                found.append(_series(of, statistic, goals or Goals(), level, n_blanks))
    return found


@dataclass(frozen=True, slots=True)
class _Amount:
    """A measurement, and how much was looked at: its value is events / amount."""

    measurement: Measurement
    amount: float

    @property
    def n_events(self) -> int:
        return self.measurement.n_events

    @property
    def value(self) -> float:
        return self.n_events / self.amount


_AMOUNTS: dict[Statistic, Callable[[Measurement], float]] = {
    Statistic.COUNT: lambda _: 1.0,
    Statistic.PCT: lambda m: m.n_parent / 100,
    Statistic.ABS: lambda m: m.v_eff_ul,
}


def _series(of: Sequence[_Amount], statistic: Statistic, goals: Goals, level: float, n_blanks: int) -> Series:
    first = of[0].measurement
    blank = [m for m in of if m.measurement.planned.kind is Kind.BLANK and m.measurement.n_parent > 0]
    filled = [m for m in of if m.measurement.planned.kind is not Kind.BLANK]
    blanks, lob = _limits_of_blank(blank, level)
    levels, is_relative = _levels(filled, statistic, level)
    lod = tuple(_limits_of_detection(blank, lob, levels))
    grades = [Grade(v.precision.mean, v.precision.n, v.cv, v.bias) for v in levels]
    best = (
        None
        if statistic is Statistic.COUNT
        else lowest_quantified(
            grades,
            detectable=_standing(lod),
            cv_goal=goals.cv,
            bias_goal=goals.bias,
            least_measurements=LEAST_REPLICATES,
        )
    )
    return Series(
        first.population,
        first.percent_of,
        statistic,
        blanks,
        lob,
        lod,
        levels,
        None if best is None else levels[best],
        None if statistic is Statistic.COUNT else _line(levels, filled, level),
        is_relative,
        n_blanks,
        mean_of([m.measurement.n_parent for m in blank]),
        mean_of([m.measurement.n_parent for m in filled]),
    )


def _standing(limits: Iterable[Limit]) -> float:
    return next((limit.value.value for limit in limits if limit.stands), _NAN)


# Blanks


def _limits_of_blank(blanks: Sequence[_Amount], level: float) -> tuple[tuple[Blanks, ...], tuple[Limit, ...]]:
    """Return the blanks by lot, and their limits by each method; the largest of what each lot stands for stands."""
    lots: dict[str, list[_Amount]] = {}
    for blank in blanks:
        lots.setdefault(blank.measurement.planned.lot, []).append(blank)
    described: list[Blanks] = []
    limits: list[Limit] = []
    choices: list[Limit | None] = []
    for lot, theirs in sorted(lots.items()):
        described.append(_described(lot, theirs))
        candidates = _candidates(described[-1], theirs, level)
        limits += candidates
        choices.append(_choice(described[-1], candidates))
    standing = [c for c in choices if c is not None]
    chosen = max(standing, key=lambda c: c.value.value, default=None) if len(standing) == len(choices) else None
    return tuple(described), tuple(replace(limit, stands=limit is chosen) for limit in limits)


def _described(lot: str, blanks: Sequence[_Amount]) -> Blanks:
    """Return the blanks of a lot; as counts they are expected to go with the events of the denominator."""
    parents = [b.measurement.n_parent for b in blanks]
    n_events, whole = [b.n_events for b in blanks], math.fsum(parents)
    expected = [sum(n_events) * parent / whole for parent in parents]
    phi = overdispersion(n_events, expected) if sum(n_events) and len(blanks) > 1 else _NAN
    values = tuple(sorted(b.value for b in blanks))
    return Blanks(lot, values, phi, chance_of_dispersion(phi, len(blanks)), sum(n_events), int(whole))


def _candidates(of: Blanks, blanks: Sequence[_Amount], level: float) -> list[Limit]:
    n, amount = len(blanks), mean_of([b.amount for b in blanks])
    mean = garwood(sum(b.n_events for b in blanks), level=level).scaled(1 / n)
    counted = Interval(*(limit_of_blank(float(x)) / amount for x in (mean.value, mean.low, mean.high)))
    enough = f"{n} {'blank' if n == 1 else 'blanks'}, {_enough(n)}"
    if not of.are_counts:
        enough += f"; they scatter more than counts do (variance/mean {of.overdispersion:.3g})"
    said = f"mean {float(mean.value):.3g} events; {enough}" + ("" if of.are_counts else ", so it is too low")
    found = [Limit(counted, "poisson", n, said, lot=of.lot)]
    if n >= BLANKS_TO_VERIFY:
        for method, compute in (("normal", normal_limit_of_blank), ("ranked", ranked_limit_of_blank)):
            found.append(Limit(Interval(compute(of.values)), method, n, enough, lot=of.lot))
    return found


def _enough(n_blanks: int) -> str:
    """Return what so many blanks are enough for (CLSI EP17)."""
    if n_blanks >= BLANKS_TO_ESTABLISH:
        return "enough to establish a limit"
    if n_blanks >= BLANKS_TO_VERIFY:
        return f"enough to verify a limit, {BLANKS_TO_ESTABLISH} are to establish one"
    return (
        f"too few for a limit by SD or rank: {BLANKS_TO_VERIFY} are to verify one, {BLANKS_TO_ESTABLISH} to establish"
    )


def _choice(of: Blanks, limits: Sequence[Limit]) -> Limit | None:
    """Return the limit that a lot stands for; None if its blanks are no counts, and too few to say what they are."""
    by_method = {limit.method: limit for limit in limits}
    if len(of.values) >= BLANKS_TO_ESTABLISH:
        return by_method["ranked"]
    if of.are_counts:
        return by_method["poisson"]
    return max(limits, key=lambda limit: limit.value.value) if len(of.values) >= BLANKS_TO_VERIFY else None


def _limits_of_detection(blanks: Sequence[_Amount], lob: Sequence[Limit], levels: Sequence[Level]) -> Iterator[Limit]:
    """Yield the limits of detection over the limit of blank that stands; the larger stands."""
    blank = next((limit for limit in lob if limit.stands), None)
    if blank is None:
        return
    above = blank.value.value
    amount = mean_of([b.amount for b in blanks if b.measurement.planned.lot == blank.lot])
    most = math.floor(above * amount + 1e-9)
    counted = expectation_to_see(most + 1) / amount
    low = _low_levels(levels, above, most=_LOW_LEVEL * max(above, 1 / amount))
    scattered = above + Z_OF_LIMITS * pooled_sd([v.values for v in low]) if low else _NAN
    said = f"the mean of which 95 % show more than {most} events"
    if not low:
        said += f"; no level up to {_LOW_LEVEL} x LoB was measured {LEAST_REPLICATES} times to see other scatter"
    yield Limit(Interval(counted), "poisson", blank.n, said, stands=not scattered > counted)
    if low:
        said = f"LoB + {Z_OF_LIMITS} SD of {', '.join(v.name for v in low)}"
        n = sum(v.precision.n for v in low)
        yield Limit(Interval(scattered), "normal", n, said, stands=scattered > counted)


def _low_levels(levels: Sequence[Level], above: float, *, most: float) -> list[Level]:
    """Return the replicated levels whose mean is above the limit of blank and not far from it."""
    return [v for v in levels if v.precision.n >= LEAST_REPLICATES and above < v.precision.mean <= most]


# Levels


def _levels(of: Sequence[_Amount], statistic: Statistic, level: float) -> tuple[tuple[Level, ...], bool]:
    """Return the levels from the lowest, and whether what is expected of them is only relative."""
    by_name: dict[str, list[_Amount]] = {}
    for m in of:
        by_name.setdefault(m.measurement.planned.level, []).append(m)
    known = {Statistic.PCT: "percent", Statistic.ABS: "per_ul"}.get(statistic, "")
    expected = {name: _expected(theirs, known) for name, theirs in by_name.items()}
    relative = {name: _expected(theirs, "relative") for name, theirs in by_name.items()}
    is_relative = all(map(math.isnan, expected.values())) and not all(map(math.isnan, relative.values()))
    if is_relative:
        top = max((name for name in relative if relative[name] > 0), key=lambda name: relative[name])
        whole = mean_of([m.value for m in by_name[top]]) / relative[top]
        expected = {name: share * whole if whole > 0 else _NAN for name, share in relative.items()}
    levels = [_level(name, theirs, expected[name], level) for name, theirs in by_name.items()]
    return tuple(sorted(levels, key=lambda v: (v.precision.mean, v.name))), is_relative


def _expected(of: Sequence[_Amount], unit: str) -> float:
    return next((x for m in of for name, x in m.measurement.planned.expected if name == unit), _NAN)


def _level(name: str, of: Sequence[_Amount], expected: float, level: float) -> Level:
    values = tuple(sorted(m.value for m in of))
    runs: dict[str, list[float]] = {}
    for m in of:
        runs.setdefault(m.measurement.planned.run, []).append(m.value)
    mean_events = mean_of([m.n_events for m in of])
    return Level(
        name=name,
        values=values,
        mean_events=mean_events,
        precision=precision_of(values, level=level),
        components=components_of(runs.values()) if "" not in runs else None,
        counting_cv=100 / math.sqrt(mean_events) if mean_events > 0 else _NAN,
        expected=expected,
        recovery=recovery_of(values, expected, level=level) if expected > 0 else Interval(),
    )


def _line(levels: Sequence[Level], of: Sequence[_Amount], level: float) -> Line | None:
    """Return the line through all measurements of levels with an expected value; None if they are fewer than three.

    A level's variance is that of its measurements, or that of counting if that is larger: a few replicates that agree
    by chance must not draw the line to them.
    """
    known = [v for v in levels if v.expected > 0]
    if len({v.expected for v in known}) < LEAST_LEVELS:
        return None
    points = [(v.expected, y, 1 / _variance(v, of)) for v in known for y in v.values]
    x, y, weights = zip(*points, strict=True)
    return fit_line(x, y, weights=weights, level=level)


def _variance(of: Level, measurements: Iterable[_Amount]) -> float:
    amount = mean_of([m.amount for m in measurements if m.measurement.planned.level == of.name])
    counting = max(of.mean_events, 1.0) / amount**2
    return counting if math.isnan(of.precision.sd) else max(counting, of.precision.sd**2)


def worst_deviation(of: Series) -> tuple[str, float]:
    """Return the level at which a parabola leaves the line furthest, and by how many percent; NaN without a line."""
    line = of.line
    if line is None:
        return "", _NAN
    known = [(v.name, line.deviation_percent(v.expected)) for v in of.levels if v.expected > 0]
    return max(known, key=lambda at: abs(at[1]) if at[1] == at[1] else math.inf)


def is_bent(of: Series, goals: Goals) -> bool:
    """Return whether a dilution series is no straight line: a parabola fits better, and leaves it by more than allowed.

    Better is a p below 0.05; the goal is that of the bias. Where the line is not above 0 there is no percentage, and
    the bend is taken for too large.
    """
    return of.line is not None and of.line.curvature_p < _BENT and not abs(worst_deviation(of)[1]) <= goals.bias
