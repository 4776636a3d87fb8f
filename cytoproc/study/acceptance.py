"""Whether a sample is fit for a count: its live cells, and the time since the blood was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cytoproc.model.paths import split_path
from cytoproc.model.results import QCFlag, Severity
from cytoproc.study.basis import Tube
from cytoproc.study.refusal import Refusal

__all__ = ["Judgement", "judge_sample"]

_CLOCKS_DIFFER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found, and the reason why no concentration is given, if there is one."""

    flags: tuple[QCFlag, ...] = ()
    refusal: Refusal | None = None


def judge_sample(tube: Tube) -> Judgement:
    """Return what the template's rules of acceptance say of a sample; they say nothing of a control.

    Percentages are not refused: they stand beside the flag, which fails the sample's quality.
    """
    if tube.sample.get("control"):
        return Judgement()
    found = [*_viability(tube), *_delay(tube)]
    failed = [f for f in found if f.severity is Severity.FAIL]
    refusal = Refusal(failed[0].code, failed[0].message, severity=Severity.FAIL) if failed else None
    return Judgement(tuple(found), refusal)


def _viability(tube: Tube) -> Iterator[QCFlag]:
    rule = tube.template.acceptance.viability
    if rule is None or not tube.counts[rule.of]:
        return
    live, of = tube.counts[rule.population], tube.counts[rule.of]
    percent = 100 * live / of
    least = rule.refuse_below if percent < rule.refuse_below else rule.warn_below
    if percent < least:
        severity = Severity.FAIL if percent < rule.refuse_below else Severity.WARN
        message = (
            f"{percent:.1f} % of {split_path(rule.of)[-1]!r} are {split_path(rule.population)[-1]!r} ({live} of {of}), "
            f"expected {least:g} % or more: dead cells bind antibodies, and those that died are not counted"
        )
        yield QCFlag("VIABILITY_LOW", message, severity)


def _delay(tube: Tube) -> Iterator[QCFlag]:
    begin, collected = tube.acquired("begin"), tube.sample.get("collected_at")
    if not begin or not collected:
        return
    measured = datetime.fromisoformat(begin)
    drawn, latest = _when(collected)
    if measured < drawn:
        is_another = drawn - measured > _CLOCKS_DIFFER
        ask = "is this the file of another draw?" if is_another else "correct one"
        message = f"measured at {measured}, before the blood was drawn (collected_at {collected}); {ask}"
        yield QCFlag("MEASURED_BEFORE_DRAWN", message, Severity.FAIL if is_another else Severity.WARN)
        return
    rule = tube.template.acceptance.delay_h
    if rule is None:
        return
    hours = max((measured - latest) / timedelta(hours=1), 0)
    most = rule.refuse_above if hours > rule.refuse_above else rule.warn_above
    if hours > most:
        severity = Severity.FAIL if hours > rule.refuse_above else Severity.WARN
        message = (
            f"measured {hours:.0f} hours after the blood was drawn (collected_at {collected}), expected {most:g} or "
            "less: a stain fades and cells die; or is this the file of another draw?"
        )
        yield QCFlag("STAIN_DELAY", message, severity)


def _when(text: str) -> tuple[datetime, datetime]:
    """Return the earliest and the latest time that a date, or a date and time, can mean on the clock on the wall."""
    time = datetime.fromisoformat(text).replace(tzinfo=None)
    is_date_alone = len(text) <= len("2024-01-31")
    return time, time + timedelta(days=1) if is_date_alone else time
