"""What an assay can do, from blanks, replicates and dilutions: its limits, its precision, its linearity.

Sums are exact (`math.fsum`), so the order of the measurements changes no digit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.special import chdtrc, chdtri, stdtr, stdtrit

from cytoproc.quantify.estimate import tail_of

__all__ = [
    "Z_OF_LIMITS",
    "Components",
    "Grade",
    "Interval",
    "Line",
    "Precision",
    "chance_of_dispersion",
    "components_of",
    "fit_line",
    "lowest_quantified",
    "mean_of",
    "normal_limit_of_blank",
    "pooled_sd",
    "precision_of",
    "ranked_limit_of_blank",
    "recovery_of",
    "sd_of",
]

Z_OF_LIMITS = 1.645
"""How many SDs hold 95 % on one side, as CLSI EP17 rounds it."""

_NAN = math.nan


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with the ends of its interval; NaN where there is none."""

    value: float = _NAN
    low: float = _NAN
    high: float = _NAN


# Blanks


def normal_limit_of_blank(blanks: Sequence[float]) -> float:
    """Return mean + 1.645 SD of the blanks: their limit if they are normal (CLSI EP17; Armbruster and Pry 2008).

    In the unit of the blanks; NaN for fewer than two.

    >>> round(normal_limit_of_blank([1, 2, 3]), 3)
    3.645
    """
    return mean_of(blanks) + Z_OF_LIMITS * sd_of(blanks)


def ranked_limit_of_blank(blanks: Iterable[float]) -> float:
    """Return the 95th percentile of the blanks by rank, whatever their distribution (CLSI EP17).

    The blank of rank 0.5 + 0.95 n; between two ranks, the straight line between the two blanks. NaN without a blank.

    Examples
    --------
    Of twenty blanks the rank is 19.5, between the two largest:

    >>> ranked_limit_of_blank(range(1, 21))
    19.5
    """
    ordered = sorted(blanks)
    if not ordered:
        return _NAN
    rank = min(0.5 + 0.95 * len(ordered), len(ordered))
    below = int(rank)
    above = min(below + 1, len(ordered))
    return ordered[below - 1] + (rank - below) * (ordered[above - 1] - ordered[below - 1])


def chance_of_dispersion(overdispersion: float, n: int) -> float:
    """Return how often `n` counts that are Poisson scatter so much by chance, 0 to 1.

    (n - 1) x overdispersion is chi-squared of n - 1 degrees of freedom, where overdispersion is variance / mean (Fisher
    1950). NaN where there are no counts to compare.

    >>> round(chance_of_dispersion(1.88, 10), 3)
    0.05
    """
    return float(chdtrc(n - 1, overdispersion * (n - 1))) if n > 1 else _NAN


# Replicates


@dataclass(frozen=True, slots=True)
class Precision:
    """How far measurements of one level scatter: `cv` is 100 SD / mean, in percent, with its interval."""

    n: int
    mean: float
    sd: float
    cv: Interval


@dataclass(frozen=True, slots=True)
class Components:
    """SDs of measurements in several runs: of one run, of the runs' own means, and of one measurement in any run."""

    within: float
    between: float

    @property
    def total(self) -> float:
        """The SD of one measurement in any run."""
        return math.hypot(self.within, self.between)


def precision_of(values: Sequence[float], *, level: float = 0.95) -> Precision:
    """Return mean, SD and CV of replicates, with the interval of the CV.

    The interval is that of a normal SD, SD sqrt((n-1)/chi2), over the mean. No CV for fewer than two, or a mean that is
    not above 0.

    >>> found = precision_of([90, 100, 110])
    >>> [round(x, 2) for x in (found.mean, found.cv.value, found.cv.low, found.cv.high)]
    [100.0, 10.0, 5.21, 62.85]
    """
    tail, n = tail_of(level), len(values)
    mean, sd = mean_of(values), sd_of(values)
    if n < 2 or not mean > 0:
        return Precision(n, mean, sd, Interval())
    cv = 100 * sd / mean
    low, high = (cv * math.sqrt((n - 1) / chdtri(n - 1, p)) for p in (tail, 1 - tail))
    return Precision(n, mean, sd, Interval(cv, low, high))


