"""Subjects files, good and bad."""

import math
from pathlib import Path

import pytest

from cytoproc.errors import StudyError
from cytoproc.study.manifest import Sample
from cytoproc.study.subjects import read_subjects


def sample_of(subject_id, line=2, **columns):
    cells = (("subject_id", subject_id), *columns.items())
    return Sample(f"s{line}", Path("a.fcs"), "a.fcs", cells, f"manifest.csv line {line}")


@pytest.fixture
def read(tmp_path):
    def read_text(text, *samples):
        path = tmp_path / "subjects.csv"
        path.write_text(text, encoding="utf-8")
        return read_subjects(path, samples)

    return read_text


def problems_of(read, text, *samples):
    with pytest.raises(StudyError) as caught:
        read(text, *samples)
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_a_subject_is_what_its_row_says_and_more_subjects_and_columns_are_left_alone(read):
    text = (
        "subject_id;site_id;infused_at;sex;birth_date;age_years;diagnosis\n"
        "P1;Basel;2024-03-08T14:00;F;1984-05-04;;SLE\nP2;;;M;;61.5;\nP9;;;;;;\n"
    )

    found = read(text, sample_of("P1"), sample_of("P2", 3))

    first = found.get("P1")
    assert (first.site_id, first.infused_at, first.sex) == ("Basel", "2024-03-08T14:00", "F")
    assert (found.get("P1").age_at("2024-05-04"), found.get("P2").age_at("")) == (40, 61.5)
    assert set(found.by_id) == {"P1", "P2", "P9"}
    assert len(found.digest) == 64


def test_of_who_is_not_in_the_file_nothing_is_known(read):
    nobody = read("subject_id\nP1\n").get("P2")

    assert (nobody.subject_id, nobody.sex, nobody.infused_at) == ("P2", "", "")
    assert math.isnan(nobody.age_at("2024-05-04"))


def test_an_age_by_date_of_birth_is_not_known_without_the_day_of_the_draw(read):
    assert math.isnan(read("subject_id,birth_date\nP1,1984-05-04\n").get("P1").age_at(""))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,sex\nP1,F\n", (1, 1, "there is no column 'subject_id'; the columns are: name, sex")),
        ("subject_id,Sex\nP1,F\n", (1, 2, "column 'Sex' is nearly 'sex': write it so, or give")),
        ("subject_id,birthdate\nP1,\n", (1, 2, "column 'birthdate' is nearly 'birth_date'")),
        ("subject_id,sex,sex\nP1,F,F\n", (1, 3, "column 'sex' is there twice")),
        ("subject_id,sex\nP1,f\n", (2, 2, "expected F or M, found 'f'")),
        ("subject_id,sex\n,F\n", (2, 1, "the row has no subject_id")),
        ("subject_id,sex\nP1\n", (2, 1, "the row has 1 cells, the header 2")),
        ("subject_id,infused_at\nP1,8.3.2024\n", (2, 2, "expected a date, or date and time, as in 2024-01-31")),
        ("subject_id,birth_date\nP1,1984\n", (2, 2, "expected a date as in 1984-01-31, found '1984'")),
        ("subject_id,age_years\nP1,-3\n", (2, 2, "expected years from 0 to 130, found '-3'")),
        ("subject_id,age_years\nP1,old\n", (2, 2, "expected years from 0 to 130, found 'old'")),
        ("subject_id,birth_date,age_years\nP1,1984-01-31,40\n", (2, 3, "the row has a birth_date too")),
        ("subject_id\nP1\nP2\nP1\n", (4, 1, "subject 'P1' is there already, in line 2")),
        ("", (1, 1, "the subjects file is empty; it needs a header with at least the column 'subject_id'")),
    ],
)
def test_each_problem_is_told_with_its_place(read, text, problem):
    [(line, column, message)] = problems_of(read, text)

    assert (line, column) == problem[:2]
    assert message.startswith(problem[2])


def test_all_problems_are_told_at_once(read):
    found = problems_of(read, "subject_id,sex,age_years\nP1,X,300\nP2,F,1\n,M,1\n")

    assert [(line, column) for line, column, _ in found] == [(2, 2), (2, 3), (4, 1)]


def test_who_is_in_the_manifest_must_be_in_the_file_but_for_controls(read):
    control = sample_of("DONOR", 4, control="unstained")

    found = problems_of(read, "subject_id\nP1\n", sample_of("P2"), sample_of("P2", 3), control, sample_of(""))

    assert found == [(0, 0, "there is no row for subject 'P2', who is in manifest.csv line 2")]


def test_no_specimen_is_older_than_its_subject(read):
    early = sample_of("P1", collected_at="1980-01-01")

    [(line, _, message)] = problems_of(read, "subject_id,birth_date\nP1,1984-05-04\n", early, early)

    assert line == 2
    assert message == "subject 'P1' was born after 1980-01-01, when manifest.csv line 2 was collected"
