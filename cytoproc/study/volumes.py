"""How much an instrument drew from a tube, and in which unit its file says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cytoproc.fcs.numerals import parse_decimal, shown
from cytoproc.model.results import QCFlag, SampleResult
from cytoproc.study.definition import Instrument
from cytoproc.study.refusal import Refusal
from cytoproc.study.rounding import rounded

__all__ = ["AcquiredVolume", "read_volumes"]

_NL_PER = {"nL": 1.0, "uL": 1000.0}
_SLOWEST, _FASTEST = 5.0, 1000.0


@dataclass(frozen=True, slots=True)
class AcquiredVolume:
    """What was drawn from the tube while events were stored, in nL, and what was noticed about it."""

    nl: float
    flags: tuple[QCFlag, ...] = ()


def read_volumes(
    results: Sequence[SampleResult], instruments: Iterable[Instrument]
) -> dict[str, AcquiredVolume | Refusal]:
    """Return the acquired volume of every sample, by sample id, or why it cannot be told.

    `$VOL` is in nL by the standard, and some programs write µL. The unit is the one that the study file declares for
    the instrument; the flow rate that follows from it and the duration must be one that cytometers have, 5 to
    1000 µL/min. Where none is declared, the unit is inferred if exactly one gives such a flow rate, the same for all
    files of the instrument.
    """
    declared = {i.serial: i for i in instruments}
    fitting: dict[str, set[str]] = {}
    for result in results:
        units = _units_that_fit(result)
        if units:
            fitting.setdefault(_serial(result), set()).update(units)
    return {r.sample_id: _volume(r, declared.get(_serial(r)), fitting.get(_serial(r), set())) for r in results}


def _serial(result: SampleResult) -> str:
    return dict(result.acquisition).get("serial", "")


def _stored(result: SampleResult) -> str:
    return dict(result.acquisition).get("volume", "")


def _flow_rate(result: SampleResult, unit: str) -> float | None:
    """Return the flow rate in µL/min if the volume is in this unit; None if the file does not tell how long it took."""
    volume = parse_decimal(_stored(result))
    if volume is None or not result.duration_s:
        return None
    return volume * _NL_PER[unit] / 1000 / (result.duration_s / 60)


def _units_that_fit(result: SampleResult) -> set[str]:
    rates = {unit: _flow_rate(result, unit) for unit in _NL_PER}
    return {unit for unit, rate in rates.items() if rate is not None and _SLOWEST <= rate <= _FASTEST}


def _volume(result: SampleResult, declared: Instrument | None, of_instrument: set[str]) -> AcquiredVolume | Refusal:
    stored = parse_decimal(_stored(result))
    if stored is None or stored <= 0:
        found = f"is {shown(_stored(result))}" if _stored(result) else "is missing"
        message = f"keyword $VOL {found}: export the acquired volume, or count by beads or by the blood count"
        return Refusal("VOLUME_MISSING", message)
    if declared is not None:
        return _of_declared(result, stored, declared)
    mine = _units_that_fit(result)
    if len(mine) == 1 and of_instrument == mine:
        [unit] = mine
        rate = _flow_rate(result, unit)
        message = f"$VOL {_stored(result)} was read as {unit}: a flow rate of {rate:.3g} µL/min; {_to_declare(result)}"
        return AcquiredVolume(stored * _NL_PER[unit], (QCFlag("VOL_UNIT_INFERRED", message),))
    why = (
        "the files of this instrument do not agree"
        if len(mine) == 1
        else f"neither nL nor µL gives a flow rate of {_SLOWEST:g} to {_FASTEST:g} µL/min"
        if result.duration_s
        else "the file does not tell how long it took"
    )
    message = f"the unit of $VOL {_stored(result)} is not known, and {why}; {_to_declare(result)}"
    return Refusal("VOLUME_UNIT_UNKNOWN", message)


def _to_declare(result: SampleResult) -> str:
    serial = _serial(result)
    if not serial:
        return "the file has no $CYTSN by which an instrument of the study file could be found"
    return f"declare it in the study file: instruments: [{{serial: {serial!r}, volume_unit: nL or uL}}]"


def _of_declared(result: SampleResult, stored: float, instrument: Instrument) -> AcquiredVolume | Refusal:
    unit, (slowest, fastest) = instrument.volume_unit, instrument.flow_ul_min
    nl = stored * _NL_PER[unit] - 1000 * instrument.dead_volume_ul
    rate = _flow_rate(result, unit)
    if nl <= 0:
        message = f"$VOL {_stored(result)} {unit} is not more than the dead volume of {instrument.dead_volume_ul:g} µL"
        return Refusal("VOLUME_IMPLAUSIBLE", f"{message}; look at the instrument in the study file")
    if rate is None:
        message = f"$VOL {_stored(result)} {unit} could not be verified: the file does not tell how long it took"
        return AcquiredVolume(nl, (QCFlag("VOLUME_NOT_VERIFIED", message),))
    rate = nl / 1000 / ((result.duration_s or 0) / 60)
    if not slowest <= rate <= fastest:
        message = (
            f"$VOL {_stored(result)} {unit} would be a flow rate of {rounded(rate, 3)} µL/min, "
            f"expected {slowest:g} to {fastest:g} µL/min; look at the instrument's volume_unit in the study file"
        )
        return Refusal("VOLUME_IMPLAUSIBLE", message)
    return AcquiredVolume(nl)