def components_of(runs: Iterable[Sequence[float]]) -> Components | None:
    """Return the SDs within and between runs, by a one-way analysis of variance; None where they cannot be told apart.

    within^2 = MS_within, between^2 = (MS_between - MS_within)/n0, and 0 if that is below 0, with
    n0 = (N - sum n_i^2/N)/(runs - 1), so that runs may differ in size (Searle, Casella and McCulloch 1992). It takes
    two runs, of which one has two measurements.

    >>> components_of([[9, 11], [19, 21]])
    Components(within=1.4142135623730951, between=7.0)
    """
    groups = [list(run) for run in runs if len(run)]
    n = sum(map(len, groups))
    if len(groups) < 2 or n == len(groups):
        return None
    grand = mean_of([x for group in groups for x in group])
    ms_between = math.fsum(len(g) * (mean_of(g) - grand) ** 2 for g in groups) / (len(groups) - 1)
    within = pooled_sd(groups)
    n0 = (n - math.fsum(len(g) ** 2 for g in groups) / n) / (len(groups) - 1)
    return Components(within, math.sqrt(max(ms_between - within**2, 0.0) / n0))


def pooled_sd(groups: Iterable[Sequence[float]]) -> float:
    """Return the SD that several groups share, each around its own mean; NaN if none has two measurements.

    sqrt(sum (n_i - 1) SD_i^2 / sum (n_i - 1)), as CLSI EP17 asks of the low levels.

    >>> round(pooled_sd([[1, 3], [10, 10, 10]]), 4)
    0.8165
    """
    several = [g for g in groups if len(g) > 1]
    degrees = sum(len(g) - 1 for g in several)
    return math.sqrt(math.fsum((len(g) - 1) * sd_of(g) ** 2 for g in several) / degrees) if degrees else _NAN


def recovery_of(values: Sequence[float], expected: float, *, level: float = 0.95) -> Interval:
    """Return 100 x mean / expected, in percent, with Student's interval of the mean; none of one measurement.

    >>> found = recovery_of([9, 10, 11], 20)
    >>> [round(x, 1) for x in (found.value, found.low, found.high)]
    [50.0, 37.6, 62.4]
    """
    tail, n = tail_of(level), len(values)
    value = 100 * mean_of(values) / expected
    if n < 2:
        return Interval(value)
    half = 100 / expected * float(stdtrit(n - 1, 1 - tail)) * sd_of(values) / math.sqrt(n)
    return Interval(value, value - half, value + half)


# Levels


@dataclass(frozen=True, slots=True)
class Grade:
    """What decides on one level: its mean, how often it was measured, its CV and its bias in percent (NaN: unknown)."""

    mean: float
    n: int
    cv: float
    bias: float = _NAN


def lowest_quantified(
    grades: Sequence[Grade],
    *,
    detectable: float,
    cv_goal: float = 25.0,
    bias_goal: float = 25.0,
    least_measurements: int = 3,
) -> int | None:
    """Return which level is the limit of quantification: the lowest that is good, with all above it good; None if none.

    Good is: a CV within its goal, a bias within its goal where one is known, and a mean that is not below the limit of
    detection. A level that was measured too seldom is passed over (CLSI EP17: the lowest level that meets the goals).

    Parameters
    ----------
    grades
        The levels, in any order.
    detectable
        The limit of detection, in the unit of the means; no level is good if it is NaN.
    cv_goal, bias_goal
        The most that is allowed, in percent.
    least_measurements
        How many a level needs to be judged.

    Examples
    --------
    >>> low, middle, high = Grade(5, 3, cv=40), Grade(50, 3, cv=15), Grade(500, 3, cv=5)
    >>> lowest_quantified([high, low, middle], detectable=10)
    2
    """
    found = None
    for i in sorted(range(len(grades)), key=lambda i: -grades[i].mean):
        grade = grades[i]
        if grade.n < least_measurements:
            continue
        if not (grade.cv <= cv_goal and grade.mean >= detectable) or abs(grade.bias) > bias_goal:
            break
        found = i
    return found


# Dilutions


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through observed on expected values, and how far a parabola through them leaves it.

    `curvature_p` is how often chance alone bends a straight line so much, 0 to 1. The parabola is the line plus
    `curvature` x ((x - centre)^2 - skew (x - centre) - spread).
    """

    slope: Interval
    intercept: Interval
    r_squared: float
    curvature_p: float
    curvature: float
    centre: float
    skew: float
    spread: float

    def at(self, x: float) -> float:
        """Return the line's height over `x`."""
        return self.intercept.value + self.slope.value * x

    def deviation_percent(self, x: float) -> float:
        """Return how far the parabola is from the line over `x`, in percent of the line; NaN where that is not > 0."""
        bend = self.curvature * ((x - self.centre) ** 2 - self.skew * (x - self.centre) - self.spread)
        return 100 * bend / self.at(x) if self.at(x) > 0 else _NAN


