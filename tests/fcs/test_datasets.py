"""Files with several data sets."""

import numpy as np
import pytest

from cytoproc.errors import FCSError
from cytoproc.fcs import read_fcs
from tests.fcs.builder import two, values


def shorts(factor=1):
    return (np.arange(21).reshape(7, 3) * factor) % 1024


PLAIN = two({}, {"data": values(3).astype("<f4").tobytes() * 2, "n_events": 6})
LMD = two(
    {"version": "FCS2.0", "data": shorts().astype("<u2").tobytes(), "kind": "I", "bits": 16, "top": 1024},
    {"version": "FCS3.0", "data": (values() * 1000).astype("<u4").tobytes(), "kind": "I", "top": 2**20},
)


def test_of_several_data_sets_the_first_is_taken_and_all_are_named(write):
    dataset, events = read_fcs(write(PLAIN))

    (notice,) = dataset.repairs
    assert (dataset.index, dataset.n_datasets, len(events)) == (1, 2, 7)
    assert notice.code == "FCS_SEVERAL_DATASETS"
    assert "2 data sets (1 is FCS3.1, 2 is FCS3.1); 1 is used" in notice.message


def test_any_data_set_can_be_asked_for(write):
    dataset, events = read_fcs(write(PLAIN), 2)

    assert (dataset.index, len(events)) == (2, 6)
    np.testing.assert_array_equal(events.values[:3], values(3))


def test_a_list_mode_file_gives_its_full_resolution(write):
    dataset, events = read_fcs(write(LMD))

    assert (dataset.index, dataset.version) == (2, "FCS3.0")
    np.testing.assert_array_equal(events.values, values() * 1000)


def test_a_list_mode_file_gives_its_fcs_2_part_if_asked(write):
    dataset, events = read_fcs(write(LMD), 1)

    assert dataset.version == "FCS2.0"
    np.testing.assert_array_equal(events.values, shorts())


def test_an_fcs_3_part_of_other_events_is_not_taken_for_the_first(write):
    raw = two(
        {"version": "FCS2.0"},
        {"version": "FCS3.0", "data": values(3).astype("<f4").tobytes(), "n_events": 3},
    )

    dataset, _ = read_fcs(write(raw))

    assert dataset.index == 1


@pytest.mark.parametrize("wanted", [0, 3, -1])
def test_a_data_set_that_is_not_there_is_refused(write, wanted):
    with pytest.raises(FCSError, match=r"has 2 data set\(s\), counted from 1") as caught:
        read_fcs(write(PLAIN), wanted)

    assert caught.value.code == "FCS_NO_SUCH_DATASET"


def test_data_may_not_reach_into_the_next_data_set(write):
    raw = bytearray(PLAIN)
    at = PLAIN.index(b"FCS3.1", 100)
    shorter = bytes(raw[: at - 25]) + bytes(raw[at:])  # the checksum, the blanks and some events are gone
    raw = shorter.replace(b"$NEXTDATA/%08d" % at, b"$NEXTDATA/%08d" % (at - 25))

    with pytest.raises(FCSError) as caught:
        read_fcs(write(raw), 1)

    assert caught.value.code == "FCS_TRUNCATED"
