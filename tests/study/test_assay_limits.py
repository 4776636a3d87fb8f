"""The table of validated limits: what it says, and every way in which it can be wrong."""

import math

import pytest

from cytoproc.errors import StudyError
from cytoproc.export.delimited import format_csv
from cytoproc.export.verification import limits_table
from cytoproc.study.assay_findings import LimitsRow
from cytoproc.study.assay_limits import Validated, read_assay_limits
from cytoproc.study.definition import describe, read_study
from cytoproc.templates.reading import parse_template

HEADER = "population,percent_of,lob_events,lod_events,lloq_events,lloq_percent,lloq_per_ul,source\n"
TEMPLATES = {
    "": parse_template("""\
template: tube T
version: "1"
markers: [CD3, CAR]
populations:
  - {name: T cells, above: {channel: CD3, cut: 100}}
  - {name: CAR+, parent: T cells, above: {channel: CAR, cut: 100}}
  - {name: Other, below: {channel: CD3, cut: 100}}
  - {name: Bright, parent: T cells, above: {channel: CAR, cut: 900}}
  - {name: Bright, parent: Other, above: {channel: CAR, cut: 900}}
"""),
    "b.yaml": parse_template("""\
template: tube B
version: "1"
markers: [CD19]
populations:
  - {name: B cells, above: {channel: CD19, cut: 100}}
"""),
}


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "limits.csv").write_text(text, encoding="utf-8")
        return read_assay_limits(tmp_path / "limits.csv", TEMPLATES)

    return read_text


def problems_of(read, text):
    with pytest.raises(StudyError) as caught:
        read(text)
    return [str(p) for p in caught.value.problems]


def test_a_row_gives_what_was_established_and_leaves_the_rest_open(read):
    found = read(HEADER + "CAR+,T cells,4,12.2,22,0.05,,our file 7\n")

    [row] = found.rows
    assert (row.population, row.percent_of, row.source, row.line) == ("CAR+", "T cells", "our file 7", 2)
    assert (row.lob_events, row.lod_events, row.lloq_events, row.lloq_percent) == (4, 12.2, 22, 0.05)
    assert math.isnan(row.lloq_per_ul)
    assert found.of_template(TEMPLATES[""]) == {
        "T cells/CAR+": Validated("assay limits.csv", 4, 13, 22, (("T cells", 0.05),), 0.0)
    }
    assert found.of_template(TEMPLATES["b.yaml"]) == {}


def test_what_verify_assay_writes_is_read(read):
    header = HEADER.replace("lob_events", "background_percent,lob_events")
    found = read(header + "CAR+,T cells,0.006,3,8,37,0.122222,0.458333,verify-assay plan.csv 0123456789ab\n")

    assert found.of_template(TEMPLATES[""])["T cells/CAR+"] == Validated(
        "assay limits.csv", 3, 8, 37, (("T cells", 0.122222),), 0.458333, (("T cells", 0.006),)
    )


@pytest.mark.parametrize("text", ["0", "-1", "100.1", "nan", "x"])
def test_a_background_that_is_no_percentage_is_refused(read, text):
    [found] = problems_of(read, f"population,background_percent,source\nCAR+,{text},ours\n")

    assert found.startswith("2:2 background_percent: expected a ")


def test_two_backgrounds_of_one_denominator_contradict_each_other(read):
    text = "population,percent_of,background_percent,source\nCAR+,,0.01,a\nCAR+,T cells,0.02,b\nCAR+,root,0.03,c\n"

    assert problems_of(read, text) == [
        "3:3 background_percent: background_percent of 'CAR+' is 0.01 in line 2, and 0.02 here"
    ]


@pytest.mark.parametrize("name", ["=CAR", "+CAR", "-CAR", "@CAR", "CAR+"])
def test_a_name_that_a_spreadsheet_would_run_is_read_as_the_template_has_it(tmp_path, name):
    text = f"""\
template: t
version: "1"
populations:
  - {{name: "{name} T", above: {{channel: FSC-A, cut: 5}}}}
  - {{name: "{name}", parent: "{name} T", above: {{channel: FSC-A, cut: 9}}}}
"""
    row = LimitsRow(name, f"{name} T", 0.01, 3.0, 8.0, 37.0, 0.1, 0.5, f"{name} plan")
    (tmp_path / "limits.csv").write_bytes(format_csv(limits_table([row])))

    [found] = read_assay_limits(tmp_path / "limits.csv", {"": parse_template(text)}).rows

    assert (found.population, found.percent_of, found.source) == (name, f"{name} T", f"{name} plan")


def test_rows_of_one_population_are_put_together(read):
    """What was verified as a percentage stands in one row, what was verified as cells/µL in another."""
    found = read(HEADER + "CAR+,,,13,22,0.05,,a\nCAR+,root,,13,,0.02,,b\nT cells/CAR+,,,,,,0.3,c\n")

    limits = found.of_template(TEMPLATES[""])["T cells/CAR+"]

    assert (limits.detect_events, limits.lloq_events, limits.lloq_per_ul) == (13, 22, 0.3)
    assert limits.lloq_percents == (("T cells", 0.05), ("root", 0.02))


