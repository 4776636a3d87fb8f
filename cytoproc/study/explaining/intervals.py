"""How an interval was computed, with its values put in, and a way to check it without this program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from cytoproc.quantify.concentration import Relation
from cytoproc.quantify.counts import garwood
from cytoproc.quantify.estimate import Estimate, tail_of
from cytoproc.quantify.percent import PERCENT_INTERVALS, clopper_pearson
from cytoproc.quantify.ratio import mover_product, mover_sum, ratio_of_counts
from cytoproc.study.explaining.formulas import is_of_unlike_tubes, shown, ten_digits
from cytoproc.study.finished import Line

__all__ = ["Carried", "ExplainedInterval", "explain_interval"]

_FEW = 20
_WIDENED = "-widened"


@dataclass(frozen=True, slots=True)
class Carried:
    """What the interval of a carried concentration was made of, besides its own line.

    `reference` is the line of the counted tube, `n_both` the events that are among the shared cells.
    """

    reference: Line
    relation: Relation
    n_both: int


@dataclass(frozen=True, slots=True)
class ExplainedInterval:
    """The ends of an interval, its level (0.95 for 95 %), and how they were computed.

    `lines` are formulas with their values; `spreadsheet` are formulas that Excel and its kin compute; `by_hand` is an
    approximation for a pocket calculator. `again` are the ends computed once more, where the table allows it.
    """

    low: float
    high: float
    level: float
    method: str
    name: str
    lines: tuple[str, ...] = ()
    spreadsheet: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()
    again: tuple[float, float] | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether the ends are what they should be; None if they cannot be computed from the table."""
        if self.again is None:
            return None
        ends = zip((self.low, self.high), self.again, strict=True)
        return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in ends)


def explain_interval(
    line: Line,
    *,
    carried: Carried | None = None,
    cvs: Mapping[str, float] | None = None,
    members: Sequence[Line] = (),
) -> ExplainedInterval | None:
    """Return how the interval of a line was computed; none where the line has none.

    `cvs` are the technical errors that enter it, by name (0.05 is 5 %), and `members` the lines of the tubes
    that a pooled concentration was made of.
    """
    method = line.text("ci_method")
    if not method or math.isnan(line.number("ci_high")):
        return None
    known = _Known(line, method.removesuffix(_WIDENED), carried, cvs or {}, members)
    if carried and carried.relation is Relation.SAME:
        return _same(known, carried.reference)
    found = _METHODS.get(known.method, _unknown)(known)
    return _widened(known, found) if method.endswith(_WIDENED) else found


@dataclass(frozen=True, slots=True)
class _Known:
    line: Line
    method: str
    carried: Carried | None
    cvs: Mapping[str, float]
    members: Sequence[Line] = ()

    @property
    def n(self) -> int:
        return self.line.whole("n_events")

    @property
    def of(self) -> int:
        return self.line.whole("n_denominator")

    @property
    def beads(self) -> float:
        """The beads that were counted; of tubes that were filled unlike, as many as would tell their blood so well."""
        counted = self.line.whole("n_beads")
        if not counted or not self.members:
            return math.nan if is_of_unlike_tubes(self.line) else counted
        seen = [(m.number("v_eff_ul"), m.number("n_beads")) for m in self.members]
        effective = sum(v for v, _ in seen) ** 2 / sum(v * v / b for v, b in seen)
        return counted if math.isclose(effective, counted, rel_tol=1e-9) else effective

    @property
    def of_beads(self) -> tuple[str, ...]:
        """Where the beads come from if not from counting alone."""
        if self.beads == self.line.whole("n_beads"):
            return ()
        volumes = " + ".join(ten_digits(m.number("v_eff_ul")) for m in self.members)
        each = " + ".join(f"{ten_digits(m.number('v_eff_ul'))}² / {m.whole('n_beads')}" for m in self.members)
        return (f"of tubes that were filled unlike, B = ({volumes})² / ({each}) = {ten_digits(self.beads)}",)

    @property
    def volume(self) -> float:
        return self.line.number("v_eff_ul")

    @property
    def value(self) -> float:
        return self.line.number("value_raw")

    @property
    def level(self) -> float:
        return self.line.number("ci_level")

    @property
    def tails(self) -> tuple[str, str]:
        tail = tail_of(self.level)
        return f"{tail:.6g}", f"{1 - tail:.6g}"

    @property
    def z(self) -> float:
        return float(-ndtri(tail_of(self.level)))

    def explained(
        self,
        name: str,
        lines: tuple[str, ...] = (),
        spreadsheet: tuple[str, ...] = (),
        by_hand: tuple[str, ...] = (),
        again: Estimate | None = None,
    ) -> ExplainedInterval:
        ends = None if again is None else (float(again.low[()]), float(again.high[()]))
        low, high = self.line.number("ci_low"), self.line.number("ci_high")
        return ExplainedInterval(
            low, high, self.level, self.line.text("ci_method"), name, lines, spreadsheet, by_hand, ends
        )


