"""Broken files are refused with a code, or read as their bytes allow; and the judge itself can tell."""

import numpy as np
import pytest

from cytoproc.study.executors import Workers
from tests.fuzz.__main__ import fuzz
from tests.fuzz.judge import complaints, plain_keywords
from tests.fuzz.running import _judged, _read, make_case
from tests.fuzz.seeds import SEEDS

LIMIT = Workers(2, timeout_s=300)


@pytest.fixture
def reading(tmp_path):
    def read(raw):
        path = tmp_path / "a.fcs"
        path.write_bytes(raw)
        return _read(path)

    return read


@pytest.mark.parametrize("name", SEEDS)
def test_the_judge_finds_nothing_wrong_with_a_lawful_file(reading, name):
    assert list(complaints(SEEDS[name], reading(SEEDS[name]))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r | {"values": r["values"] + 1}, "values differ"),
        (lambda r: r | {"offset": r["offset"] + 4}, "was read from"),
        (lambda r: r | {"offset": 10**6}, "in a file of"),
        (lambda r: r | {"n_events": 6, "values": r["values"][:6]}, "$TOT is 7"),
        (lambda r: r | {"n_channels": 2, "values": r["values"][:, :2]}, "$PAR is 3"),
        (lambda r: r | {"values": r["values"][:2]}, "have shape"),
    ],
)
def test_the_judge_sees_a_wrong_reading(reading, change, said):
    raw = SEEDS["float"]

    found = " ".join(complaints(raw, change(reading(raw))))

    assert said in found


def test_the_judge_cuts_plain_text_only():
    assert plain_keywords(SEEDS["float"])["$TOT"] == "7"
    assert plain_keywords(SEEDS["odd delimiter"]) is None
    assert plain_keywords(b"FCS3.1") is None


def test_a_fault_of_any_kind_is_wrong(tmp_path, monkeypatch):
    def fail(path):
        return np.empty(10**13)

    monkeypatch.setattr("tests.fuzz.running._read", fail)

    end, wrong = _judged(tmp_path / "a.fcs", b"")

    assert end == "UNTYPED"
    assert "Unable to allocate" in wrong


def test_a_case_is_the_same_every_time():
    assert make_case(3, 5) == make_case(3, 5)
    assert make_case(3, 5) != make_case(4, 5)


def verdict(n_cases, seed):
    total, lost = fuzz(seed, n_cases, LIMIT)
    return total.n_cases, total.wrong, lost, total.ends["read"]


def test_a_thousand_broken_files_are_refused_or_read_as_their_bytes_allow():
    n_cases, wrong, lost, n_read = verdict(1000, seed=1)

    assert (n_cases, wrong, lost) == (1000, [], [])
    assert 50 < n_read < 950


@pytest.mark.slow
def test_twenty_thousand_broken_files_are_refused_or_read_as_their_bytes_allow():
    n_cases, wrong, lost, _ = verdict(20_000, seed=2)

    assert (n_cases, wrong, lost) == (20_000, [], [])
