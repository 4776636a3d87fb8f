"""TEXT splits into the keywords and values it was made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.fcs.numerals import parse_decimal, parse_integer
from cytoproc.fcs.text import Keywords, TextError, split_text
from tests.fcs.builder import text_bytes

DELIMITERS = "/|\\!^+*.$~\f\x1e"
names = st.text("ABCDEFG $", min_size=1, max_size=5).filter(lambda n: n.strip() == n)
delimiters = st.sampled_from("/|\f\x1e")
letters = st.characters(codec="utf-8", exclude_categories=["Cs"])


@given(st.dictionaries(names, st.text(letters, max_size=12) | st.text("/|a", max_size=6), min_size=1), delimiters)
def test_what_was_joined_is_split_again(pairs, delimiter):
    found = split_text(text_bytes(pairs, delimiter))

    assert found.items == list(pairs.items())
    assert found.is_closed
    assert found.is_utf8


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_no_delimiter_has_a_meaning_of_its_own(delimiter):
    found = split_text(text_bytes({"KEY": "a" + delimiter + "b", "OTHER": "c"}, delimiter))

    assert found.items == [("KEY", "a" + delimiter + "b"), ("OTHER", "c")]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"/A/abc///B/x/", [("A", "abc/"), ("B", "x")]),
        (b"/A//B/x/", [("A", ""), ("B", "x")]),
        (b"/A/x/B//", [("A", "x"), ("B", "")]),
        (b"/A///x/B/y/", [("A", "/x"), ("B", "y")]),
        (b"/A////B/y/", [("A", "/"), ("B", "y")]),
        (b"/A/x//y/B//", [("A", "x/y"), ("B", "")]),
        (b"/a/x/\nb /y/ \0\r\n", [("A", "x"), ("B", "y")]),
    ],
)
def test_a_run_of_delimiters_has_one_reading(text, pairs):
    assert split_text(text).items == pairs


@pytest.mark.parametrize(
    ("text", "last"), [(b"/A/x/B/y", "y"), (b"/A/x/B/y//", "y/"), (b"/A/x/B/LSRFortessa", "LSRFortessa")]
)
def test_a_value_without_its_last_delimiter_keeps_its_last_letter(text, last):
    found = split_text(text)

    assert found.items[-1] == ("B", last)
    assert not found.is_closed


@pytest.mark.parametrize(
    "text", [b"", b"/", b"/A/", b"/A/x/B", b"/A/x/B/", b"//A/x/", b"/" * 50, b"/A///", b"\0A\0x\0", b"xAx1x"]
)
def test_what_is_no_list_of_keywords_and_values_is_refused(text):
    with pytest.raises(TextError):
        split_text(text)


@given(st.binary(max_size=60))
def test_any_bytes_are_split_or_refused(text):
    try:
        found = split_text(text)
    except TextError:
        return

    assert all(name for name, _ in found.items)
    assert 0 < found.n_bytes <= len(text)


def test_each_value_has_an_encoding_of_its_own():
    found = split_text("/A/IFNγ/B/".encode() + b"\xb5M/")

    assert found.items == [("A", "IFNγ"), ("B", "µM")]
    assert not found.is_utf8


def test_only_ascii_letters_have_a_case():
    keywords = Keywords(dict(split_text("/$p1\N{LATIN SMALL LETTER LONG S}/x/$p1s/y/".encode()).items))

    assert keywords["$P1S"] == keywords["$p1s"] == "y"
    assert len(keywords) == 2


@pytest.mark.parametrize("text", ["7", " 7 ", "007", "00000000000000000007"])
def test_digits_are_a_number(text):
    assert parse_integer(text) == 7


@pytest.mark.parametrize(
    "text", ["", " ", "+7", "-7", "7.0", "0_7", "0x7", "\N{ARABIC-INDIC DIGIT SEVEN}", "7" * 21, "7 7", "²"]
)
def test_anything_else_is_no_whole_number(text):
    assert parse_integer(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_read_as_python_writes_it(number):
    assert parse_decimal(repr(number)) == number


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1,5", "1_0", "0x1p3", ".", "e5", "9" * 5000, "½"])
def test_anything_else_is_no_decimal(text):
    assert parse_decimal(text) is None
