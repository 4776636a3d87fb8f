"""What `cytoproc calc` says of a number, to programs and to people."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cytoproc.quantify.concentration import Concentration
    from cytoproc.quantify.estimate import Estimate
    from cytoproc.quantify.status import Limits, Status

__all__ = ["Number", "at_most", "explained", "of_cells", "of_parent", "plain"]


def plain(value: float) -> str:
    """Return a number as it was given."""
    return f"{value:.12g}"


def _short(value: float) -> str:
    """Return a number with as many digits as help to follow a calculation."""
    from cytoproc.study.rounding import rounded

    return rounded(value, 5)


@dataclass(frozen=True, slots=True)
class Number:
    """A result, and all that is said of it; NaN where there is no interval.

    `v_eff_ul` and `cv_pct` are those of a concentration, `lloq` is the limit of quantification in the result's unit.
    `why` says what is wrong with a number that is INVALID.
    """

    n_events: int
    value: float
    low: float
    high: float
    method: str
    level: float
    unit: str
    status: Status
    limits: Limits
    lloq: float
    v_eff_ul: float = math.nan
    cv_pct: float = math.nan
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it for a program; None where there is no interval."""
        return {
            "value": self.value,
            "ci_low": self.low if self.method else None,
            "ci_high": self.high if self.method else None,
            "ci_method": self.method or None,
            "ci_level": self.level if self.method else None,
            "unit": self.unit,
            "status": self.status.value,
        }

    @property
    def amount(self) -> str:
        """The value and its unit."""
        return f"{_short(self.value)} {self.unit}"

    @property
    def with_interval(self) -> str:
        """The value, its interval, and how that was computed."""
        if not self.method:
            return f"{self.amount}, without an interval"
        ends = f"{_short(self.low)} to {_short(self.high)}"
        return f"{self.amount}, {plain(100 * self.level)} % interval {ends} ({self.method})"


def of_cells(found: Concentration, events: int, limits: Limits, status: Status, *, why: str = "") -> Number:
    """Return a concentration as a number to be told."""
    value, low, high = (float(x) for x in (found.estimate.value, found.estimate.low, found.estimate.high))
    v_eff = float(found.v_eff_ul)
    return Number(
        n_events=events,
        value=value,
        low=low,
        high=high,
        method=str(found.ci_methods),
        level=found.estimate.level,
        unit="cells/µL",
        status=status,
        limits=limits,
        lloq=limits.lloq_events / v_eff,
        v_eff_ul=v_eff,
        cv_pct=float(found.cv_pct),
        why=why,
    )


def of_parent(found: Estimate, events: int, parent_events: int, limits: Limits) -> Number:
    """Return a percentage as a number to be told."""
    from cytoproc.quantify.detection import achieved_percent
    from cytoproc.quantify.status import decide_status

    return Number(
        n_events=events,
        value=float(found.value),
        low=float(found.low),
        high=float(found.high),
        method=found.method,
        level=found.level,
        unit="%",
        status=decide_status(events, parent_events, limits),
        limits=limits,
        lloq=achieved_percent(limits.lloq_events, parent_events),
    )


def explained(number: Number, variances: list[str], *, upper: float | None = None) -> list[str]:
    """Return the lines below the formula; `variances` are the terms of SE² where the interval is log-delta.

    `upper` is the limit of what was not detected, if it is not the upper end of the interval.
    """
    lines = ["", number.with_interval]
    if number.method == "log-delta":
        se, by = number.cv_pct / 100, number.high / number.value
        lines += [
            f"  SE² = {' + '.join(variances)} = {se * se:.4g}, so SE = {se:.4g}: a CV of {number.cv_pct:.2f} %",
            f"  {_short(number.value)} / {by:.4f} to {_short(number.value)} × {by:.4f}, "
            f"where {by:.4f} = exp({math.log(by) / se:.2f} × SE)",
        ]
    elif number.cv_pct > 0:
        lines.append(f"  the CV of counting is {number.cv_pct:.2f} %")
    if not math.isnan(number.v_eff_ul):
        lines.append(f"blood looked at: {_short(number.v_eff_ul)} µL")
    return [*lines, _status_in_words(number, number.high if upper is None else upper)]


def _status_in_words(number: Number, upper: float) -> str:
    from cytoproc.quantify.status import Status

    limits, n = number.limits, number.n_events
    lloq = f"{_short(number.lloq)} {number.unit}"
    match number.status:
        case Status.INVALID:
            said = f"{number.why}; acquire longer, and report no number"
        case Status.NOT_EVALUABLE:
            said = f"the parent has fewer than {limits.parent_events} events: too few for a share"
        case Status.ND:
            limit = f"upper limit {_short(upper)} {number.unit}" if number.method else "no upper limit"
            said = f"{n} events, below detection limit ({limits.detect_events}); {limit}"
        case Status.BLQ:
            said = f"{n} events are detected, and too few for a number ({limits.lloq_events}); report <{lloq}"
        case _:
            said = f"{n} events are enough for a number ({limits.lloq_events}, which are {lloq})"
    return f"{number.status.value}: {said}"


def at_most(number: Number, upper_at: Callable[[float], float]) -> list[str]:
    """Return the one-sided upper limit where nothing was found: the end of an exact interval with twice the error."""
    both = 2 * number.level - 1
    if number.n_events or not number.method or both <= 0:
        return []
    return [f"one-sided {plain(100 * number.level)} % upper limit: {_short(upper_at(both))} {number.unit}"]
