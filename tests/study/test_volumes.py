"""The unit of `$VOL`: declared and verified, inferred where only one can be meant, else refused."""

import pytest

from cytoproc.model.results import SampleResult
from cytoproc.study.definition import Instrument
from cytoproc.study.refusal import Refusal
from cytoproc.study.volumes import read_volumes


def file_of(volume="80000", seconds=60.0, serial="V1", sample_id="s"):
    """Return what is known of a file; 80000 nL in a minute are 80 µL/min."""
    acquisition = (("serial", serial), ("volume", volume))
    return SampleResult(sample_id, "s.fcs", acquisition=acquisition, duration_s=seconds)


def one(result, *instruments):
    return read_volumes([result], instruments)["s"]


@pytest.mark.parametrize(
    ("unit", "volume", "nl"), [("nL", "80000", 80_000), ("uL", "80", 80_000), ("uL", "8.5e1", 85_000)]
)
def test_a_declared_unit_that_the_flow_rate_confirms_is_taken(unit, volume, nl):
    found = one(file_of(volume), Instrument("V2", "nL"), Instrument("V1", unit))

    assert (found.nl, found.flags) == (nl, ())


@pytest.mark.parametrize(
    ("volume", "unit", "rate"), [("80", "nL", "0.08"), ("80000", "uL", "80000"), ("4990", "nL", "4.99")]
)
def test_a_declared_unit_that_no_cytometer_could_mean_is_refused(volume, unit, rate):
    found = one(file_of(volume), Instrument("V1", unit))

    assert isinstance(found, Refusal)
    assert found.code == "VOLUME_IMPLAUSIBLE"
    assert f"$VOL {volume} {unit} would be a flow rate of {rate} µL/min, expected 5 to 1000 µL/min" in found.message


def test_a_dead_volume_is_taken_off():
    assert one(file_of("80000"), Instrument("V1", "nL", dead_volume_ul=20)).nl == 60_000
    assert one(file_of("80", seconds=None), Instrument("V1", "uL", dead_volume_ul=20)).nl == 60_000
    refused = one(file_of("20"), Instrument("V1", "uL", dead_volume_ul=20))
    assert (refused.code, "not more than the dead volume of 20 µL" in refused.message) == ("VOLUME_IMPLAUSIBLE", True)


@pytest.mark.parametrize(
    ("window", "code"), [((80, 90), ""), ((81, 500), "VOLUME_IMPLAUSIBLE"), ((5, 79), "VOLUME_IMPLAUSIBLE")]
)
def test_an_instrument_has_flow_rates_of_its_own(window, code):
    assert getattr(one(file_of("80000"), Instrument("V1", "nL", flow_ul_min=window)), "code", "") == code


@pytest.mark.parametrize(("volume", "seconds"), [("5000", 60.0), ("1000000", 60.0), ("10000", 120.0)])
def test_the_slowest_and_the_fastest_flow_rate_are_believed(volume, seconds):
    assert one(file_of(volume, seconds), Instrument("V1", "nL")).nl == float(volume)


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_a_declared_unit_that_cannot_be_verified_is_taken_and_told(seconds):
    found = one(file_of(seconds=seconds), Instrument("V1", "nL"))

    assert (found.nl, [f.code for f in found.flags]) == (80_000, ["VOLUME_NOT_VERIFIED"])


@pytest.mark.parametrize(("volume", "unit"), [("80000", "nL"), ("80", "uL")])
def test_without_a_declaration_the_only_unit_that_fits_is_taken_and_told(volume, unit):
    found = one(file_of(volume))

    [flag] = found.flags
    assert (found.nl, flag.code) == (80_000, "VOL_UNIT_INFERRED")
    assert f"was read as {unit}: a flow rate of 80 µL/min" in flag.message
    assert "instruments: [{serial: 'V1', volume_unit: nL or uL}]" in flag.message


def test_files_of_one_instrument_that_do_not_agree_are_refused_and_those_of_others_are_not():
    files = [file_of("80000", sample_id="a"), file_of("80", sample_id="b"), file_of("80", serial="V2", sample_id="c")]

    found = read_volumes(files, ())

    assert [getattr(found[i], "code", "") for i in "abc"] == ["VOLUME_UNIT_UNKNOWN", "VOLUME_UNIT_UNKNOWN", ""]
    assert "the files of this instrument do not agree" in found["a"].message


def test_one_file_that_fits_no_unit_is_refused_alone():
    files = [file_of("80000", sample_id="a"), file_of("2000", sample_id="b")]

    found = read_volumes(files, ())

    assert (found["a"].nl, found["b"].code) == (80_000, "VOLUME_UNIT_UNKNOWN")
    assert "neither nL nor µL gives a flow rate of 5 to 1000 µL/min" in found["b"].message


def test_without_a_duration_no_unit_is_inferred():
    found = one(file_of(seconds=None))

    assert found.code == "VOLUME_UNIT_UNKNOWN"
    assert "the file does not tell how long it took" in found.message


def test_a_file_without_a_serial_number_cannot_be_declared():
    assert "the file has no $CYTSN" in one(file_of("2000", serial="")).message


@pytest.mark.parametrize(
    ("volume", "said"), [("", "is missing"), ("0", "is '0'"), ("-80", "is '-80'"), ("80 uL", "is '80 uL'")]
)
def test_a_volume_that_is_no_volume_is_missing(volume, said):
    found = one(file_of(volume), Instrument("V1", "nL"))

    assert (found.code, f"keyword $VOL {said}: export the acquired volume" in found.message) == ("VOLUME_MISSING", True)
