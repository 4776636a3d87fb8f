"""Every code: a file that earns it, what is read all the same, what is refused."""

import os
import re

import numpy as np
import pytest

from cytoproc.errors import FCSError
from cytoproc.fcs import read_dataset, read_fcs
from cytoproc.fcs.repairs import NOTICES, REFUSALS, REPAIRS
from tests.fcs.builder import fcs_bytes, text_bytes, values

SHORTS = np.arange(21).reshape(7, 3)
INTEGER = {"data": SHORTS.astype("<u2").tobytes(), "kind": "I", "bits": 16, "top": 1024}
MATRIX, OTHER_MATRIX = "2,FSC-A,SSC-A,1,0.1,0.2,1", "2,FSC-A,SSC-A,1,0.5,0.5,1"

REPAIRED = [
    ("FCS_HEADER_SPACES", {"version": "FCS3.1  (  "[:6], "raw": lambda raw: raw[:6] + b" (  " + raw[10:]}),
    ("FCS_TEXT_END", {"text_tail": b" "}),
    ("FCS_TEXT_END", {"header_text": (0, 1)}),
    ("FCS_TEXT_END", {"header_text": (0, -1)}),
    ("FCS_EMPTY_VALUE", {"keywords": {"$P1S": "", "$P2S": ""}}),
    ("FCS_KEYWORD_SPACES", {"keywords": {"\n$CYT": "Aurora"}}),
    ("FCS_KEYWORD_TWICE", {"keywords": {"$p1n": "SECOND"}}),
    ("FCS_LATIN1", {"keywords": {"$P1S": "µM-é"}, "encoding": "latin-1"}),
    ("FCS_NUL", {"keywords": {"$P1S": "a\0b"}}),
    ("FCS_SUPPLEMENTAL_TEXT", {"stext": b"PK\x03\x04\x00\x01\x02\xff"}),
    ("FCS_SUPPLEMENTAL_TEXT", {"keywords": {"$BEGINSTEXT": "58", "$ENDSTEXT": "300"}}),
    ("FCS_SUPPLEMENTAL_TEXT", {"keywords": {"$BEGINSTEXT": "9999", "$ENDSTEXT": "99999"}}),
    ("FCS_ANALYSIS", {"analysis": b"\0junk"}),
    ("FCS_ANALYSIS", {"keywords": {"$BEGINANALYSIS": "1", "$ENDANALYSIS": "99999999999"}}),
    ("FCS_ANALYSIS", {"header": {4: "*", 5: "l"}}),
    ("FCS_NEXTDATA_MISSING", {"drop": ("$NEXTDATA",)}),
    ("FCS_NEXTDATA_MISSING", {"keywords": {"$NEXTDATA": " "}}),
    ("FCS_NEXTDATA_NOWHERE", {"keywords": {"$NEXTDATA": "100"}}),
    ("FCS_NEXTDATA_NOWHERE", {"keywords": {"$NEXTDATA": "99999999"}}),
    ("FCS_NEXTDATA_NOWHERE", {"keywords": {"$NEXTDATA": "1"}}),
    ("FCS_DATA_OFFSETS_MISSING", {"drop": ("$BEGINDATA", "$ENDDATA")}),
    ("FCS_DATA_OFFSETS_MISSING", {"keywords": {"$BEGINDATA": "0", "$ENDDATA": "0"}}),
    ("FCS_OFFSETS_DISAGREE", {"header_data": (0, 4)}),
    ("FCS_OFFSETS_DISAGREE", {"text_data": (0, -12)}),
    ("FCS_OFFSETS_DISAGREE", {"header": {3: "0"}}),
    ("FCS_OFFSETS_DISAGREE", {"header_data": (0, 1)}),
    ("FCS_DATA_END", {"header_data": (0, 1), "text_data": (0, 1)}),
    ("FCS_DATA_END", {"header_data": (0, 1), "text_data": (0, 1), "trailing": b""}),
    ("FCS_TOT_MISSING", {"drop": ("$TOT",)}),
    ("FCS_PAR_SHORT", {"keywords": {"$P4B": "32"}}),
    ("FCS_BYTE_ORDER_ODD", {"order": "1, 2, 3, 4"}),
    ("FCS_BYTE_ORDER_ODD", {"data": SHORTS.astype("<u4").tobytes(), "kind": "I", "order": "1,2", "top": 1024}),
    ("FCS_AMPLIFIER_MISSING", {"drop": ("$P1E",)}),
    ("FCS_AMPLIFIER_IGNORED", {"keywords": {"$P1E": "4,1"}}),
    ("FCS_AMPLIFIER_OFFSET", {**INTEGER, "keywords": {"$P1E": "4,0"}}),
    ("FCS_AMPLIFIER_OFFSET", {**INTEGER, "keywords": {"$P1E": "0,1"}}),
    ("FCS_GAIN_ON_LOG", {**INTEGER, "keywords": {"$P1E": "4,1", "$P1G": "2"}}),
    ("FCS_GAIN_ZERO", {"keywords": {"$P1G": "0"}}),
    ("FCS_GAIN_ZERO", {"keywords": {"$P1G": " "}}),
    ("FCS_TIME_GAIN", {"keywords": {"$P3G": "2", "$TIMESTEP": "0.01"}}),
    ("FCS_TIMESTEP", {"keywords": {"$TIMESTEP": "xxxxxxxxx"}}),
    ("FCS_TIMESTEP", {"keywords": {"$TIMESTEP": "0"}}),
    ("FCS_RANGE_ZERO", {**INTEGER, "top": 0}),
    ("FCS_RANGE_DECIMAL", {**INTEGER, "top": "1024.0"}),
    ("FCS_RANGE_TOO_LARGE", {**INTEGER, "top": 262144}),
    ("FCS_RANGE_UNKNOWN", {"top": "NA"}),
    ("FCS_NAME_COMMA", {"names": ("PE,Cy7-A", "SSC-A", "Time")}),
    ("FCS_NAME_TWICE", {"names": ("FSC-A", "FSC-A", "Time")}),
]

