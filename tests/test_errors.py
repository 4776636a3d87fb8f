"""Errors survive the way between processes, and say what they were given."""

import pickle

import pytest

from cytoproc import errors
from cytoproc.errors import (
    CodedError,
    CytoprocError,
    DocumentError,
    FCSError,
    MissingMarkerError,
    Problem,
    TemplateError,
)

PROBLEMS = (
    Problem("no channel carries marker 'CD19'", where="populations[2].above", line=12, column=5),
    Problem("the version is missing", where="version"),
)


def family(kind: type[CytoprocError]) -> list[type[CytoprocError]]:
    return [kind, *(kin for child in kind.__subclasses__() for kin in family(child))]


KINDS = family(CytoprocError)


def an_error(kind: type[CytoprocError]) -> CytoprocError:
    return kind("mine.yaml", PROBLEMS) if issubclass(kind, DocumentError) else kind("channel 'PE-A' is not there")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_is_the_same_after_the_way_between_processes(kind):
    error = an_error(kind)

    back = pickle.loads(pickle.dumps(error))

    assert type(back) is kind
    assert str(back) == str(error)
    assert back.code == error.code


@pytest.mark.parametrize("kind", family(CodedError), ids=lambda kind: kind.__name__)
def test_a_code_given_to_one_error_stays_with_it(kind):
    error = kind("the file ends too early", code="FCS_TRUNCATED")

    back = pickle.loads(pickle.dumps(error))

    assert back.code == "FCS_TRUNCATED"
    assert kind("another").code == kind.code


@pytest.mark.parametrize("kind", [k for k in KINDS if not issubclass(k, DocumentError)], ids=lambda kind: kind.__name__)
def test_a_message_is_printed_as_it_was_written(kind):
    assert str(kind("channel 'PE-A' is not there")) == "channel 'PE-A' is not there"


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (FCSError, ValueError),
        (MissingMarkerError, LookupError),
        (TemplateError, ValueError),
        (errors.OutputError, OSError),
    ],
)
def test_an_error_is_also_the_builtin_that_a_caller_would_guess(kind, builtin):
    assert issubclass(kind, builtin)


def test_a_document_error_lists_every_problem_with_its_place():
    error = TemplateError("mine.yaml", PROBLEMS)

    assert str(error).splitlines() == [
        "mine.yaml: 2 problem(s)",
        "  mine.yaml:12:5 populations[2].above: no channel carries marker 'CD19'",
        "  version: the version is missing",
    ]


def test_a_document_error_keeps_its_problems_between_processes():
    back = pickle.loads(pickle.dumps(TemplateError("mine.yaml", PROBLEMS)))

    assert back.document == "mine.yaml"
    assert back.problems == PROBLEMS


def test_the_drawn_tree_names_every_error_that_is_public():
    public = {k.__name__ for k in KINDS if k.__name__ in errors.__all__}

    assert [name for name in sorted(public) if name not in errors.__doc__] == []
    assert public | {"Problem"} == set(errors.__all__)
