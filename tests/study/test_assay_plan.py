"""The plan of an assay's verification, and what a run counted in its samples."""

import math
from pathlib import Path

import pytest

from cytoproc.errors import DocumentError, UsageError
from cytoproc.study.assay_plan import Kind, read_plan
from cytoproc.study.assay_run import measure
from cytoproc.study.finished import FinishedRun, Line

WITH_NUMBERS = """\
sample_id,kind,level,expected_percent,run_day,batch,lot,population,percent_of,n_events,n_parent,v_eff_ul
B1,blank,,,,,L7,CAR+,T cells,2,30000,80
D1,dilution,low,0.1,1,a,,CAR+,T cells,31,30000,
D2,replicate,low,,2,,,CAR+,T cells,29,30000,
"""


@pytest.fixture
def plan(tmp_path):
    def read(text, **how):
        (tmp_path / "plan.csv").write_text(text, encoding="utf-8")
        return read_plan(tmp_path / "plan.csv", **how)

    return read


def problems_of(act):
    with pytest.raises(DocumentError) as caught:
        act()
    return [str(p) for p in caught.value.problems]


def test_names_may_be_copied_from_a_table_of_results(plan):
    """Such a table has an apostrophe before what a spreadsheet would run."""
    text = "sample_id,kind,level,population,percent_of,n_events,n_parent\n'-S1,replicate,'=low,'+CAR,'@T,1,10\n"

    [found] = plan(text).measurements

    assert (found.planned.sample_id, found.planned.level) == ("-S1", "=low")
    assert (found.population, found.percent_of) == ("+CAR", "@T")


def test_a_plan_is_what_the_file_says(plan):
    found = plan(WITH_NUMBERS)

    blank, low, again = found.measurements
    assert [m.planned.kind for m in found.measurements] == [Kind.BLANK, Kind.DILUTION, Kind.REPLICATE]
    assert (blank.n_events, blank.n_parent, blank.v_eff_ul, blank.planned.lot) == (2, 30_000, 80, "L7")
    assert (low.planned.level, low.planned.run, low.planned.expected) == ("low", "1 a", (("percent", 0.1),))
    assert (again.planned.expected, again.planned.line) == ((), 4)
    assert math.isnan(low.v_eff_ul)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_make_the_same_plan(plan, delimiter):
    assert plan(WITH_NUMBERS.replace(",", delimiter)).rows == plan(WITH_NUMBERS).rows


def test_a_bare_expected_value_is_a_percentage_if_there_is_nothing_else(plan):
    text = "sample_id,kind,level,expected,population,n_events,n_parent\nD1,dilution,low,0.1,CAR+,3,100\n"

    assert plan(text).rows[0].expected == (("percent", 0.1),)


def test_a_bare_expected_value_is_refused_where_it_can_mean_two_things(plan):
    text = WITH_NUMBERS.replace("expected_percent", "expected")

    assert problems_of(lambda: plan(text)) == [
        "1:4 expected: there are percentages and cells/µL, so say which is expected: name the column expected_percent, "
        "expected_per_ul, or expected_relative for shares of the highest level"
    ]


def test_every_problem_is_told_with_its_place(plan):
    text = (
        "sample_id,kind,level,expected_relative,population,n_events,n_parent,v_eff_ul\n"
        "S1,blnk,,,CAR+,1,10,\n"
        "S2,dilution,,x,CAR+,11,10,0\n"
        "S3,dilution,low,,CAR+,1.5,,\n"
        "S4,blank,low,1,CAR+,1,10,\n"
        "S5,replicate,low\n"
    )

    assert problems_of(lambda: plan(text)) == [
        "2:2 kind: expected one of blank, dilution, replicate, found 'blnk'",
        "3:3 level: a dilution needs the name of its level",
        "3:4 expected_relative: expected a number above 0, at most 10^9, with a decimal point, found 'x'",
        "3:6 n_events: 11 events of a population cannot be among 10 (n_parent)",
        "3:8 v_eff_ul: expected a number above 0, at most 10^9, with a decimal point, found '0'",
        "4:1 expected: a dilution needs an expected value (expected, or expected_relative)",
        "4:6 n_events: expected a whole number of events, 0 to 10^9, found '1.5'",
        "4:7 n_parent: the cell is empty",
        "5:3 level: a blank has no level, found 'low'",
        "5:4 expected_relative: a blank is expected to hold none, found '1'",
        "6:1 the row has 3 cells, the header 8",
    ]