NOTICED = [
    ("FCS_TRAILING_BYTES", {"trailing": b"z" * 500}),
    ("FCS_SPILLOVER_TWICE", {"keywords": {"$SPILLOVER": MATRIX, "SPILL": OTHER_MATRIX}}),
    ("FCS_NO_EVENTS", {"data": b"", "n_events": 0}),
    ("FCS_SEVERAL_DATASETS", {"keywords": {"$NEXTDATA": "500"}, "raw": lambda raw: raw.ljust(500) + fcs_bytes()}),
]

REFUSED = [
    ("FCS_NOT_FCS", "begins with 'XYZ3.1'", {"version": "XYZ3.1"}),
    ("FCS_NOT_FCS", "begins with ''", {"raw": lambda raw: b""}),
    ("FCS_NOT_FCS", "begins with", {"raw": lambda raw: b"\0" * 16 + raw}),
    ("FCS_VERSION", "is FCS9.9; FCS2.0, FCS3.0, FCS3.1, FCS3.2 are read", {"version": "FCS9.9"}),
    ("FCS_TRUNCATED", "has 40 bytes, the HEADER alone needs 58", {"raw": lambda raw: raw[:40]}),
    ("FCS_TRUNCATED", "TEXT should end at byte", {"raw": lambda raw: raw[:200]}),
    ("FCS_TRUNCATED", "DATA should be at bytes", {"raw": lambda raw: raw[:-12]}),
    ("FCS_TRUNCATED", "DATA should be at bytes", {"raw": lambda raw: raw[:-9], "trailing": b"00000000"}),
    ("FCS_HEADER", "HEADER says '       0' to '       0'", {"header": {0: "0", 1: "0"}}),
    ("FCS_HEADER", "HEADER says", {"header": {1: "3_2"}}),
    ("FCS_HEADER", "HEADER says", {"header": {0: "-58"}}),
    ("FCS_TEXT", "delimiter, is b'a'", {"raw": lambda raw: raw[:58] + b"a" + raw[59:]}),
    ("FCS_TEXT", "a keyword is empty", {"raw": lambda raw: raw[:58] + b"/" * (len(raw) - 58)}),
    (
        "FCS_TEXT",
        "the last keyword has no value",
        {"keywords": {"A": "b"}, "raw": lambda raw: raw.replace(b"A/b", b"A-b")},
    ),
    ("FCS_TEXT_CUT", "ends within a value", {"header_text": (0, -3)}),
    ("FCS_TEXT_CUT", "stands outside TEXT", {"header_text": (0, -10)}),
    ("FCS_TEXT_CUT", "stands outside TEXT", {"header_text": (17, 0)}),
    (
        "FCS_TEXT_SHIFTED",
        r"\$P1B stands where",
        {"names": ("FSC|A", "SSC-A", "Ti|me"), "raw": lambda raw: raw.replace(b"|", b"/")},
    ),
    ("FCS_KEYWORD_MISSING", r"keyword \$BYTEORD is missing", {"drop": ("$BYTEORD",)}),
    ("FCS_KEYWORD_MISSING", r"keyword \$P2N is missing", {"drop": ("$P2N",)}),
    ("FCS_KEYWORD_MISSING", r"\$P2N is blank", {"names": ("FSC-A", " ", "Time")}),
    ("FCS_KEYWORD_MISSING", r"keyword \$P3R is missing", {"drop": ("$P3R",)}),
    ("FCS_KEYWORD_MISSING", r"keyword \$P4B is missing", {"keywords": {"$PAR": "1000000000"}}),
    ("FCS_KEYWORD_MISSING", r"keyword \$P1E is missing", {**INTEGER, "drop": ("$P1E",)}),
    ("FCS_KEYWORD_MISSING", r"keyword \$MODE is missing", {"drop": ("$MODE",)}),
    ("FCS_KEYWORD_CONTRADICTS", "as '32' and as '16'", {"keywords": {"$p1b": "16"}}),
    ("FCS_KEYWORD_CONTRADICTS", r"\$TOT is given twice", {"stext": b"/$TOT/9/"}),
    ("FCS_NUMBER", r"\$TOT is 'ten'", {"keywords": {"$TOT": "ten"}}),
    ("FCS_NUMBER", r"\$TOT is '-7'", {"keywords": {"$TOT": "-7"}}),
    ("FCS_NUMBER", r"\$TOT is '0_7'", {"keywords": {"$TOT": "0_7"}}),
    ("FCS_NUMBER", "TOT is '\N{ARABIC-INDIC DIGIT SEVEN}'", {"keywords": {"$TOT": "\N{ARABIC-INDIC DIGIT SEVEN}"}}),
    ("FCS_NUMBER", r"9\.\.\.' \(5000 characters\)", {"keywords": {"$TOT": "9" * 5000}}),
    ("FCS_NUMBER", r"\$PAR is 0", {"keywords": {"$PAR": "0"}}),
    ("FCS_MODE", r"\$MODE is 'C'", {"keywords": {"$MODE": "C"}}),
    ("FCS_DATATYPE", r"\$DATATYPE is 'A'", {"kind": "A"}),
    ("FCS_DATATYPE", "FCS3.1 knows one type", {"keywords": {"$P2DATATYPE": "I"}}),
    ("FCS_BYTE_ORDER", "is '3,4,1,2'", {"order": "3,4,1,2"}),
    ("FCS_BYTE_ORDER", "is '2,1'", {"order": "2,1"}),
    ("FCS_BYTE_ORDER", "is '1_0'", {"order": "1_0"}),
    ("FCS_WIDTH", "have 32 bits", {"bits": 16}),
    ("FCS_WIDTH", r"\$P1B is 10", {**INTEGER, "bits": 10}),
    ("FCS_WIDTH", r"\$P1B is 2147483648", {**INTEGER, "bits": 2147483648}),
    ("FCS_WIDTH", r"\$P1B is 0", {**INTEGER, "bits": 0}),
    ("FCS_RANGE", r"\$P1R is 'NA'", {**INTEGER, "top": "NA"}),
    ("FCS_RANGE", r"\$P1R is '10\.5'", {**INTEGER, "top": "10.5"}),
    ("FCS_RANGE", "leaves no bit", {**INTEGER, "top": 1}),
    ("FCS_AMPLIFIER", r"\$P1E is 'log'", {**INTEGER, "keywords": {"$P1E": "log"}}),
    ("FCS_AMPLIFIER", r"\$P1E is '4000,1'", {**INTEGER, "keywords": {"$P1E": "4000,1"}}),
    ("FCS_AMPLIFIER", r"\$P1E is '-4,1'", {**INTEGER, "keywords": {"$P1E": "-4,1"}}),
    ("FCS_AMPLIFIER", "a range above 0", {**INTEGER, "top": 0, "keywords": {"$P1E": "4,1"}}),
    ("FCS_GAIN", r"\$P1G is 'nan'", {"keywords": {"$P1G": "nan"}}),
    ("FCS_GAIN", r"\$P1G is '-1'", {"keywords": {"$P1G": "-1"}}),
    ("FCS_DATA_OFFSETS", "neither HEADER nor TEXT", {"header": {2: "0", 3: "0"}, "drop": ("$BEGINDATA", "$ENDDATA")}),
    ("FCS_DATA_OFFSETS", "only one of", {"drop": ("$BEGINDATA",)}),
    ("FCS_DATA_OFFSETS", "HEADER 'abcdefgh'", {"header": {2: "abcdefgh"}}),
    ("FCS_DATA_OFFSETS", "TEXT '", {"keywords": {"$ENDDATA": "-1"}}),
    ("FCS_DATA_OFFSETS", "is no place for DATA", {"header": {3: "100"}}),
    ("FCS_OFFSETS_CONTRADICT", "both fit", {"header_data": (4, 4)}),
    ("FCS_OFFSETS_CONTRADICT", "neither fits", {"header_data": (0, 4), "text_data": (0, -12)}),
    ("FCS_SEGMENTS_OVERLAP", "lies on top of the segment at 58", {"header_data": (-8, -8), "text_data": (-8, -8)}),
    ("FCS_TOT_MISMATCH", r"expected 96, \$TOT times 12", {"n_events": 8}),
    ("FCS_TOT_MISMATCH", r"expected 60, \$TOT times 12", {"n_events": 5}),
    ("FCS_TOT_MISMATCH", r"expected 0, \$TOT times 12", {"n_events": 0}),
    (
        "FCS_TOT_MISMATCH",
        "expected whole events of 12",
        {"drop": ("$TOT",), "header_data": (0, 2), "text_data": (0, 2)},
    ),
    ("FCS_NEXTDATA", r"\$NEXTDATA is '-5'", {"keywords": {"$NEXTDATA": "-5"}}),
    ("FCS_NEXTDATA", "share their TEXT", {"raw": lambda raw: chained_texts()}),
]


