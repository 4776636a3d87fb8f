"""A marker is found in one channel, or it is said why not."""

import pytest

from cytoproc.errors import AmbiguousMarkerError, MissingMarkerError
from cytoproc.model.panel import Channel, ChannelKind, Panel, channel_kind


def panel(*channels):
    return Panel(tuple(Channel(*c) for c in channels))


def test_a_marker_is_found_by_its_label_in_any_column_order():
    assert panel(("FITC-A", "CD4"), ("PE-A", "CD3")).find("CD3") == 1
    assert panel(("PE-A", "CD3"), ("FITC-A", "CD4")).find("CD3") == 0


def test_a_marker_is_found_by_an_alias_and_by_the_channel_name():
    tube = panel(("FITC-A", "FMC63"), ("PE-A", "CD3"))

    assert tube.find("CAR", ["FMC63", "CD19-Fc"]) == 0
    assert tube.find("PE-A") == 1


def test_case_spaces_and_dashes_do_not_matter_unless_another_channel_fits_to_the_letter():
    assert panel(("FITC-A", "cd 45-RA")).find("CD45RA") == 0
    assert panel(("FITC-A", "cd45ra"), ("PE-A", "CD45RA")).find("CD45RA") == 1


def test_a_part_of_a_label_is_no_match_but_it_is_proposed():
    tube = panel(("FL1-H", "CD3 FITC"), ("FL2-H", "CD45"))

    with pytest.raises(MissingMarkerError, match="Perhaps 'CD3 FITC' is meant") as caught:
        tube.find("CD3")

    assert "CD3 FITC (FL1-H), CD45 (FL2-H)" in str(caught.value)
    with pytest.raises(MissingMarkerError, match="no channel carries marker 'CD4'"):
        tube.find("CD4")


def test_two_channels_with_one_marker_are_named_and_none_is_chosen():
    tube = panel(("FITC-A", "CD3"), ("PE-A", "CD3"))

    with pytest.raises(AmbiguousMarkerError) as caught:
        tube.find("CD3")

    assert "channel 1 $PnN='FITC-A' $PnS='CD3'; channel 2 $PnN='PE-A' $PnS='CD3'" in str(caught.value)
    assert "such as 'FITC-A', to its aliases" in str(caught.value)


def test_an_alias_that_names_the_channel_decides_between_equal_labels():
    assert panel(("FITC-A", "CD3"), ("PE-A", "CD3")).find("CD3", ["PE-A"]) == 1


def test_an_alias_that_names_the_channel_of_another_marker_decides_nothing():
    tube = panel(("APC-A", "CD3"), ("PE-A", "CD19"))

    with pytest.raises(AmbiguousMarkerError, match="The label is on 'APC-A'; take 'PE-A' out of the marker's aliases"):
        tube.find("CD3", ["PE-A"])


def test_of_one_detectors_area_height_and_width_the_area_is_meant():
    assert panel(("PE-H", "CD3"), ("PE-A", "CD3"), ("PE-W", "CD3")).find("CD3") == 1
    with pytest.raises(AmbiguousMarkerError):
        panel(("PE-H", "CD3"), ("PE-W", "CD3")).find("CD3")


def test_a_channel_twice_is_ambiguous_by_its_exact_name_too():
    with pytest.raises(AmbiguousMarkerError):
        panel(("PE-A", ""), ("PE-A", "")).index("PE-A")


def test_of_two_channels_of_one_name_no_alias_can_choose():
    tube = panel(("FSC-A", ""), ("FSC-A", ""), ("PE-A", "CD3"))

    for find in (tube.find, tube.index):
        with pytest.raises(AmbiguousMarkerError, match="holds 2 channels named 'FSC-A' and cannot be bound") as caught:
            find("FSC-A")
        assert "aliases" not in str(caught.value)


def test_the_alias_that_is_proposed_is_a_name_that_is_there_once():
    with pytest.raises(AmbiguousMarkerError, match="such as 'APC-A', to its aliases"):
        panel(("PE-A", "CD3"), ("PE-A", ""), ("APC-A", "CD3")).find("CD3")


def test_flowjos_mark_of_compensation_does_not_hide_a_channel():
    assert panel(("FJComp-PE-A", ""), ("FJComp-APC-A", "")).find("PE-A") == 0


def test_an_empty_label_matches_nothing():
    with pytest.raises(MissingMarkerError):
        panel(("PE-A", ""), ("APC-A", " ")).find("CD3", ["-"])


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (ChannelKind.TIME, ["Time", "TIME", "HDR-T", "Time LSW"]),
        (ChannelKind.SCATTER, ["FSC-A", "SSC-B-H", "FSC", "FS Lin", "SS INT LIN", "FSC1-A", "VSSC-H", "SSC-Width"]),
        (ChannelKind.OTHER, ["Event_length", "cell_Id", "Width", "HDR-CE", "Event #"]),
        (ChannelKind.FLUORESCENCE, ["FITC-A", "FL1-H", "B530-A", "Comp-PE-A", "Ce140Di", "FSCB1-tag", "SSEA4"]),
    ],
)
def test_the_kind_of_a_channel_is_read_from_its_name(kind, names):
    assert {n: channel_kind(n) for n in names} == dict.fromkeys(names, kind)
