"""The results of an assay's verification as rows, as limits for studies, and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from cytoproc.quantify.verification import Interval
from cytoproc.study.assay import (
    BLANKS_TO_VERIFY,
    LEAST_LEVELS,
    LEAST_REPLICATES,
    Goals,
    Level,
    Limit,
    Series,
    Statistic,
    is_bent,
    worst_deviation,
)
from cytoproc.study.rounding import rounded

__all__ = ["Finding", "LimitsRow", "find", "in_unit", "limits_for_studies", "say"]

_NAN = math.nan
_ALL = 100
_ALIKE = 3
_UNKNOWN = Interval()


@dataclass(frozen=True, slots=True)
class Finding:
    """One number of a verification, with its interval and what is to be said of it.

    `level` is that of the measurements, or the lot of the blanks; NaN means not known. Numbers have six digits.
    """

    population: str
    percent_of: str
    statistic: str
    quantity: str
    level: str
    value: float
    ci_low: float
    ci_high: float
    unit: str
    n: int
    method: str
    verdict: str


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """What later studies judge a population by; NaN where it was not established."""

    population: str
    percent_of: str
    background_percent: float
    lob_events: float
    lod_events: float
    lloq_events: float
    lloq_percent: float
    lloq_per_ul: float
    source: str


def find(series: Iterable[Series], goals: Goals) -> list[Finding]:
    """Return every number of a verification, in the order of the series: limits, levels from the lowest, linearity."""
    return [finding for of in series for finding in _find_one(of, goals)]


def _find_one(of: Series, goals: Goals) -> Iterator[Finding]:
    def finding(
        quantity: str, value: Interval, *, n: int, unit: str = "", level: str = "", method: str = "", verdict: str = ""
    ) -> Finding:
        number, low, high = (_six_digits(x) for x in (value.value, value.low, value.high))
        what = (of.population, of.percent_of, of.statistic.value, quantity, level)
        return Finding(*what, number, low, high, unit, n, method, verdict)

    if of.statistic is Statistic.COUNT:
        for blanks in of.blanks:
            chance = "" if math.isnan(blanks.by_chance) else f" (p = {blanks.by_chance:.2g})"
            verdict = ("as counts do" if blanks.are_counts else "more than counts do") + chance
            value = Interval(blanks.overdispersion)
            yield finding("overdispersion", value, n=len(blanks.values), level=blanks.lot, verdict=verdict)
    for quantity, limits in (("lob", of.lob), ("lod", of.lod)):
        for limit in limits:
            verdict = ("stands; " if limit.stands else "for comparison; ") + limit.in_words
            yield finding(
                quantity,
                limit.value,
                n=limit.n,
                unit=of.unit,
                level=limit.lot,
                method=limit.method,
                verdict=verdict,
            )
    if of.statistic is Statistic.COUNT:
        return
    if not math.isnan(of.background_percent):
        n = sum(len(lot.values) for lot in of.blanks)
        value, (method, verdict) = Interval(of.background_percent), _how_background(of)
        yield finding("background", value, n=n, unit="%", method=method, verdict=verdict)
    for level in of.levels:
        yield from _of_level(of, level, goals, partial(finding, level=level.name, n=level.precision.n))
    if of.levels:
        found = Interval(of.lloq.precision.mean) if of.lloq else _UNKNOWN
        name, n = (of.lloq.name, of.lloq.precision.n) if of.lloq else ("", 0)
        yield finding("lloq", found, n=n, unit=of.unit, level=name, method="cv and bias", verdict=_lloq(of, goals))
    if any(level.expected > 0 for level in of.levels):
        yield from _of_line(of, goals, finding)


def _of_level(of: Series, level: Level, goals: Goals, finding: Callable[..., Finding]) -> Iterator[Finding]:
    precision, components = level.precision, level.components
    yield finding("mean", Interval(precision.mean), unit=of.unit)
    yield finding("mean_events", Interval(level.mean_events), unit="events")
    yield finding("sd", Interval(precision.sd), unit=of.unit)
    verdict = _held(level.cv, goals.cv, precision.n)
    if level.measured_cv <= goals.cv < level.counting_cv and precision.n >= LEAST_REPLICATES:
        verdict += " by counting alone"
    yield finding("cv", precision.cv, unit="%", method="chi-squared", verdict="" if components else verdict)
    yield finding("cv_counting", Interval(level.counting_cv), unit="%", method="poisson")
    if components is not None:
        for name, sd in (("cv_within_run", components.within), ("cv_between_runs", components.between)):
            yield finding(
                name, Interval(100 * sd / precision.mean if precision.mean > 0 else _NAN), unit="%", method="anova"
            )
        yield finding("cv_any_run", Interval(level.measured_cv), unit="%", method="anova", verdict=verdict)
    if level.expected > 0:
        method = "of the highest level" if of.is_relative else "given"
        yield finding("expected", Interval(level.expected), unit=of.unit, method=method)
        verdict = _held(level.bias, goals.bias, precision.n)
        yield finding("recovery", level.recovery, unit="%", method="student", verdict=verdict)
        if of.line:
            deviation = of.line.deviation_percent(level.expected)
            yield finding("deviation_from_line", Interval(deviation), unit="%", method="quadratic")


def _of_line(of: Series, goals: Goals, finding: Callable[..., Finding]) -> Iterator[Finding]:
    n = sum(v.precision.n for v in of.levels if v.expected > 0)
    verdict = _straight(of, goals)
    if of.line is None:
        yield finding("slope", _UNKNOWN, n=n, method="weighted least squares", verdict=verdict)
        return
    line = of.line
    yield finding("slope", line.slope, n=n, method="weighted least squares", verdict=verdict)
    yield finding("intercept", line.intercept, n=n, unit=of.unit, method="weighted least squares")
    yield finding("r_squared", Interval(line.r_squared), n=n, method="weighted least squares")
    yield finding("curvature_p", Interval(line.curvature_p), n=n, method="quadratic")


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


# For studies


def limits_for_studies(series: Sequence[Series], *, source: str) -> list[LimitsRow]:
    """Return the limits of each population; a limit in events is whole.

    None is given where a lot has too few blanks to verify one (CLSI EP17). The limit of quantification in events is the
    mean events of the level that is the limit in percent or in cells/µL: of the larger, only if all units that were
    measured have one, and not below the limit of detection.
    """
    populations = dict.fromkeys(of.population for of in series)
    return [_limits([of for of in series if of.population == name], source) for name in populations]


def _limits(series: Sequence[Series], source: str) -> LimitsRow:
    by = {of.statistic: of for of in series}
    events = by[Statistic.COUNT]
    if not events.are_enough_blanks:
        return LimitsRow(events.population, events.percent_of, _NAN, _NAN, _NAN, _NAN, _NAN, _NAN, source)
    found = {s: of.lloq for s, of in by.items() if s is not Statistic.COUNT}
    known = [level for level in found.values() if level is not None]
    complete = bool(known) and len(known) == len(found)
    lod = _whole(events.limit_of_detection, math.ceil)
    lloq = max(lod, *(math.ceil(v.mean_events) for v in known)) if complete else _NAN
    percent, per_ul = found.get(Statistic.PCT), found.get(Statistic.ABS)
    return LimitsRow(
        population=events.population,
        percent_of=events.percent_of,
        background_percent=_six_digits(by[Statistic.PCT].background_percent) if Statistic.PCT in by else _NAN,
        lob_events=_whole(events.limit_of_blank, math.floor),
        lod_events=lod,
        lloq_events=lloq,
        lloq_percent=_six_digits(percent.precision.mean) if percent and percent.precision.mean < _ALL else _NAN,
        lloq_per_ul=_six_digits(per_ul.precision.mean) if per_ul else _NAN,
        source=source,
    )


def _whole(value: float, rounding: Callable[[float], int]) -> float:
    return _NAN if math.isnan(value) else float(rounding(value))


# In words


def say(series: Iterable[Series], goals: Goals) -> list[str]:
    """Return what a person should read first: a line for each limit, and for linearity."""
    return [line for of in series for line in _say_one(of, goals)]


def _say_one(of: Series, goals: Goals) -> Iterator[str]:
    what = f"{of.population}, {in_unit(of)}"
    for name, limits in (("limit of blank", of.lob), ("limit of detection", of.lod)):
        yield f"{what}: {name} {_said(limits, of)}"
    if of.statistic is Statistic.COUNT:
        return
    if of.statistic is Statistic.PCT:
        yield from (f"{what}: {words}" for words in _say_of_blanks(of))
    yield f"{what}: limit of quantification: {_lloq(of, goals)}"
    if any(level.expected > 0 for level in of.levels):
        yield f"{what}: linearity: {_straight(of, goals)}"


def in_unit(of: Series) -> str:
    """Return the unit as a title has it: `% of T cells`, `cells/µL`."""
    if of.statistic is Statistic.PCT:
        return f"% of {of.percent_of}" if of.percent_of else "%"
    return "events" if of.statistic is Statistic.COUNT else "cells/µL"


def _said(limits: Sequence[Limit], of: Series) -> str:
    standing = next((limit for limit in limits if limit.stands), None)
    if standing is None:
        return f"not established: {_why_none(of)}"
    digits = 4 if of.statistic is Statistic.COUNT else 3
    value, unit = rounded(standing.value.value, digits), of.unit.replace("uL", "µL")
    return f"{value} {unit} ({standing.method}; {standing.in_words})"


def _why_none(of: Series) -> str:
    """Return why there is no limit of blank, and so none of detection."""
    if not of.n_blanks:
        return "there are no blanks to tell it"
    if not of.blanks:
        volume = " in a known volume" if of.statistic is Statistic.ABS else ""
        return f"of {_blanks(of.n_blanks)} none has events of {_denominator(of)}{volume}"
    odd = {lot.lot for lot in of.blanks if not lot.are_counts and len(lot.values) < BLANKS_TO_VERIFY}
    return next(limit.in_words for limit in of.lob if limit.lot in odd)


def _say_of_blanks(of: Series) -> Iterator[str]:
    """Yield what the blanks mean for studies, and what is odd with them."""
    if not of.blanks:
        return
    if (used := sum(len(lot.values) for lot in of.blanks)) < of.n_blanks:
        yield f"blanks: {of.n_blanks - used} of {of.n_blanks} have no events of {_denominator(of)}, and say nothing"
    if not math.isnan(of.background_percent):
        yield f"background: at most {rounded(of.background_percent, 3)} % ({_how_background(of)[1]})"
    if not of.are_enough_blanks:
        few = min(of.blanks, key=lambda lot: len(lot.values))
        lot = f" of lot {few.lot}" if few.lot else ""
        is_are = "is" if len(few.values) == 1 else "are"
        yield (
            f"for studies: no limits in limits.csv, because there {is_are} {_blanks(len(few.values))}{lot}, and "
            f"{BLANKS_TO_VERIFY} are to verify a limit"
        )
    sizes = sorted((of.blank_parents, of.level_parents))
    if sizes[1] > _ALIKE * sizes[0]:
        yield (
            f"blanks: they have {of.blank_parents:.0f} events of {_denominator(of)} on average, and the other samples "
            f"{of.level_parents:.0f}; limits in events hold for samples as large as the blanks, so acquire alike"
        )


def _how_background(of: Series) -> tuple[str, str]:
    """Return by which method the background is known, and that in words."""
    most = max(of.blanks, key=lambda lot: lot.background_percent)
    if of.background_percent > most.background_percent:
        return "limit of blank", "the limit of blank, because blanks scatter more than counts do"
    lot = f" of lot {most.lot}" if most.lot else ""
    said = f"{most.n_events} of {most.n_parent} events in {_blanks(len(most.values))}{lot}, upper one-sided 95 % limit"
    return "clopper-pearson", said


def _blanks(n: int) -> str:
    return f"{n} blank" if n == 1 else f"{n} blanks"


def _denominator(of: Series) -> str:
    return of.percent_of or "the denominator"


def _held(percent: float, goal: float, n: int) -> str:
    """Return whether a level keeps to a goal."""
    if n < LEAST_REPLICATES:
        return f"not judged: {n} measured, {LEAST_REPLICATES} needed"
    if math.isnan(percent):
        return "not known"
    return f"{'within' if abs(percent) <= goal else 'beyond'} {goal:g} %"


def _lloq(of: Series, goals: Goals) -> str:
    """Return which level is the limit of quantification, or why none is."""
    asked = f"CV within {goals.cv:g} %"
    asked += f", bias within {goals.bias:g} %" if any(v.expected > 0 for v in of.levels) else ", bias not tested"
    if of.lloq:
        mean, unit = rounded(of.lloq.precision.mean, 3), in_unit(of)
        events = rounded(of.lloq.mean_events, 3)
        return f"{mean} {unit}, level {of.lloq.name}, {events} events ({asked})"
    judged = [v for v in of.levels if v.precision.n >= LEAST_REPLICATES]
    if not judged:
        return f"none of the levels was measured {LEAST_REPLICATES} times or more"
    if math.isnan(of.limit_of_detection):
        return "none of the levels: there is no limit of detection that it could be held against"
    top = judged[-1]
    return f"none of the levels: the highest, {top.name}, is {_what_is_wrong(top, of, goals)}"


def _what_is_wrong(level: Level, of: Series, goals: Goals) -> str:
    if level.precision.mean < of.limit_of_detection:
        return "below the limit of detection"
    if not level.cv <= goals.cv:
        return f"too scattered (CV {rounded(level.cv, 3)} %, goal {goals.cv:g} %)"
    return f"off what is expected (by {rounded(level.bias, 3)} %, goal {goals.bias:g} %)"


def _straight(of: Series, goals: Goals) -> str:
    """Return whether the dilution series is a straight line."""
    if of.line is None:
        n = len({v.expected for v in of.levels if v.expected > 0})
        return f"not told: {LEAST_LEVELS} different expected values are needed, here are {n}"
    slope = of.line.slope
    line = f"slope {slope.value:.3g} ({slope.low:.3g} to {slope.high:.3g})"
    p = of.line.curvature_p
    if math.isnan(p):
        return f"{line}, too few measurements to ask for a bend"
    name, worst = worst_deviation(of)
    if is_bent(of, goals):
        return f"bent: {line}, a parabola leaves the line by {worst:.3g} % at level {name} (p = {p:.2g})"
    return f"straight: {line}, no bend beyond chance and {goals.bias:g} % (p = {p:.2g})"