def chained_texts():
    """Many HEADERs that point at one long TEXT: each says that the next HEADER is a step away."""
    step = 58
    text = text_bytes({"$NEXTDATA": str(step), "X": "y" * 2000})
    n_headers = 20
    headers = []
    for n in range(n_headers):
        begin = step * (n_headers - n)
        fields = [begin, begin + len(text) - 1, 0, 0, 0, 0]
        headers.append(b"FCS3.1    " + "".join(f"{f:8d}" for f in fields).encode())
    return b"".join(headers) + text


def made(parts):
    raw = parts.get("raw", lambda whole: whole)
    return raw(fcs_bytes(**{k: v for k, v in parts.items() if k != "raw"}))


def expected(parts):
    return SHORTS if parts.get("kind") == "I" else values()


def ids(rows):
    seen = {}
    for row in rows:
        seen[row[0]] = seen.get(row[0], 0) + 1
        yield f"{row[0]}-{seen[row[0]]}"


@pytest.mark.parametrize(("code", "parts"), REPAIRED, ids=ids(REPAIRED))
def test_what_is_repaired_is_read_and_named(write, code, parts):
    dataset, events = read_fcs(write(made(parts)))

    assert [r.code for r in dataset.repairs] == [code]
    assert all(r.message.startswith("tube.fcs: ") for r in dataset.repairs)
    np.testing.assert_array_equal(events.values, expected(parts))


