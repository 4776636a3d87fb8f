"""`cytoproc verify-assay`."""

import csv
import hashlib
import json

import pytest

from cytoproc.study.assay_limits import read_assay_limits
from cytoproc.templates.reading import read_template

HEADER = "sample_id,kind,level,expected_per_ul,population,percent_of,n_events,n_parent,v_eff_ul\n"


@pytest.fixture
def plan(tmp_path):
    rows = [f"B{i},blank,,,CAR+,T cells,{n},10000,80" for i, n in enumerate((0, 1, 2, 1) * 5)]
    for name, expected, counts in (("low", 0.1, (4, 8, 13)), ("mid", 1, (75, 80, 88)), ("high", 10, (790, 800, 815))):
        rows += [f"{name}{i},dilution,{name},{expected},CAR+,T cells,{n},10000,80" for i, n in enumerate(counts)]
    path = tmp_path / "plan.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def table(path):
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def test_it_writes_the_folder_and_says_what_was_found(run, plan, tmp_path):
    done = run("verify-assay", plan, "--out", "out")

    assert (done.code, done.err) == (0, "")
    assert "CAR+, cells/µL: limit of quantification: 1.01 cells/µL, level mid, 81 events" in done.out
    assert "CAR+, cells/µL: linearity: straight: slope 1" in done.out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "CAR+_abs_linearity.svg",
        "CAR+_abs_precision.svg",
        "CAR+_count_blanks.svg",
        "CAR+_pct_precision.svg",
        "limits.csv",
        "record.json",
        "verification.csv",
        "verification.md",
    ]


def test_the_limits_are_those_that_studies_read(run, plan, tmp_path):
    """20 events in 20 blanks: limit of blank 3, and at most 0.0145 % are false.

    Level low has an SD of 4.509, so 3 + 1.645 x 4.509 = 10.42.
    """
    run("verify-assay", plan, "--out", "out")

    digest = hashlib.sha256(plan.read_bytes()).hexdigest()
    assert table(tmp_path / "out/limits.csv") == [
        {
            **{"population": "CAR+", "percent_of": "T cells", "background_percent": "0.0145307"},
            **{"lob_events": "3", "lod_events": "11"},
            **{"lloq_events": "81", "lloq_percent": "0.81", "lloq_per_ul": "1.0125"},
            "source": f"verify-assay plan.csv {digest[:12]}",
        }
    ]


def test_too_few_blanks_write_no_limits_and_say_so(run, plan, tmp_path):
    lines = plan.read_text(encoding="utf-8").splitlines()
    plan.write_text("\n".join([lines[0], *lines[4:]]) + "\n", encoding="utf-8")

    done = run("verify-assay", plan, "--out", "out")

    [row] = table(tmp_path / "out/limits.csv")
    assert {v for k, v in row.items() if k not in {"population", "percent_of", "source"}} == {""}
    words = "for studies: no limits in limits.csv, because there are 17 blanks, and 20 are to verify a limit"
    assert words in done.out
    assert words in (tmp_path / "out/verification.md").read_text(encoding="utf-8")


def test_a_study_takes_the_limits_as_they_are(run, plan, tubes):
    plan.write_text(plan.read_text(encoding="utf-8").replace("T cells", "CD3+"), encoding="utf-8")
    run("verify-assay", plan, "--out", "out")
    template = read_template(tubes / "small.yaml")

    read = read_assay_limits(tubes / "out/limits.csv", {"": template})

    [found] = read.of_template(template).values()
    assert (found.lob_events, found.detect_events, found.lloq_events) == (3, 11, 81)
    assert (found.lloq_percents, found.lloq_per_ul) == ((("Cells/CD3+", 0.81),), 1.0125)


def test_the_summary_names_every_figure_that_is_there(run, plan, tmp_path):
    run("verify-assay", plan, "--out", "out")

    summary = (tmp_path / "out/verification.md").read_text(encoding="utf-8")
    for figure in (tmp_path / "out").glob("*.svg"):
        assert f"![{figure.name}]({figure.name})" in summary
    assert "| mid | 3 | 1.01 | 81 |" in summary