def _exact_share(known: _Known) -> ExplainedInterval:
    return _part_of_blood_count(known) if _is_by_blood_count(known) else _exact_percent(known)


def _is_by_blood_count(known: _Known) -> bool:
    return known.line.text("count_method").startswith("DP")


def _part_of_blood_count(known: _Known) -> ExplainedInterval:
    k, n, (a, b), volume = known.n, known.of, known.tails, ten_digits(known.volume)
    low, high = f"BETA.INV({a},{k},{n - k + 1})", f"BETA.INV({b},{k + 1},{n - k})"
    return known.explained(
        "exact, of a count out of a count (Clopper-Pearson), with the blood count taken as certain",
        (
            f"low = Beta⁻¹({a}; N, n - N + 1) × n / V = Beta⁻¹({a}; {k}, {n - k + 1}) × {n} / {volume}"
            if k
            else "low = 0",
            f"high = Beta⁻¹({b}; N + 1, n - N) × n / V = Beta⁻¹({b}; {k + 1}, {n - k}) × {n} / {volume}"
            if k < n
            else f"high = n / V = {n} / {volume}",
            f"with V = {volume} µL of blood looked at",
        ),
        (*((f"={low}*{n}/{volume}",) if k else ()), *((f"={high}*{n}/{volume}",) if k < n else ())),
        _count_by_hand(known, f"1/{k} - 1/{n}", 1 / k - 1 / n if k else 0.0),
        clopper_pearson(k, n, level=known.level).scaled(n / known.volume / 100),
    )


def _exact_percent(known: _Known) -> ExplainedInterval:
    k, n, (a, b) = known.n, known.of, known.tails
    low, high = f"BETA.INV({a},{k},{n - k + 1})", f"BETA.INV({b},{k + 1},{n - k})"
    return known.explained(
        "exact, of a count out of a count (Clopper-Pearson)",
        (
            f"low = 100 × Beta⁻¹({a}; N, n - N + 1) = 100 × Beta⁻¹({a}; {k}, {n - k + 1})" if k else "low = 0",
            f"high = 100 × Beta⁻¹({b}; N + 1, n - N) = 100 × Beta⁻¹({b}; {k + 1}, {n - k})" if k < n else "high = 100",
        ),
        (*((f"=100*{low}",) if k else ()), *((f"=100*{high}",) if k < n else ())),
        _percent_by_hand(known),
        clopper_pearson(k, n, level=known.level),
    )


def _percent_by_hand(known: _Known) -> tuple[str, ...]:
    """Return what a pocket calculator gives: closed where no event or every event counts, else an approximation."""
    k, n, (a, _) = known.n, known.of, known.tails
    tail = float(a)
    if k == 0:
        return (f"exact here: high = 100 × (1 - {a}^(1/{n})) = {shown(100 * (1 - tail ** (1 / n)))}",)
    if k == n:
        return (f"exact here: low = 100 × {a}^(1/{n}) = {shown(100 * tail ** (1 / n))}",)
    z, square = known.z, known.z**2  # Wilson's interval, with fewer signs
    half = z * math.sqrt(k * (n - k) / n + square / 4)
    low, high = (100 * (k + square / 2 + sign * half) / (n + square) for sign in (-1, 1))
    root = f"sqrt({k} × {n - k} / {n} + {square / 4:.4g})"
    formula = f"100 × ({k} + {square / 2:.4g} ± {z:.4g} × {root}) / ({n} + {square:.4g})"
    return (f"approximate: {formula} = {low:.4g} to {high:.4g}",)


