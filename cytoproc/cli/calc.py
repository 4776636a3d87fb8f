"""`cytoproc calc`."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.number import Number, at_most, explained, of_cells, of_parent, plain
from cytoproc.cli.screen import print_json, print_lines

if TYPE_CHECKING:
    from cytoproc.quantify.status import Limits

app = typer.Typer(
    help="Compute one number by hand: cells/µL, a percentage, how many events are needed.", no_args_is_help=True
)

_MOST_EVENTS = 10**12
_HIGHEST_LEVEL = 1 - 1e-12
_SURE = 0.95


class Method(StrEnum):
    """An interval of a percentage."""

    CLOPPER_PEARSON = "clopper-pearson"
    WILSON = "wilson"
    JEFFREYS = "jeffreys"


def _between(low: float, high: float, what: str) -> Callable[[float | None], float | None]:
    """Return a check that an option lies in a range; NaN and infinity do not."""

    def check(value: float | None) -> float | None:
        if value is None or low <= value <= high:
            return value
        given = "so large a number" if abs(value) > 1e300 else f"{value:g}"
        message = f"{given} is not between {low:g} and {high:g}; give {what}"
        raise typer.BadParameter(message)

    return check


def _is_level(value: float) -> float:
    if 0 < value <= _HIGHEST_LEVEL:
        return value
    message = f"a confidence level lies between 0 and 1, not at {value:g}; give 0.95 for 95 %"
    raise typer.BadParameter(message)


def _cv(name: str, of: str) -> Any:
    check = _between(0, 1, "it as a part, 0.05 for 5 %")
    return typer.Option(name, callback=check, help=f"Relative error of {of}: 0.05 is 5 %. Chooses log-delta.")


_BLOOD = _between(1e-6, 1e9, "µL of blood")
_TIMES = _between(1, 1e6, "how many times it was diluted, 1 for not at all")
_VOLUME = _between(1, 1e12, "nL")
_COUNT = _between(1e-6, 1000, "10^9/L; a count in cells/µL is divided by 1000")
_PART = _between(1e-12, 1, "a part of the parent, 0.0001 for 0.01 %")

_EVENTS = _between(0, _MOST_EVENTS, "a number of events")
_SOME_EVENTS = _between(1, _MOST_EVENTS, "a number of events, one or more")
_BEADS = _between(1, _MOST_EVENTS, "a number of beads, one or more")

Events = Annotated[int, typer.Option("--events", callback=_EVENTS, help="Events of the population.")]
Parent = Annotated[int, typer.Option("--parent-events", callback=_SOME_EVENTS, help="Events it is a part of.")]
Detect = Annotated[int, typer.Option("--detect-events", callback=_SOME_EVENTS, help="Least events to be detected.")]
Lloq = Annotated[int, typer.Option("--lloq-events", callback=_SOME_EVENTS, help="Least events for a number.")]
Level = Annotated[float, typer.Option("--level", callback=_is_level, help="Confidence level of the interval.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command("beads")
def beads(
    *,
    events: Events,
    beads: Annotated[int, typer.Option("--beads", callback=_BEADS, help="Beads that were counted.")],
    beads_added: Annotated[
        int, typer.Option("--beads-added", callback=_BEADS, help="Beads that were put into the tube.")
    ],
    sample_volume_ul: Annotated[
        float, typer.Option("--sample-volume-ul", callback=_BLOOD, help="Blood that was put into the tube, in µL.")
    ],
    predilution: Annotated[
        float, typer.Option("--predilution", callback=_TIMES, help="How many times the blood was diluted before.")
    ] = 1.0,
    cv_pipetting: Annotated[float, _cv("--cv-pipetting", "the volume of blood")] = 0.0,
    cv_beads: Annotated[float, _cv("--cv-beads", "the number of beads in the tube")] = 0.0,
    detect_events: Detect = 20,
    lloq_events: Lloq = 50,
    level: Level = 0.95,
    as_json: Json = False,
) -> None:
    """Compute cells/µL by counting beads."""
    from cytoproc.quantify.agreement import recovery_exceeds
    from cytoproc.quantify.concentration import from_beads
    from cytoproc.quantify.status import Status, decide_by_events
    from cytoproc.study.rules import CountRules

    limits, rules = _limits(detect_events, lloq_events), CountRules()
    if recovery_exceeds(beads, beads_added, cv_lot=rules.bead_lot_cv):
        message = f"{beads} beads were counted, and {beads_added} put into the tube (--beads-added): look at both"
        raise typer.BadParameter(message, param_hint="'--beads'")
    cvs = [cv_pipetting, cv_beads]
    too_few = f"{beads} beads were counted, and it takes {rules.min_beads}" if beads < rules.min_beads else ""
    status = Status.INVALID if too_few else decide_by_events(events, limits)

    def compute(level: float) -> Number:
        found = from_beads(
            events,
            beads,
            beads_per_tube=beads_added,
            sample_volume_ul=sample_volume_ul,
            predilution=predilution,
            level=level,
            interval=_interval(cvs),
            cv_pipetting=cv_pipetting,
            cv_beads=cv_beads,
        )
        return of_cells(found, events, limits, status, why=too_few)

    number = compute(level)
    if as_json:
        print_json(number.as_json())
        return
    few = f"note: {beads} beads are few; with {rules.few_beads} or more their share in the error is small"
    dilution = (" × predilution", f" × {plain(predilution)}") if predilution != 1 else ("", "")
    print_lines(
        f"events / beads × beads added / µL of blood{dilution[0]}",
        f"= {events} / {beads} × {beads_added} / {plain(sample_volume_ul)}{dilution[1]} = {number.amount}",
        *explained(number, [f"1/{events}", f"1/{beads}", *_squared(cvs)]),
        *at_most(number, lambda level: compute(level).high),
        *([few] if not too_few and beads < rules.few_beads else []),
    )


@app.command("volumetric")
def volumetric(
    *,
    events: Events,
    vol_nl: Annotated[
        float, typer.Option("--vol-nl", callback=_VOLUME, help="Volume that was acquired, in nL ($VOL).")
    ],
    dilution_factor: Annotated[
        float,
        typer.Option(
            "--dilution-factor", callback=_TIMES, help="Volume of the tube / volume of blood in it, times predilution."
        ),
    ],
    cv_pipetting: Annotated[float, _cv("--cv-pipetting", "the dilution")] = 0.0,
    cv_volume: Annotated[float, _cv("--cv-volume", "the acquired volume")] = 0.0,
    detect_events: Detect = 20,
    lloq_events: Lloq = 50,
    level: Level = 0.95,
    as_json: Json = False,
) -> None:
    """Compute cells/µL by the volume that the cytometer acquired."""
    from cytoproc.quantify.concentration import from_volume
    from cytoproc.quantify.status import decide_by_events

    limits = _limits(detect_events, lloq_events)
    cvs = [cv_pipetting, cv_volume]

    def compute(level: float) -> Number:
        found = from_volume(
            events,
            vol_acquired_nl=vol_nl,
            dilution_factor=dilution_factor,
            level=level,
            interval=_interval(cvs),
            cv_pipetting=cv_pipetting,
            cv_volume=cv_volume,
        )
        return of_cells(found, events, limits, decide_by_events(events, limits))

    number = compute(level)
    if as_json:
        print_json(number.as_json())
        return
    print_lines(
        "events / acquired µL × dilution factor",
        f"= {events} / {plain(vol_nl / 1000)} × {plain(dilution_factor)} = {number.amount}",
        *explained(number, [f"1/{events}", *_squared(cvs)]),
        *at_most(number, lambda level: compute(level).high),
    )


@app.command("dual")
def dual(
    *,
    alc: Annotated[float, typer.Option("--alc", callback=_COUNT, help="Lymphocytes of the blood count, in 10^9/L.")],
    events: Events,
    parent_events: Parent,
    cv_alc: Annotated[float, _cv("--cv-alc", "the blood count")] = 0.0,
    detect_events: Detect = 20,
    lloq_events: Lloq = 50,
    level: Level = 0.95,
    as_json: Json = False,
) -> None:
    """Compute cells/µL by a blood count; the parent is what it counts: all lymphocytes."""
    from cytoproc.quantify.concentration import from_blood_count
    from cytoproc.quantify.percent import clopper_pearson
    from cytoproc.quantify.status import decide_status

    limits = _limits(detect_events, lloq_events)
    _check_part(events, parent_events)
    status = decide_status(events, parent_events, limits)

    def compute(level: float) -> Number:
        found = from_blood_count(events, parent_events, count_10e9_l=alc, cv_count=cv_alc, level=level)
        return of_cells(found, events, limits, status)

    number = compute(level)
    if as_json:
        print_json(number.as_json())
        return
    share = of_parent(clopper_pearson(events, parent_events, level=level), events, parent_events, limits)
    print_lines(
        "1000 × lymphocytes in 10^9/L × events / parent events",
        f"= 1000 × {plain(alc)} × {events} / {parent_events} = {number.amount}",
        *explained(number, [f"1/{events} - 1/{parent_events}", *_squared([cv_alc])]),
        *at_most(number, lambda level: compute(level).high),
        f"percentage of the parent: {share.with_interval}",
        *([] if cv_alc else ["the interval takes the blood count as certain; give its own error by --cv-alc"]),
    )


@app.command("percent")
def percent(
    *,
    events: Events,
    parent_events: Parent,
    method: Annotated[Method, typer.Option("--method", help="Which interval.")] = Method.CLOPPER_PEARSON,
    detect_events: Detect = 20,
    lloq_events: Lloq = 50,
    level: Level = 0.95,
    as_json: Json = False,
) -> None:
    """Compute a percentage of the parent."""
    from cytoproc.quantify.percent import PERCENT_INTERVALS, clopper_pearson

    limits = _limits(detect_events, lloq_events)
    _check_part(events, parent_events)
    found = PERCENT_INTERVALS[method](events, parent_events, level=level)

    def exact_high(level: float) -> float:
        return float(clopper_pearson(events, parent_events, level=level).high)

    number = of_parent(found, events, parent_events, limits)
    if as_json:
        print_json(number.as_json())
        return
    print_lines(
        "100 × events / parent events",
        f"= 100 × {events} / {parent_events} = {number.amount}",
        *explained(number, [], upper=exact_high(level)),
        *at_most(number, exact_high),
    )


@app.command("needed")
def needed(
    *,
    frequency: Annotated[
        float, typer.Option("--frequency", callback=_PART, help="What part of the parent the population is: 0.0001.")
    ],
    events: Annotated[
        int, typer.Option("--events", callback=_SOME_EVENTS, help="Events of the population that are wanted.")
    ],
    as_json: Json = False,
) -> None:
    """Compute how many parent events must be acquired for so many events of a population."""
    from cytoproc.quantify.detection import events_needed, expectation_to_see

    n, n_sure = events_needed(frequency, events), events_needed(frequency, events, probability=_SURE)
    if as_json:
        none = dict.fromkeys(("ci_low", "ci_high", "ci_method", "ci_level"))
        sure = {"sure_probability": _SURE, "sure_value": n_sure}
        print_json({"value": n} | none | {"unit": "events", "status": None} | sure)
        return
    mean, part = expectation_to_see(events, probability=_SURE), plain(frequency)
    print_lines(
        "events / frequency",
        f"= {events} / {part} = {n:.0f} parent events, to expect {events} on average",
        "",
        f"to be {100 * _SURE:g} % sure of {events} or more, {mean:.2f} must be expected:",
        f"{mean:.2f} / {part} = {n_sure:.0f} parent events",
    )


# What the commands share


def _limits(detect_events: int, lloq_events: int) -> Limits:
    from cytoproc.quantify.status import Limits

    if lloq_events < detect_events:
        message = f"{lloq_events} is below --detect-events {detect_events}; a number needs as many events or more"
        raise typer.BadParameter(message, param_hint="'--lloq-events'")
    return Limits(detect_events, lloq_events)


def _check_part(events: int, parent_events: int) -> None:
    if events > parent_events:
        message = f"{events} events cannot be a part of {parent_events} (--parent-events); were they exchanged?"
        raise typer.BadParameter(message, param_hint="'--events'")


def _interval(cvs: list[float]) -> str:
    return "log-delta" if any(cvs) else "exact"


def _squared(cvs: list[float]) -> list[str]:
    return [f"{plain(cv)}²" for cv in cvs if cv]