def test_the_same_plan_gives_the_same_bytes_and_the_record_has_their_fingerprints(run, plan, tmp_path):
    for out in ("one", "two"):
        run("verify-assay", plan, "--out", out)

    one, two = ({p.name: p.read_bytes() for p in (tmp_path / out).iterdir()} for out in ("one", "two"))
    record = json.loads(one["record.json"])
    assert one == two
    assert record["outputs"] == {n: hashlib.sha256(b).hexdigest() for n, b in one.items() if n != "record.json"}
    assert record["plan"] == {"name": "plan.csv", "sha256": hashlib.sha256(plan.read_bytes()).hexdigest()}


def test_the_json_holds_what_the_table_holds(run, plan, tmp_path):
    done = run("verify-assay", plan, "--out", "out", "--json")

    told = json.loads(done.out)
    written = table(tmp_path / "out/verification.csv")
    assert [(f["quantity"], f["level"]) for f in told["findings"]] == [(r["quantity"], r["level"]) for r in written]
    assert [f["value"] for f in told["findings"]] == [float(r["value"]) if r["value"] else None for r in written]
    assert told["limits"][0]["lloq_events"] == 81
    assert any("level mid" in line for line in told["verdicts"])


def test_goals_decide(run, plan):
    strict = json.loads(run("verify-assay", plan, "--out", "strict", "--cv-goal", 5, "--json").out)
    usual = json.loads(run("verify-assay", plan, "--out", "usual", "--json").out)

    assert strict["limits"][0]["lloq_per_ul"] == pytest.approx(10.0208, abs=1e-4)
    assert usual["limits"][0]["lloq_per_ul"] == 1.0125


def test_no_level_within_the_goals_is_an_answer_not_an_error(run, plan, tmp_path):
    done = run("verify-assay", plan, "--out", "out", "--cv-goal", 0.1)

    assert done.code == 0
    assert "none of the levels: the highest, high, is too scattered" in done.out
    assert table(tmp_path / "out/limits.csv")[0]["lloq_events"] == ""


@pytest.mark.parametrize("goal", ["0", "-1", "nan", "inf"])
def test_a_goal_that_is_none_is_refused(run, plan, goal):
    done = run("verify-assay", plan, "--out", "out", "--cv-goal", goal)

    assert done.code == 2
    assert "--cv-goal is a percentage above 0" in done.err


def test_a_folder_that_holds_something_is_refused_and_left_alone(run, plan, tmp_path):
    done = run("verify-assay", plan, "--out", ".", "--json")

    assert (done.code, json.loads(done.out)["error"]["code"]) == (2, "OUTPUT")
    assert [p.name for p in tmp_path.iterdir()] == ["plan.csv"]


def test_a_wrong_plan_writes_nothing(run, plan, tmp_path):
    plan.write_text(HEADER + "S1,blnk,,,CAR+,T cells,1,10,80\n", encoding="utf-8")

    done = run("verify-assay", plan, "--out", "out", "--json")

    error = json.loads(done.out)["error"]
    assert (done.code, error["code"]) == (2, "DOCUMENT")
    assert "2:2 kind: expected one of blank, dilution, replicate, found 'blnk'" in error["message"]
    assert not (tmp_path / "out").exists()


def test_a_population_that_the_plan_lacks_is_refused(run, plan):
    done = run("verify-assay", plan, "--out", "out", "--population", "B cells")

    assert done.code == 2
    assert "there is no population 'B cells' in plan.csv; there are: CAR+" in done.err