def test_rows_that_contradict_each_other_are_told(plan):
    text = (
        "sample_id,kind,level,expected_percent,population,percent_of,n_events,n_parent\n"
        "S1,dilution,low,1,CAR+,T,1,10\n"
        "S1,dilution,low,2,CAR+,T,1,10\n"
        "S2,replicate,low,,CAR+,B,1,10\n"
    )

    assert problems_of(lambda: plan(text)) == [
        "3:1 sample_id: sample 'S1' of 'CAR+' is in line 2 already",
        "3:3 level: level 'low' is expected otherwise in line 2",
        "4:6 percent_of: 'CAR+' is a percentage of 'T' in line 2, here of 'B'",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("sample_id,kind", "name a finished run with --run, or add the columns population, n_events, n_parent"),
        ("sample_id,Kind", "column 'Kind' is nearly 'kind'"),
        ("sample_id,kind,kind", "column 'kind' is there twice"),
        ("sample_id,kind,expected,expected_relative", "leave 'expected' out"),
        ("", "the plan is empty"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused(plan, header, said):
    assert any(said in p for p in problems_of(lambda: plan(header + "\n")))


def test_numbers_stand_in_the_plan_or_in_a_run_not_in_both(plan):
    assert any(
        "the numbers come from the run; leave column 'n_events' out" in p
        for p in problems_of(lambda: plan(WITH_NUMBERS, counted_elsewhere=True))
    )


# A run


def row(sample, path, statistic="PCT", *, of="T", n=5, total=100, volume=None, **more):
    return {
        **{"sample_id": sample, "population_id": path, "population_label": path.split("/")[-1], "parent_id": "T"},
        **{"denominator_id": of, "statistic": statistic, "n_events": n, "n_denominator": total, "v_eff_ul": volume},
        **{"status": "QUANT", "qc_flags": None},
        **more,
    }


def finished(*rows):
    record = {"samples": [{"sample_id": i} for i in dict.fromkeys(row["sample_id"] for row in rows)], "outputs": {}}

    def lines_where(column, text):
        return [Line(row) for row in rows if row[column] == text]

    return FinishedRun(Path("results"), record, "0" * 64, "results.parquet", (), lines_where)


SAMPLE = [
    row("S1", "root", "COUNT", of=None, parent_id=None),
    row("S1", "T", of="root", parent_id="root"),
    row("S1", "T/CAR+"),
    row("S1", "T/CAR+", "ABS", volume=40.0),
]


def of_run(plan, *rows, expected="relative", **how):
    text = f"sample_id,kind,level,expected_{expected}\nS1,dilution,low,1\n"
    return measure(plan(text, counted_elsewhere=True), finished(*rows), **how)


def test_a_runs_numbers_are_those_of_its_rows(plan):
    [found] = of_run(plan, *SAMPLE, populations=["CAR+"])

    assert (found.population, found.percent_of) == ("CAR+", "T")
    assert (found.n_events, found.n_parent, found.v_eff_ul) == (5, 100, 40)


def test_numbers_may_stand_as_text_in_the_rows(plan):
    as_text = [{name: "" if cell is None else str(cell) for name, cell in row.items()} for row in SAMPLE]

    assert of_run(plan, *as_text, populations=["CAR+"]) == of_run(plan, *SAMPLE, populations=["CAR+"])


def test_all_populations_are_taken_if_none_is_named(plan):
    assert [m.population for m in of_run(plan, *SAMPLE)] == ["T", "CAR+"]


def test_a_refused_count_gives_no_concentration(plan):
    refused = SAMPLE[-1] | {"status": "INVALID"}

    assert math.isnan(of_run(plan, *SAMPLE[:-1], refused, populations=["CAR+"])[0].v_eff_ul)


def test_another_denominator_can_be_picked(plan):
    other = row("S1", "T/CAR+", of="root", total=1000)

    [found] = of_run(plan, *SAMPLE, other, populations=["CAR+"], percent_of="root")

    assert (found.percent_of, found.n_parent) == ("root", 1000)


@pytest.mark.parametrize(
    ("rows", "how", "said"),
    [
        (SAMPLE, {"populations": ["CAR"]}, "there is no population 'CAR'; there are: root, T, CAR\\+"),
        (
            [*SAMPLE, row("S1", "B/CAR+")],
            {"populations": ["CAR+"]},
            "T/CAR\\+ or B/CAR\\+; write the path",
        ),
        (SAMPLE, {"expected": "percent"}, "says what one population is expected to be, and there are 2"),
    ],
)
def test_what_can_mean_several_populations_or_none_is_refused(plan, rows, how, said):
    with pytest.raises(UsageError, match=said):
        of_run(plan, *rows, **how)


def test_samples_that_the_run_cannot_speak_for_are_told_all_at_once(plan):
    text = "sample_id,kind\nS-01,blank\nS-03,blank\n"
    failed = row("S-03", "", population_label="", statistic="", qc_flags="FILE_NOT_FOUND")

    assert problems_of(lambda: measure(plan(text, counted_elsewhere=True), finished(*SAMPLE, failed))) == [
        "2:1 sample_id: the run in results has no sample 'S-01'; is it 'S-03'?",
        "3:1 sample_id: sample 'S-03' could not be processed in the run (FILE_NOT_FOUND); mend it or leave it out",
    ]


def test_a_sample_without_the_population_is_told(plan):
    text = "sample_id,kind\nS1,blank\nS2,blank\n"
    rows = [*SAMPLE, row("S2", "T")]

    assert problems_of(lambda: measure(plan(text, counted_elsewhere=True), finished(*rows), populations=["CAR+"])) == [
        "3:1 sample_id: the run has no 'T/CAR+' for sample 'S2'"
    ]
