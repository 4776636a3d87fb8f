"""The safe subset of YAML."""

import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.templates.yaml import WrittenFloat, WrittenInt, YAMLProblem, decode_yaml, parse_yaml, read_content


@pytest.mark.parametrize(
    ("text", "line", "column", "told"),
    [
        ("a: !!python/object:os.system x", 1, 4, "a tag (!...) is not allowed here; write the value out"),
        ("a: 1\nb: ! x", 2, 4, "a tag (!...)"),
        ("a: &x 1", 1, 4, "an anchor (&...) is not allowed here"),
        ("a: 1\nb:\n  - *x", 3, 5, "an alias (*...) is not allowed here"),
        ("a: {<<: {b: 1}}", 1, 5, "a merge key (<<) is not allowed here; write the values out"),
        ("a: 1\nb: 2\na: 3", 3, 1, "'a' is given twice, first in line 1"),
        ("x:\n  a: 1\n  a: 2", 3, 3, "'a' is given twice, first in line 2"),
        ("a: 1\n[b]: 1", 2, 1, "a key must be text"),
        ("a: 1\n---\nb: 2", 2, 1, "another document"),
        ("---\na: 1\n---\nb: 2", 3, 1, "a second document (---)"),
        ("%YAML 1.1\n---\na: yes", 1, 1, "a directive (%...) is not allowed here"),
        ("%TAG ! tag:x\n---\na: 1", 1, 1, "a directive (%...)"),
        ("a: \x07", 1, 1, "unacceptable character #x0007"),
        ("a:\n\tb: 1", 2, 1, "a tab; indent with spaces"),
        ("a: [1, 2", 1, 9, "not valid YAML: while parsing a flow sequence"),
        ("a: b: c", 1, 5, "not valid YAML: mapping values are not allowed here"),
        ("a: 'x", 1, 6, "unexpected end of stream"),
        ("a: " + "x" * 1_000_000, 1, 1, "the document has 1,000,003 characters; at most 1,000,000 are read"),
        ("a: " + "[" * 51 + "]" * 51, 1, 1, "nested 51 brackets deep; at most 50 levels are read"),
        ("\n".join(" " * i + "a:" for i in range(60)), 52, 52, "nested more than 50 levels deep"),
        ("- " * 60 + "a", 1, 103, "nested more than 50 levels deep"),
        ("- " * 20_000 + "a", 1, 103, "nested more than 50 levels deep"),
        ("? " * 400_000 + "a", 1, 103, "nested more than 50 levels deep"),
        ("a: [" + "1," * 400_000 + "1]", 1, 59_999, "the document has more than 60,000 words and signs"),
        ("- x\n" * 200_000, 30_000, 1, "the document has more than 60,000 words and signs"),
    ],
)
def test_what_the_subset_leaves_out_is_refused_with_its_place(text, line, column, told):
    with pytest.raises(YAMLProblem) as caught:
        parse_yaml(text)

    problem = caught.value.problem
    assert told in problem.message
    assert (problem.line, problem.column) == (line, column)


@pytest.mark.parametrize(
    "word", ["yes", "NO", "on", "Off", "n", "0123", "0x1F", "0o17", "1_000", "12:30", "1e", "2026-01-31"]
)
def test_what_only_other_kinds_of_yaml_take_for_a_value_is_text(word):
    assert parse_yaml(f"a: {word}")[0] == {"a": word}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7", 7),
        ("-7", -7),
        ("+5", 5),
        ("1.10", 1.1),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.25", -0.25),
        ("1e3", 1000.0),
        ("1E+05", 1e5),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("12345678901234567890123", 12345678901234567890123.0),
    ],
)
def test_a_number_remembers_how_it_was_written(written, value):
    number = parse_yaml(f"a: {written}")[0]["a"]

    assert number == value
    assert number.text == written
    assert isinstance(number, WrittenInt if isinstance(value, int) else WrittenFloat)


def test_nan_is_a_number_for_the_reader_to_refuse():
    assert math.isnan(parse_yaml("a: .nan")[0]["a"])


def test_true_false_and_null_are_those_of_yaml_1_2():
    assert parse_yaml("[true, False, TRUE, null, ~, '']")[0] == [True, False, True, None, None, ""]


def test_quotes_make_text_of_anything():
    assert parse_yaml("""["1", '2.5', "true", 'null', "\\u00b5"]""")[0] == ["1", "2.5", "true", "null", "µ"]


def test_every_key_and_value_has_a_place():
    _, places = parse_yaml("top:\n  - {x: 1, y: [2,\n     3]}\n")

    assert places.of(("top", 0, "x"), key=True) == (2, 6)
    assert places.of(("top", 0, "x")) == (2, 9)
    assert places.of(("top", 0, "y", 1)) == (3, 6)


def test_what_is_not_there_has_the_place_of_what_should_hold_it():
    _, places = parse_yaml("top:\n  - {x: 1}\n")

    assert places.of(("top", 0, "z"), key=True) == (2, 5)
    assert places.of(("elsewhere",)) == (1, 1)


def test_an_empty_document_is_nothing():
    assert parse_yaml("# only a comment\n")[0] is None


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`,? \n\t~<1.", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text):
    problem = None
    try:
        parse_yaml(text)
    except YAMLProblem as e:
        problem = e.problem

    assert problem is None or (problem.line >= 1 and problem.column >= 1 and problem.message)


@pytest.mark.parametrize(
    ("raw", "line", "column", "said"),
    [
        ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16 text; save the template as UTF-8"),
        ("a: 1\nµ: ".encode() + b"\xb5", 2, 4, "not UTF-8 text; save the template as UTF-8"),
        (b"\xff", 1, 1, "not UTF-8 text"),
    ],
)
def test_text_that_is_not_utf8_is_refused_with_its_place(raw, line, column, said):
    with pytest.raises(YAMLProblem) as caught:
        decode_yaml(raw, "template")

    problem = caught.value.problem
    assert (problem.line, problem.column) == (line, column)
    assert said in problem.message


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert decode_yaml("a: µ".encode("utf-8-sig"), "template") == "a: µ"


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")

    with pytest.raises(IsADirectoryError):
        read_content(tmp_path, "study file")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        with pytest.raises(YAMLProblem, match="this is no file; a study file is a YAML file"):
            read_content(path, "study file")