def test_numbers_come_from_a_finished_run(run, tubes):
    run("run", "a.fcs", "b.fcs", "-t", "small.yaml", "--out", "done", "--quiet")
    (tubes / "plan.csv").write_text("sample_id;kind;level\na;replicate;same\nb;replicate;same\n", encoding="utf-8")

    done = run("verify-assay", "plan.csv", "--run", "done", "--population", "CAR+", "--out", "out", "--json")

    told = json.loads(done.out)
    means = {f["quantity"]: f["value"] for f in told["findings"] if f["level"] == "same"}
    record = json.loads((tubes / "out/record.json").read_text(encoding="utf-8"))
    assert done.code == 0
    assert (means["mean"], means["mean_events"]) == (30, 90)  # 120 and 60 of 300 CD3+
    assert told["limits"][0]["percent_of"] == "CD3+"
    assert record["run_record_sha256"] == hashlib.sha256((tubes / "done/record.json").read_bytes()).hexdigest()


def test_a_run_without_parquet_is_verified_by_its_text_with_the_same_numbers(run, tubes):
    run("run", "a.fcs", "b.fcs", "-t", "small.yaml", "--out", "done", "--quiet")
    (tubes / "plan.csv").write_text("sample_id,kind,level\na,replicate,same\nb,replicate,same\n", encoding="utf-8")
    run("verify-assay", "plan.csv", "--run", "done", "--out", "typed")
    (tubes / "done/results.parquet").unlink()

    done = run("verify-assay", "plan.csv", "--run", "done", "--out", "text")

    typed, text = ({p.name: p.read_bytes() for p in (tubes / out).iterdir()} for out in ("typed", "text"))
    assert done.code == 0
    assert text == typed


def test_a_run_that_was_changed_since_gives_no_limits(run, tubes):
    run("run", "a.fcs", "-t", "small.yaml", "--out", "done", "--quiet")
    (tubes / "plan.csv").write_text("sample_id,kind\na,blank\n", encoding="utf-8")
    (tubes / "done/results.parquet").write_bytes(b"changed")

    done = run("verify-assay", "plan.csv", "--run", "done", "--out", "out")

    assert done.code == 2
    assert "results.parquet is not as the run wrote it" in done.err
    assert not (tubes / "out").exists()


def test_a_population_that_a_spreadsheet_would_run_comes_back_into_a_study(run, plan, tubes):
    """Its name has an apostrophe in `limits.csv`, and none in the template."""
    plan.write_text(plan.read_text(encoding="utf-8").replace("CAR+,T cells", "+CAR,CD3+"), encoding="utf-8")
    template = (tubes / "small.yaml").read_text(encoding="utf-8").replace("CAR+", "+CAR")
    (tubes / "small.yaml").write_text(template, encoding="utf-8")
    run("verify-assay", plan, "--out", "out")

    read = read_assay_limits(tubes / "out/limits.csv", {"": read_template(tubes / "small.yaml")})

    assert (tubes / "out/limits.csv").read_text(encoding="utf-8").splitlines()[1].startswith("'+CAR,CD3+,")
    assert list(read.of_template(read_template(tubes / "small.yaml"))) == ["Cells/CD3+/+CAR"]


def test_a_denominator_is_picked_from_a_run_only(run, plan, tubes):
    run("run", "a.fcs", "-t", "small.yaml", "--out", "done", "--quiet")
    (tubes / "of_run.csv").write_text("sample_id,kind\na,blank\n", encoding="utf-8")
    of_cells = ("--percent-of", "Cells", "--json")

    done = run("verify-assay", "of_run.csv", "--run", "done", "-p", "CAR+", "--out", "out", *of_cells)
    refused = run("verify-assay", plan, "--out", "none", *of_cells)

    assert json.loads(done.out)["limits"][0]["percent_of"] == "Cells"
    assert refused.code == 2


def test_names_that_no_file_can_have_are_told_apart(run, tmp_path):
    header = "sample_id,kind,population,n_events,n_parent\n"
    rows = [f"S{i},blank,{name},1,100\n" for i, name in enumerate(("a/b", "a?b", "../x", "☃"))]
    (tmp_path / "plan.csv").write_text(header + "".join(rows), encoding="utf-8")

    done = run("verify-assay", "plan.csv", "--out", "out")

    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "out").glob("*.svg")) == [
        "a_b_1_count_blanks.svg",
        "a_b_2_count_blanks.svg",
        "population_count_blanks.svg",
        "x_count_blanks.svg",
    ]