def _few(k: int, z: float) -> tuple[float, float, tuple[str, ...]]:
    """Return the ends of a small count and how: the cube root of a chi-squared is nearly normal (Byar).

    Wilson and Hilferty 1931; within 1 % of the exact upper end from 1 event on.
    """
    low, high = (m * (1 - 1 / (9 * m) + sign * z / (3 * math.sqrt(m))) ** 3 for m, sign in ((k, -1), (k + 1, 1)))
    return (
        max(low, 0.0),
        high,
        (
            f"approximate: {k} events may be {k} × (1 - 1/{9 * k} - {z:.4g} / (3 × sqrt({k})))³ = {max(low, 0.0):.4g} "
            f"to {k + 1} × (1 - 1/{9 * (k + 1)} + {z:.4g} / (3 × sqrt({k + 1})))³ = {high:.4g}",
        ),
    )


def _other_percent(known: _Known) -> ExplainedInterval:
    k, n, (a, b), z = known.n, known.of, known.tails, known.z
    again = PERCENT_INTERVALS[known.method](k, n, level=known.level)
    if known.method == "jeffreys":
        x, y = f"{k + 0.5:g}", f"{n - k + 0.5:g}"
        lines = (
            f"low = 100 × Beta⁻¹({a}; N + 1/2, n - N + 1/2), 0 where N = 0",
            f"high = 100 × Beta⁻¹({b}; N + 1/2, n - N + 1/2), 100 where N = n",
        )
        sheet = (f"=100*BETA.INV({a},{x},{y})", f"=100*BETA.INV({b},{x},{y})")
        return known.explained("of Jeffreys", lines, sheet, _percent_by_hand(known), again)
    p, s = k / n, f"(1 + {z:.6g}² / {n})"
    steps = (
        f"centre = (p + z²/2n) / (1 + z²/n) = ({ten_digits(p)} + {z:.6g}² / {2 * n}) / {s}",
        f"half = z / (1 + z²/n) × sqrt(p (1 - p) / n + z²/4n²), with p = N/n and z = {z:.6g}",
        "low = 100 × (centre - half), high = 100 × (centre + half)",
    )
    return known.explained("of Wilson", steps, again=again)


def _ratio(known: _Known) -> ExplainedInterval:
    return _beside_blood_count(known) if _is_by_blood_count(known) else _beads(known)


def _beside_blood_count(known: _Known) -> ExplainedInterval:
    k, n, (a, b), volume = known.n, known.of, known.tails, ten_digits(known.volume)
    low, high = f"BETA.INV({a},{k},{n + 1})", f"BETA.INV({b},{k + 1},{n})"
    return known.explained(
        "exact, of the ratio of two counts, with the blood count taken as certain (conditional binomial)",
        (
            f"low = p / (1 - p) × n / V, with p = Beta⁻¹({a}; N, n + 1) = Beta⁻¹({a}; {k}, {n + 1})"
            if k
            else "low = 0",
            f"high = p / (1 - p) × n / V, with p = Beta⁻¹({b}; N + 1, n) = Beta⁻¹({b}; {k + 1}, {n})",
            f"with n = {n} events of what the blood count counts, and V = {volume} µL of blood looked at",
        ),
        tuple(f"={beta}/(1-{beta})*{n}/{volume}" for beta in ((low, high) if k else (high,))),
        _count_by_hand(known, f"1/{k} + 1/{n}", 1 / k + 1 / n if k else 0.0),
        ratio_of_counts(k, n, level=known.level).scaled(n / known.volume),
    )


def _beads(known: _Known) -> ExplainedInterval:
    k, (a, b) = known.n, known.tails
    name = "exact, of the ratio of two counts, cells and beads (conditional binomial)"
    if math.isnan(known.beads):
        return known.explained(f"{name}; of tubes that were filled unlike, of which one has no concentration")
    volume, beads, next_bead = (ten_digits(x) for x in (known.volume, known.beads, known.beads + 1))
    low, high = f"BETA.INV({a},{k},{next_bead})", f"BETA.INV({b},{k + 1},{beads})"
    return known.explained(
        name,
        (
            f"low = p / (1 - p) × B / V, with p = Beta⁻¹({a}; N, B + 1) = Beta⁻¹({a}; {k}, {next_bead})"
            if k
            else "low = 0",
            f"high = p / (1 - p) × B / V, with p = Beta⁻¹({b}; N + 1, B) = Beta⁻¹({b}; {k + 1}, {beads})",
            f"with B = {beads} beads, and V = {volume} µL of blood looked at",
            *known.of_beads,
        ),
        tuple(f"={beta}/(1-{beta})*{beads}/{volume}" for beta in ((low, high) if k else (high,))),
        _count_by_hand(known, f"1/{k} + 1/{beads}", 1 / k + 1 / known.beads if k else 0.0),
        ratio_of_counts(k, known.beads, level=known.level).scaled(known.beads / known.volume),
    )


