"""Two readings of one file: equal, or the first difference by name."""

import dataclasses

import numpy as np
import pytest

from cytoproc.comparison import readings
from cytoproc.comparison.readings import Verdict, compare_readings
from cytoproc.comparison.second_readers import SECOND_READERS
from cytoproc.errors import SecondReaderError, UsageError
from tests.fcs.builder import fcs_bytes, two, values

BIG_ENDIAN = {"data": values().astype(">f4").tobytes(), "order": "4,3,2,1"}
READERS = list(SECOND_READERS)


@pytest.fixture
def write(tmp_path):
    def write_bytes(raw):
        (tmp_path / "a.fcs").write_bytes(raw)
        return tmp_path / "a.fcs"

    return write_bytes


@pytest.fixture
def other(monkeypatch):
    """Have the second reader say something else than it does."""

    def change(**changes):
        plain = SECOND_READERS["flowio"]

        def changed(path, dataset):
            found = plain(path, dataset)
            return dataclasses.replace(found, **{name: what(getattr(found, name)) for name, what in changes.items()})

        monkeypatch.setattr(readings, "SECOND_READERS", {"flowio": changed})

    return change


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "parts",
    [
        {},
        BIG_ENDIAN,
        {"data": (values() * 100).astype(">u2").tobytes(), "kind": "I", "bits": 16, "top": 65536, "order": "2,1"},
        {"data": values().astype("<f8").tobytes(), "kind": "D", "bits": 64},
        {"data": np.where(values() > 5, np.nan, 1).astype("<f4").tobytes()},
    ],
)
def test_a_lawful_file_is_read_alike(write, reader, parts):
    found = compare_readings(write(fcs_bytes(**parts)), reader)

    assert (found.verdict, found.first_difference) == (Verdict.EQUAL, "")
    assert found.n_values == 21
    assert found.n_keywords > 20


@pytest.mark.parametrize(("dataset", "n_values"), [(None, 21), (2, 9)])
def test_the_same_data_set_is_asked_of_both(write, dataset, n_values):
    raw = two({}, {"data": values(3).astype("<f4").tobytes(), "n_events": 3})

    found = compare_readings(write(raw), "flowio", dataset=dataset)

    assert (found.verdict, found.dataset, found.n_values) == (Verdict.EQUAL, dataset or 1, n_values)


def test_the_first_value_that_differs_is_named_with_both(write, other):
    def change(array):
        array = array.copy()
        array[2, 1], array[5, 0] = -1, np.nan
        return array

    other(values=change)

    found = compare_readings(write(fcs_bytes()), "flowio")

    assert found.verdict is Verdict.VALUES_DIFFER
    assert found.first_difference == "event 3, channel SSC-A: 4.0 and -1.0; 1 more of 21 values differ"


def test_another_number_of_events_is_said(write, other):
    other(values=lambda array: array[:4])

    found = compare_readings(write(fcs_bytes()), "flowio")

    assert found.first_difference == "cytoproc has 7 events of 3 channels, the other 4 by 3"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda k: k | {"P1R": "1"}, "keyword 'P1R' is not the same"),
        (lambda k: {n: v for n, v in k.items() if n != "P1R"}, "keyword 'P1R': the other does not have it"),
        (lambda k: k | {"NEW": "1"}, "keyword 'NEW': only the other has it"),
    ],
)
def test_a_keyword_that_differs_is_named_and_its_value_is_not_told(write, other, change, said):
    other(keywords=change)

    found = compare_readings(write(fcs_bytes()), "flowio")

    assert (found.verdict, found.first_difference) == (Verdict.KEYWORDS_DIFFER, said)


def test_numbers_that_are_written_otherwise_are_the_same(write, other):
    other(keywords=lambda k: k | {"PAR": "3.0", "P1N": " FSC-A ", "TOT": "7\0"})

    assert compare_readings(write(fcs_bytes()), "flowio").verdict is Verdict.EQUAL


@pytest.mark.parametrize("reader", READERS)
def test_a_file_that_one_alone_reads_says_why_the_other_does_not(write, reader):
    nobody = compare_readings(write(b"no events"), reader)
    repaired = compare_readings(write(fcs_bytes(drop=("$TOT",))), reader)

    assert (nobody.verdict, nobody.code) == (Verdict.NEITHER, "FCS_NOT_FCS")
    assert "does not read a.fcs" in nobody.other_refusal
    assert repaired.verdict is Verdict.ONLY_CYTOPROC
    assert (repaired.code, repaired.refusal) == ("", "")


def test_a_file_that_the_other_alone_reads_is_told_with_our_code(write):
    contradicting = fcs_bytes(keywords={"$TOT": "6"})

    found = compare_readings(write(contradicting), "fcsparser")

    assert (found.verdict, found.code) == (Verdict.ONLY_OTHER, "FCS_TOT_MISMATCH")


def test_an_fcsparser_that_has_changed_is_refused_before_it_reads(write, monkeypatch):
    path = write(fcs_bytes())
    monkeypatch.setattr("cytoproc.comparison.second_readers._FCSPARSER_API", "0000")

    with pytest.raises(SecondReaderError, match=r"is not the 0\.2\.4 .* that its adapter was written for"):
        compare_readings(path, "fcsparser")


def test_fcsparser_is_left_as_it_was(write):
    from fcsparser import api

    before = api.fromfile

    compare_readings(write(fcs_bytes(**BIG_ENDIAN)), "fcsparser")

    assert api.fromfile is before


def test_a_reader_that_is_not_known_is_refused(write):
    with pytest.raises(UsageError, match="there are: flowio, fcsparser"):
        compare_readings(write(fcs_bytes()), "flowcore")