def fit_line(x: Sequence[float], y: Sequence[float], *, weights: Sequence[float], level: float = 0.95) -> Line:
    """Return the line of weighted least squares, with Student's intervals of slope and intercept.

    The residuals set the scale of the errors, so weights need be right only relative to each other. The parabola is
    fitted by a third term that is orthogonal to the line (Forsythe 1957); its coefficient is held against its standard
    error, as CLSI EP06 does to ask whether a dilution series is straight.

    Parameters
    ----------
    x, y
        Expected and observed values, at three different expected values or more.
    weights
        One over the variance of each observed value.
    level
        Of the intervals.

    Raises
    ------
    ValueError
        If there are fewer than three different expected values, or a weight is not above 0.

    Examples
    --------
    >>> line = fit_line([1, 2, 3, 4], [2.1, 3.9, 6.1, 7.9], weights=[1, 1, 1, 1])
    >>> [round(v, 3) for v in (line.slope.value, line.slope.low, line.slope.high, line.r_squared)]
    [1.96, 1.717, 2.203, 0.998]
    """
    if len(set(x)) < 3 or not all(0 < w < math.inf for w in weights):
        msg = f"a line needs 3 different expected values and weights above 0; here are {len(set(x))} values"
        raise ValueError(msg)
    total = math.fsum(weights)
    centre, middle = (math.fsum(w * v for w, v in zip(weights, of, strict=True)) / total for of in (x, y))
    points = [(w, a - centre, b - middle) for w, a, b in zip(weights, x, y, strict=True)]
    sxx, sxy, syy = (math.fsum(p) for p in zip(*((w * a * a, w * a * b, w * b * b) for w, a, b in points), strict=True))
    slope = sxy / sxx
    left = math.fsum(w * (b - slope * a) ** 2 for w, a, b in points)
    degrees = len(points) - 2
    t, scale = float(stdtrit(degrees, 1 - tail_of(level))), math.sqrt(left / degrees)
    intercept = middle - slope * centre
    half = t * scale / math.sqrt(sxx)
    half_intercept = t * scale * math.sqrt(1 / total + centre**2 / sxx)

    skew, spread = math.fsum(w * a**3 for w, a, _ in points) / sxx, sxx / total
    bends = [(w, a * a - skew * a - spread, b) for w, a, b in points]
    size = math.fsum(w * bend * bend for w, bend, _ in bends)
    curvature = math.fsum(w * bend * b for w, bend, b in bends) / size
    return Line(
        slope=Interval(slope, slope - half, slope + half),
        intercept=Interval(intercept, intercept - half_intercept, intercept + half_intercept),
        r_squared=1 - left / syy if syy > 0 else _NAN,
        curvature_p=_chance_of_bend(left, curvature**2 * size, degrees - 1, syy),
        curvature=curvature,
        centre=centre,
        skew=skew,
        spread=spread,
    )


def _chance_of_bend(left_by_line: float, taken_by_bend: float, degrees: int, whole: float) -> float:
    """Return the two-sided p of the third term; 1 where the line leaves only rounding, NaN without a residual."""
    if left_by_line <= 1e-20 * whole:
        return 1.0
    if degrees < 1:
        return _NAN
    left = max(left_by_line - taken_by_bend, 0.0)
    if left == 0:
        return 0.0
    return 2 * float(stdtr(degrees, -math.sqrt(taken_by_bend / (left / degrees))))


# Sums that do not depend on the order


def mean_of(values: Sequence[float]) -> float:
    """Return the mean; NaN of nothing.

    >>> mean_of([1, 2, 6])
    3.0
    """
    return math.fsum(values) / len(values) if len(values) else _NAN


def sd_of(values: Sequence[float]) -> float:
    """Return the standard deviation of a sample (n - 1); NaN of fewer than two.

    >>> sd_of([1, 2, 3])
    1.0
    """
    mean = mean_of(values)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in values) / (len(values) - 1)) if len(values) > 1 else _NAN