def _volume(known: _Known) -> ExplainedInterval:
    k, (a, b), volume = known.n, known.tails, ten_digits(known.volume)
    return known.explained(
        "exact, of a count in a volume (Poisson, Garwood)",
        (
            f"low = χ²⁻¹({a}; 2N) / 2 / V = χ²⁻¹({a}; {2 * k}) / 2 / {volume}" if k else "low = 0",
            f"high = χ²⁻¹({b}; 2N + 2) / 2 / V = χ²⁻¹({b}; {2 * k + 2}) / 2 / {volume}",
            f"with V = {volume} µL of blood looked at",
        ),
        (
            *((f"=CHISQ.INV({a},{2 * k})/2/{volume}",) if k else ()),
            f"=CHISQ.INV({b},{2 * k + 2})/2/{volume}",
        ),
        _count_by_hand(known, f"1/{k}", 1 / k if k else 0.0),
        garwood(k, level=known.level).scaled(1 / known.volume),
    )


def _count_by_hand(known: _Known, variance: str, relative_variance: float) -> tuple[str, ...]:
    k, volume, (a, _) = known.n, known.volume, known.tails
    if k == 0:
        most = -math.log(float(a))
        return (f"approximate: high = -ln({a}) / V = {most:.4g} / {ten_digits(volume)} = {most / volume:.4g}",)
    if k < _FEW:
        low, high, text = _few(k, known.z)
        return (*text, f"approximate: these / {ten_digits(volume)} µL = {low / volume:.4g} to {high / volume:.4g}")
    by = math.exp(known.z * math.sqrt(relative_variance))
    formula = f"{shown(known.value)} × exp(±{known.z:.4g} × sqrt({variance}))"
    return (f"approximate: {formula} = {known.value / by:.4g} to {known.value * by:.4g}",)


def _log_delta(known: _Known) -> ExplainedInterval:
    error = known.line.number("cv_pct") / 100
    given = ", ".join(f"{name} {100 * cv:g} %" for name, cv in known.cvs.items() if cv)
    counting, variance = f"1/{known.n}", 1 / known.n
    if math.isnan(known.beads):
        counting = f"{counting} + 1/B of all tubes"
    elif known.beads:
        counting, variance = f"{counting} + 1/{ten_digits(known.beads)}", variance + 1 / known.beads
    elif known.line.text("count_method").startswith("DP"):
        technical = sum(known.cvs.get(name, 0.0) ** 2 for name in ("blood_count", "gate"))
        is_part = math.isclose(error**2, variance - 1 / known.of + technical, rel_tol=1e-9)
        sign = -1 if is_part else 1
        counting, variance = f"{counting} {'-' if is_part else '+'} 1/{known.of}", variance + sign / known.of
    lines: tuple[str, ...] = (
        f"low = value × exp(-z × SE), high = value × exp(z × SE), with z = {known.z:.6g}",
        f"SE² = {counting} + the squares of the technical errors" + (f", which are: {given}" if given else ""),
        *(known.of_beads if known.beads > 0 else ()),
    )
    if math.isnan(error):
        return known.explained("on the logarithm (log-delta)", lines)
    if not math.isnan(known.beads) and error**2 > variance and not known.line.text("ci_method").endswith(_WIDENED):
        together = math.sqrt(error**2 - variance)
        lines = (*lines, f"SE = sqrt({counting} + {together:.6g}²), all technical errors together being {together:.4g}")
    by = math.exp(known.z * error)
    again = Estimate(np.asarray(known.value), np.asarray(known.value / by), np.asarray(known.value * by), known.level)
    steps = (
        *lines,
        f"SE = {ten_digits(error)} (cv_pct of the table / 100)",
        f"low = {ten_digits(known.value)} × exp(-{known.z:.6g} × {ten_digits(error)}) = {shown(float(again.low))}",
        f"high = {ten_digits(known.value)} × exp({known.z:.6g} × {ten_digits(error)}) = {shown(float(again.high))}",
    )
    return known.explained("on the logarithm (log-delta)", steps, again=again)


