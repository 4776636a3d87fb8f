"""Files of many makers, read as two other readers read them, or refused with a code."""

import numpy as np
import pytest

from cytoproc.errors import FCSError
from cytoproc.fcs import read_dataset, read_events, read_fcs
from tests.fcs.judges import read_with_fcsparser, read_with_flowio

pytestmark = pytest.mark.real_data

FOLDERS = "eyurtsev__fcsparser/fcsparser/tests/data/FlowCytometers"
REFUSED = {
    "MorganConrad__fcs/test/testdata/AriaFile1.fcs": "FCS_TRUNCATED",
    f"{FOLDERS}/corrupted/corrupted.fcs": "FCS_NOT_FCS",
    f"{FOLDERS}/cytek-nl-2000/sample_header.fcs": "FCS_TRUNCATED",
    "webduvet__fcsparser/test/mockdata/wrongFile.fcs": "FCS_NOT_FCS",
}
EVERYDAY = {  # big-endian floats, 8 to 32 bits in one row, 24 bits, masks, no offsets in HEADER, wrong offsets
    "bioc__CytoDx/inst/extdata/sample1.fcs": [],
    f"{FOLDERS}/cyflow_cube_8/cyflow_cube_8.fcs": ["FCS_SUPPLEMENTAL_TEXT"],
    f"{FOLDERS}/Cytek_xP5/Cytek_xP5.fcs": ["FCS_TRAILING_BYTES"],
    "whitews__FlowIO/data/fcs_files/variable_int_example.fcs": ["FCS_TIMESTEP", "FCS_TIME_GAIN"],
    f"{FOLDERS}/fake_large_fcs/fake_large_fcs.fcs": ["FCS_TRAILING_BYTES"],
    "MorganConrad__fcs/test/testdata/Partec.fcs": ["FCS_EMPTY_VALUE", "FCS_DATA_END"],
    "whitews__FlowKit/data/noncompliant/data_stop_offset_discrepancy_example.fcs": [
        "FCS_TIMESTEP",
        "FCS_TIME_GAIN",
        "FCS_OFFSETS_DISAGREE",
        "FCS_TRAILING_BYTES",
    ],
}
ANOTHER_VIEW = {  # this reader trusts the HEADER, whose DATA begins within TEXT
    ("whitews__FlowKit/data/noncompliant/data_start_offset_discrepancy_example.fcs", "fcsparser"),
}
LMD = "whitews__FlowKit/data/multi_dataset_fcs/coulter.lmd"


def differences(path, events, judges=(read_with_flowio, read_with_fcsparser)):
    """Return the judges that read the file, and those of them that read other values."""
    answers = {judge.__name__.removeprefix("read_with_"): judge(path) for judge in judges}
    answers = {name: answer for name, answer in answers.items() if answer is not None}
    wrong = {n for n, (_, stored) in answers.items() if not np.array_equal(stored, events.values, equal_nan=True)}
    return set(answers), wrong


@pytest.mark.parametrize("file", EVERYDAY)
def test_a_dialect_is_read_as_others_read_it(shared, file):
    path = shared / "data" / "fcs" / file

    dataset, events = read_fcs(path)
    judges, wrong = differences(path, events)

    assert judges
    assert not wrong
    assert [r.code for r in dataset.repairs] == EVERYDAY[file]


@pytest.mark.parametrize("file", REFUSED)
def test_a_broken_file_is_refused(shared, file):
    with pytest.raises(FCSError) as caught:
        read_dataset(shared / "data" / "fcs" / file)

    assert caught.value.code == REFUSED[file]


def test_both_parts_of_a_list_mode_file_are_read_as_others_read_them(shared):
    path = shared / "data" / "fcs" / LMD

    old, full = read_dataset(path, 1), read_dataset(path)
    _, low = read_with_flowio(path, 1)
    _, high = read_with_flowio(path, 2)

    assert (old.version, full.version, full.index) == ("FCS2.0", "FCS3.0", 2)
    np.testing.assert_array_equal(read_events(old).values, low)
    np.testing.assert_array_equal(read_events(full).values, high)


@pytest.mark.slow
def test_every_real_file_is_read_as_others_read_it_or_refused(shared):
    root = shared / "data" / "fcs"
    paths = sorted(p for p in root.rglob("*") if p.suffix.lower() in (".fcs", ".lmd"))
    refused, unjudged, other = {}, [], set()

    for path in paths:
        file = path.relative_to(root).as_posix()
        try:
            _, events = read_fcs(path)
        except FCSError as error:
            refused[file] = error.code
            continue
        judges, wrong = differences(path, events)
        if not judges:
            unjudged.append(file)
        if file != LMD:
            other |= {(file, judge) for judge in wrong}

    assert len(paths) > 150
    assert refused == REFUSED
    assert unjudged == []
    assert other == ANOTHER_VIEW