@pytest.mark.parametrize(("code", "parts"), REPAIRED, ids=ids(REPAIRED))
def test_strict_refuses_what_could_be_repaired(write, code, parts):
    with pytest.raises(FCSError, match="the reader is strict") as caught:
        read_dataset(write(made(parts)), strict=True)

    assert caught.value.code == code


@pytest.mark.parametrize(("code", "parts"), NOTICED, ids=ids(NOTICED))
def test_a_notice_is_no_reason_to_refuse(write, code, parts):
    dataset = read_dataset(write(made(parts)), strict=True)

    assert [r.code for r in dataset.repairs] == [code]


@pytest.mark.parametrize(("code", "words", "parts"), REFUSED, ids=ids(REFUSED))
def test_what_would_have_to_be_guessed_is_refused(write, code, words, parts):
    with pytest.raises(FCSError, match=words) as caught:
        read_dataset(write(made(parts)))

    assert caught.value.code == code
    assert str(caught.value).startswith("tube.fcs")


def test_a_lawful_file_earns_no_code(write):
    assert read_dataset(write(), strict=True).repairs == ()


def test_strict_names_everything_it_found(write):
    path = write(keywords={"$P1S": "", "$P1E": "4,1"}, drop=("$NEXTDATA",))

    with pytest.raises(FCSError, match=r"\(also FCS_AMPLIFIER_IGNORED, FCS_NEXTDATA_MISSING\)"):
        read_dataset(path, strict=True)