def _carried(known: _Known) -> ExplainedInterval:
    if known.carried is None:
        return known.explained("of a product (MOVER)")
    r = known.carried.reference
    value, low, high = (r.number(c) for c in ("value_raw", "ci_low", "ci_high"))
    counted = Estimate(np.asarray(value), np.asarray(low), np.asarray(high), known.level, r.text("ci_method"))
    share, words = _share(known, known.carried)
    s, lo, up = (float(x[()]) for x in (share.value, share.low, share.high))
    again = mover_product(share, counted)
    return known.explained(
        "of a share times a concentration, from both of their intervals (MOVER)",
        (
            f"share s = N / n = {known.n} / {known.of} = {shown(s)}, from l = {ten_digits(lo)} to u = {ten_digits(up)} "
            f"({words})",
            f"C = {ten_digits(value)} cells/µL, from {ten_digits(low)} to {ten_digits(high)} (the counted tube)",
            *_ends(share, counted),
        ),
        again=again,
    )


def _same(known: _Known, counted: Line) -> ExplainedInterval:
    """Return the interval of the very cells that the counted tube counts: this tube's events add nothing to it."""
    low, high = (np.asarray(counted.number(c)) for c in ("ci_low", "ci_high"))
    again = Estimate(np.asarray(counted.number("value_raw")), low, high, known.level)
    return known.explained("that of the counted tube, which counts the same cells", again=again)


def _ends(share: Estimate, counted: Estimate) -> tuple[str, ...]:
    value, low, high = (float(x) for x in (counted.value, counted.low, counted.high))
    if not value:
        return ("low = 0", f"high = u × {ten_digits(high)}, since C is 0")
    lines = []
    if share.low > 0 and low > 0:
        lines += [
            "low = C × l × (2s - l) / (s + sqrt(s² - l × (2s - l) × r × (2 - r)))",
            f"with r = C / its low end = {ten_digits(value / low)}",
        ]
    else:
        lines.append("low = 0")
    return (
        *lines,
        "high = C × (s + sqrt(s² - u × (2s - u) × r × (2 - r))) / (r × (2 - r))",
        f"with r = C / its high end = {ten_digits(value / high)}",
    )


def _share(known: _Known, carried: Carried) -> tuple[Estimate, str]:
    """Return the share of the shared cells with its interval, and where that came from."""
    n, of, level = known.n, known.of, known.level
    s = np.asarray(n / of)
    match carried.relation:
        case Relation.PART:
            share = clopper_pearson(n, of, level=level).scaled(0.01)
            a, b = known.tails
            words = f"exact: BETA.INV({a},{n},{of - n + 1}) and BETA.INV({b},{n + 1},{of - n})"
        case Relation.WHOLE:
            sure = Estimate(np.asarray(1.0), np.asarray(1.0), np.asarray(1.0), level)
            share = mover_sum(sure, ratio_of_counts(n - of, of, level=level))
            words = f"1 and the exact interval of {n - of} / {of}, two counts"
        case _:
            both = carried.n_both
            inside = clopper_pearson(both, of, level=level).scaled(0.01)
            share = mover_sum(inside, ratio_of_counts(n - both, of, level=level))
            words = f"the exact intervals of {both} out of {of} and of {n - both} / {of}, added by MOVER"
    return Estimate(s, share.low, share.high, level, share.method), words


def _unknown(known: _Known) -> ExplainedInterval:
    return known.explained(known.line.text("ci_method"))


def _widened(known: _Known, found: ExplainedInterval) -> ExplainedInterval:
    """Return the interval of tubes that differ by more than counting: its ends are further out by a factor."""
    name = f"{found.name}, widened since its tubes differ by more than counting"
    if found.again is None or not (known.value > 0 and found.again[0] > 0):
        return known.explained(name, found.lines)
    if known.method == "log-delta":  # its SE is the wider one
        return replace(found, name=name)
    factor = math.log(found.high / known.value) / math.log(found.again[1] / known.value)
    ends = tuple(known.value * (end / known.value) ** factor for end in found.again)
    again = Estimate(np.asarray(known.value), np.asarray(ends[0]), np.asarray(ends[1]), known.level)
    line = (
        f"then both ends are put {factor:.4g} times as far from the value, on the logarithm: the root of the tubes' phi"
    )
    return known.explained(name, (*found.lines, line), found.spreadsheet, again=again)


_METHODS: Mapping[str, Callable[[_Known], ExplainedInterval]] = {
    "clopper-pearson": _exact_share,
    "wilson": _other_percent,
    "jeffreys": _other_percent,
    "conditional-binomial": _ratio,
    "garwood": _volume,
    "log-delta": _log_delta,
    "mover": _carried,
}
