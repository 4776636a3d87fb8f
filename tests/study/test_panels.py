"""Panels of one kind should agree; who differs is told how, and from how many."""

import pytest

from cytoproc.model.results import FoundMarker
from cytoproc.study.panels import SamplePanel, compare_panels

USUAL = (FoundMarker("CD3", "APC-A", "CD3", 500.0), FoundMarker("CD19", "PE-A", "CD19", 400.0))


def panels(*odd, n=3, kind=("t", "Analyser", "1")):
    alike = [SamplePanel(f"s{i}", kind, USUAL) for i in range(n)]
    return [*alike, *(SamplePanel(f"odd{i}", kind, markers) for i, markers in enumerate(odd))]


def told(*args, **more):
    return {
        s: [(f.code, f.message) for f in flags] for s, flags in compare_panels(panels(*args, **more)).items() if flags
    }


def test_panels_that_agree_are_nothing_to_tell_of():
    assert told(USUAL, USUAL[::-1]) == {}


def test_a_marker_in_another_channel_is_told_with_the_usual_one():
    swapped = (FoundMarker("CD3", "PE-A", "CD3", 500.0), USUAL[1])

    assert told(swapped) == {
        "odd0": [("PANEL_DIFFERS", "CD3: 'CD3 PE-A' here, but 'CD3 APC-A' in 3 of 4 samples of this kind, such as s0")]
    }


def test_another_label_in_the_same_channel_is_told():
    other = (USUAL[0], FoundMarker("CD19", "PE-A", "HLA-DR", 400.0))

    [(code, message)] = told(other)["odd0"]

    assert (code, message[:42]) == ("PANEL_DIFFERS", "CD19: 'HLA-DR PE-A' here, but 'CD19 PE-A' ")


@pytest.mark.parametrize("label", ["cd19", "CD 19", "CD-19"])
def test_another_spelling_is_the_same_label(label):
    assert told((USUAL[0], FoundMarker("CD19", "PE-A", label, 400.0))) == {}


@pytest.mark.parametrize(("voltage", "is_told"), [(419.0, False), (421.0, True), (300.0, True), (None, False)])
def test_a_voltage_that_moves_a_gate_is_told(voltage, is_told):
    found = told((USUAL[0], FoundMarker("CD19", "PE-A", "CD19", voltage)))

    assert ("odd0" in found) is is_told
    if is_told:
        [(code, message)] = found["odd0"]
        assert code == "VOLTAGE_DIFFERS"
        assert message.startswith(f"PE-A (CD19) was measured at {voltage:g} V, but at 400 V in 3 of 4 samples")


def test_of_two_that_differ_the_later_one_is_told():
    other = (FoundMarker("CD3", "PE-A", "CD3"), USUAL[1])

    assert list(told(other, n=1)) == ["odd0"]


def test_samples_of_another_instrument_or_template_are_not_compared():
    odd = SamplePanel("odd", ("t", "Analyser", "2"), (FoundMarker("CD3", "PE-A"),))

    assert compare_panels([*panels(), odd])["odd"] == ()