def test_columns_may_stand_in_any_order_beside_others_and_cells_may_be_empty(read):
    found = read("source;note;population;lod_events\nour file;any;B cells;\n")

    assert found.rows[0].population == "B cells"
    assert found.of_template(TEMPLATES["b.yaml"])["B cells"].detect_events == 0


def test_a_row_may_be_for_one_template_alone(read):
    text = "population,template,lod_events,source\nT cells/Bright,tube T,13,ours\n"

    assert list(read(text).of_template(TEMPLATES[""])) == ["T cells/Bright"]
    assert problems_of(read, text.replace("tube T", "tube TT")) == [
        "2:2 template: the study has no template 'tube TT' (did you mean 'tube T'?); it has: tube T, tube B"
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("CAR,,,,,,,ours", "2:1 population: there is no population 'CAR' (did you mean 'CAR+'?) in tube T or tube B"),
        (",,,13,,,,ours", "2:1 population: the row names no population"),
        ("CAR+,,,13,,,,", "2:8 source: the row does not say where the limits come from"),
        ("CAR+,B cells,,,,0.1,,ours", "2:2 percent_of: there is no population 'B cells'"),
        ("Bright,,,13,,,,ours", "2:1 population: 'Bright' is several populations of template 'tube T': T cells/Bright"),
        ("CAR+,Bright,,,,1,,ours", "2:2 percent_of: 'Bright' is several populations of template 'tube T'"),
        (
            "CAR+,,,x,,,,ours",
            "2:4 lod_events: expected a number above 0, or nothing where none is established, found 'x'",
        ),
        ("CAR+,,,0,,,,ours", "2:4 lod_events: expected a number above 0"),
        ("CAR+,,-1,,,,,ours", "2:3 lob_events: expected a number that is not below 0"),
        ("CAR+,,,,inf,,,ours", "2:5 lloq_events: expected a number above 0"),
        ("CAR+,,,,,100,,ours", "2:6 lloq_percent: expected a percentage below 100, found 100"),
        ("CAR+,,13,13,,,,ours", "2:4 lod_events: 13 is not above the limit of blank, lob_events 13"),
        ("CAR+,,,30,22,,,ours", "2:5 lloq_events: 22 is below the limit of detection, lod_events 30"),
        ("CAR+,,,13,22,ours", "2:1 the row has 6 cells, the header 8; is a cell with a comma missing its quotes?"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(read, row, problem):
    [found] = problems_of(read, f"{HEADER}{row}\n")

    assert found.startswith(problem)


def test_rows_that_contradict_each_other_are_refused(read):
    text = HEADER + "CAR+,,,13,22,0.05,,a\nCAR+,T cells,,14,22,0.06,,b\nCAR+,root,,13,22,0.06,,c\n"

    assert problems_of(read, text) == [
        "3:4 lod_events: lod_events of 'CAR+' is 13 in line 2, and 14 here",
        "3:6 lloq_percent: lloq_percent of 'CAR+' is 0.05 in line 2, and 0.06 here",
        "4:4 lod_events: lod_events of 'CAR+' is 14 in line 3, and 13 here",
    ]


def test_every_problem_is_told_at_once(read):
    assert len(problems_of(read, HEADER + "CAR+,,,x,,,y,\nGone,,,,,,,ours\n")) == 4


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the table of assay limits is empty"),
        ("population,lod_events\nCAR+,13\n", "there is no column 'source'"),
        ("population,source,lod_event\nCAR+,ours,13\n", "column 'lod_event' is nearly 'lod_events'"),
    ],
)
def test_a_table_that_is_none_is_refused(read, text, problem):
    assert problem in problems_of(read, text)[0]


def test_a_study_names_its_table_and_the_record_says_what_is_in_it(tmp_path):
    template = "template: t\nversion: '1'\npopulations:\n  - {name: A, above: {channel: FSC-A, cut: 5}}\n"
    (tmp_path / "t.yaml").write_text(template, encoding="utf-8")
    (tmp_path / "manifest.csv").write_text("sample_id,file\ns,s.fcs\n", encoding="utf-8")
    (tmp_path / "limits.csv").write_text("population,lod_events,source\nA,13,ours\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text("study: s\ntemplate: t.yaml\nassay_limits: limits.csv\n", encoding="utf-8")

    study = read_study(tmp_path / "study.yaml")

    described = describe(study)
    assert described["assay_limits"] == [{"population": "A", "source": "ours", "lod_events": 13.0}]
    assert len(described["assay_limits_sha256"]) == 64


def test_a_table_that_is_not_there_is_told(tmp_path):
    (tmp_path / "manifest.csv").write_text("sample_id,file\ns,s.fcs\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text("study: s\ntemplate: tbnk\nassay_limits: gone.csv\n", encoding="utf-8")

    with pytest.raises(StudyError, match=r"3:15 assay_limits: there is no table of assay limits 'gone\.csv' beside"):
        read_study(tmp_path / "study.yaml")