def test_many_channels_with_one_fault_are_one_repair(write):
    names = tuple(f"B{n}-A" for n in range(9))
    path = write(data=values(2, 9).astype("<f4").tobytes(), names=names, top="NA", n_events=2)

    (repair,) = read_dataset(path).repairs

    assert "$P6R='NA' and 3 more" in repair.message


@pytest.mark.parametrize("name", ["nowhere.fcs", ".", "pipe.fcs", "nul\0.fcs"])
def test_what_is_no_file_is_refused_at_once(tmp_path, name):
    os.mkfifo(tmp_path / "pipe.fcs")

    with pytest.raises(FCSError) as caught:
        read_dataset(tmp_path / name)

    assert caught.value.code == "FCS_CANNOT_OPEN"


@pytest.mark.parametrize("personal", [{"$OP": "", "$op": "Jane Roe"}, {"PATIENT": "Jane Roe", "patient": "J. Roe"}])
def test_no_message_quotes_what_may_be_somebodys_name(write, personal):
    dataset = read_dataset(write(keywords=personal))

    assert dataset.repairs
    assert "Roe" not in " ".join(r.message for r in dataset.repairs)


def test_every_code_has_a_file_here():
    earned = {row[0] for row in (*REPAIRED, *NOTICED, *REFUSED)}
    elsewhere = {"FCS_CANNOT_OPEN", "FCS_CHANGED", "FCS_INTEGER_TOO_LARGE", "FCS_CANNOT_WRITE", "FCS_NO_SUCH_DATASET"}

    assert earned | elsewhere == {*REPAIRS, *NOTICES, *REFUSALS}


def test_a_code_is_either_refused_repaired_or_noticed():
    assert len({*REPAIRS, *NOTICES, *REFUSALS}) == len(REPAIRS) + len(NOTICES) + len(REFUSALS)


def test_every_code_of_the_room_is_in_the_tables(repository):
    source = "".join(p.read_text() for p in (repository / "cytoproc" / "fcs").glob("*.py") if p.name != "repairs.py")

    assert set(re.findall(r'"(FCS_[A-Z0-9_]+)"', source)) == {*REPAIRS, *NOTICES, *REFUSALS}


def test_the_page_of_codes_has_a_paragraph_for_each_with_its_title(repository):
    page = (repository / "docs" / "fcs-repairs.md").read_text(encoding="utf-8")

    written = dict(re.findall(r"^### `(FCS_\w+)`: (.+)$", page, re.MULTILINE))

    assert written == REPAIRS | NOTICES | REFUSALS
