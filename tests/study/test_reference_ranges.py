"""Tables of reference ranges, good and bad, and which range holds."""

import math
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytoproc.errors import StudyError
from cytoproc.study.reference_ranges import ReferenceRange, choose_range, read_reference_ranges
from cytoproc.templates.reading import parse_template

HEADER = "population,statistic,percent_of,low,high,sex,age_from_years,age_to_years,source\n"
TEMPLATE = parse_template("""\
template: tree
version: "1"
markers: [CD3, CD19, CD27]
populations:
  - {name: Ly, above: {channel: FSC-A, cut: 10}}
  - {name: T, parent: Ly, above: {channel: CD3, cut: 10}}
  - {name: B, parent: Ly, above: {channel: CD19, cut: 10}}
  - {name: Memory, parent: T, above: {channel: CD27, cut: 10}}
  - {name: Memory, parent: B, above: {channel: CD27, cut: 10}}
""")


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "ranges.csv"
        path.write_text(text, encoding="utf-8")
        return read_reference_ranges(path, {"": TEMPLATE})

    return read_text


def problems_of(read, text):
    with pytest.raises(StudyError) as caught:
        read(text)
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def test_a_range_is_found_by_the_path_of_its_population_and_of_what_it_is_a_percentage_of(read):
    ranges = read(f"{HEADER}B,PCT,Ly,6,22,,,,lab\nLy/B/Memory,ABS,,,155,F,18,60,lab\nNK,ABS,,160,544,,,,lab\n")

    by_key = ranges.of_template(TEMPLATE)

    assert set(by_key) == {("Ly/B", "PCT", "Ly"), ("Ly/B/Memory", "ABS", "")}
    [b], [memory] = by_key.values()
    assert (b.low, b.high, b.sex, b.age_from_years, b.age_to_years, b.source) == (6, 22, "", 0, inf, "lab")
    assert (memory.low, memory.high, memory.sex, memory.age_from_years, memory.age_to_years) == (-inf, 155, "F", 18, 60)
    assert [(r.population, r.line) for r in ranges.unused([TEMPLATE])] == [("NK", 4)]


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (",ABS,,1,2,,,,lab", 1, "the row names no population"),
        ("B,MFI,,1,2,,,,lab", 2, "expected PCT (percent) or ABS (cells/µL), found 'MFI'"),
        ("B,PCT,,1,2,,,,lab", 3, "the row does not say of what the percentage is"),
        ("B,ABS,Ly,1,2,,,,lab", 3, "a range of cells/µL is of nothing; leave 'Ly' out"),
        ("B,ABS,,,,,,,lab", 4, "the row has neither end of a range"),
        ("B,ABS,,-1,2,,,,lab", 4, "expected a number that is not below 0, found '-1'"),
        ('B,ABS,,"1,5",2,,,,lab', 4, "expected a number that is not below 0, found '1,5'"),
        ("B,ABS,,5,2,,,,lab", 5, "2 is not above low 5"),
        ("B,PCT,Ly,5,200,,,,lab", 5, "a percentage is at most 100, found 200"),
        ("B,ABS,,1,2,female,,,lab", 6, "expected F, M or nothing, found 'female'"),
        ("B,ABS,,1,2,,60,18,lab", 8, "18 is not above age_from_years 60"),
        ("B,ABS,,1,2,,18,18,lab", 8, "18 is not above age_from_years 18"),
        ("B,ABS,,1,2,,,,", 9, "the row does not say where the range comes from"),
        ("B,ABS,,1,2,,,lab", 1, "the row has 8 cells, the header 9"),
        ("Memory,ABS,,1,2,,,,lab", 1, "'Memory' is several populations of template 'tree': Ly/T/Memory, Ly/B/Memory"),
        ("T,PCT,Memory,1,2,,,,lab", 3, "'Memory' is several populations of template 'tree'"),
    ],
)
def test_each_problem_is_told_with_its_place(read, row, column, said):
    [found] = problems_of(read, f"{HEADER}{row}\n")

    assert found[:2] == (2, column)
    assert found[2].startswith(said)


def test_the_columns_that_are_needed_are_named(read):
    found = problems_of(read, "population,Statistic,low,high\nB,ABS,1,2\n")

    assert [(line, column, message.split(";")[0]) for line, column, message in found] == [
        (1, 2, "column 'Statistic' is nearly 'statistic': write it so, or give a column of your own another name"),
        (1, 1, "there is no column 'statistic'"),
        (1, 1, "there is no column 'source'"),
    ]


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("B,ABS,,1,2,,,,a", "B,ABS,,1,2,,,,b", True),
        ("B,ABS,,1,2,,,,a", "Ly/B,ABS,,1,2,F,,,b", True),  # one population by its name and by its path
        ("NK,ABS,,1,2,,,,a", "NK,ABS,,1,2,,,,b", True),  # also where no template has it
        ("B,ABS,,1,2,F,,,a", "B,ABS,,1,2,M,,,b", False),
        ("B,ABS,,1,2,,,18,a", "B,ABS,,1,2,,18,,b", False),  # ages are half-open
        ("B,ABS,,1,2,,,19,a", "B,ABS,,1,2,,18,,b", True),
        ("B,ABS,,1,2,,,,a", "B,PCT,Ly,1,2,,,,b", False),
        ("B,PCT,root,1,2,,,,a", "B,PCT,Ly,1,2,,,,b", False),
    ],
)
def test_two_ranges_for_one_person_are_refused_and_both_lines_told(read, first, second, both):
    text = f"{HEADER}{first}\n{second}\n"

    if not both:
        assert len(read(text).ranges) == 2
        return
    [(line, _, message)] = problems_of(read, text)
    assert line == 3
    assert message.startswith("the range in line 2 is of the same number and holds for some of the same people")


def of(sex="", start=0.0, end=inf):
    return ReferenceRange("B", "ABS", "lab", low=1, high=2, sex=sex, age_from_years=start, age_to_years=end)


@pytest.mark.parametrize(
    ("ranges", "sex", "age", "found"),
    [
        ([of()], "", nan, (0, False)),
        ([of("F"), of("M")], "M", nan, (1, False)),
        ([of("F"), of("M")], "", 40, (None, True)),
        ([of(end=18), of(start=18)], "", 18, (1, False)),
        ([of(end=18), of(start=18)], "F", nan, (None, True)),
        ([of("F", 18)], "M", nan, (None, False)),  # the age does not matter: the range is for the other sex
        ([of("F", 18)], "", 7, (None, False)),
        ([], "F", 40, (None, False)),
    ],
)
def test_a_range_holds_by_sex_and_age_and_nothing_is_guessed(ranges, sex, age, found):
    chosen, is_unknown = choose_range(ranges, sex, age)

    assert (ranges.index(chosen) if chosen else None, is_unknown) == found


people = st.tuples(st.sampled_from(["F", "M"]), st.floats(0, 120))
spans = st.tuples(st.sampled_from(["", "F", "M"]), st.floats(0, 60), st.floats(61, 130)).map(lambda s: of(*s))


@given(spans, spans, people)
def test_who_is_in_two_ranges_makes_them_overlap(first, second, person):
    if first.fits(*person) and second.fits(*person):
        assert first.overlaps(second)
        assert second.overlaps(first)


@given(spans, people)
def test_knowing_less_never_makes_a_range_fit(each, person):
    for known in ((person[0], math.nan), ("", person[1]), ("", math.nan)):
        if each.fits(*known) is not None:
            assert each.fits(*known) == each.fits(*person)
