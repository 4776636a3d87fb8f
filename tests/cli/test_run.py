import csv
import hashlib
import io
import json
import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from cytoproc.model.text import format_cell
from cytoproc.study.folder import sample_file
from tests.making import fcs_file

TABLES = {"results.csv", "results.parquet", "results.xlsx", "wide.csv", "wide.parquet"} | {
    "data_dictionary.csv",
    "results.schema.json",
}


def rows_of(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def contents(folder):
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix not in {".log", ".lock"}]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def finished(*sample_ids):
    """Return the names of the files in which a run keeps samples."""
    return {sample_file(s) for s in sample_ids}


def copy_of(template):
    """Return the name of the copy of a template that a run keeps."""
    return f"templates/small-{hashlib.sha256(template.read_bytes()).hexdigest()[:12]}.yaml"


def cells_of(text, sample):
    """Return the cells of a sample's line in a printed table."""
    [line] = [line for line in text.splitlines() if line.split()[:1] == [sample]]
    return line.split()


def test_a_study_is_run_from_its_folder_or_its_file(run, study):
    by_folder = run("run", study, "--out", "one")
    by_file = run("run", study / "study.yaml", "--out", "two")

    assert (by_folder.code, by_file.code, by_folder.err) == (0, 0, "")
    assert contents(study / "one") == contents(study / "two")
    assert set(contents(study / "one")) == {
        *TABLES,
        *finished("001", "1E5"),
        "record.json",
        copy_of(study / "small.yaml"),
    }


def test_the_printed_table_holds_what_the_report_asks_for(run, study):
    done = run("run", study)

    assert cells_of(done.out, "001") == ["001", "500", "75", "40", "30", "ok"]
    assert cells_of(done.out, "1E5") == ["1E5", "500", "75", "20", "15", "ok"]
    assert "2 of 2 samples done\n" in done.out
    assert done.out.splitlines()[-4:] == [
        "for Excel:          results/results.xlsx",
        "all numbers:        results/results.csv, .parquet",
        "one line a sample:  results/wide.csv, .parquet",
        "how they were made: results/record.json",
    ]


def test_the_long_table_holds_ids_as_written_and_every_number(run, study):
    run("run", study)

    rows = rows_of(study / "results/results.csv")

    assert {r["sample_id"] for r in rows} == {"001", "1E5"}
    car = {r["sample_id"]: r for r in rows if (r["population_label"], r["denominator_id"]) == ("CAR+", "Cells")}
    assert {k: (r["value_raw"], r["n_events"], r["n_denominator"]) for k, r in car.items()} == {
        "001": ("30", "120", "400"),
        "1E5": ("15", "60", "400"),
    }
    assert {r["status"] for r in rows} == {"QUANT"}


def test_the_wide_table_has_one_line_a_sample(run, study):
    run("run", study)

    rows = rows_of(study / "results/wide.csv")

    assert [(r["sample_id"], r["visit"]) for r in rows] == [("001", "D14"), ("1E5", "D28")]
    assert [r["Cells/CD3+/CAR+ % of Cells/CD3+"] for r in rows] == ["40", "20"]
    assert [r["Cells/CD3+/CAR+ CAR median"] for r in rows] == ["2000", "2000"]


def test_parquet_and_excel_hold_what_the_csv_holds(run, study):
    run("run", study)

    rows = rows_of(study / "results/results.csv")
    parquet = pd.read_parquet(study / "results/results.parquet")
    book = load_workbook(study / "results/results.xlsx")
    assert book.sheetnames == ["Wide", "Results", "QC", "Samples", "Methods", "Notes"]
    excel = pd.DataFrame(book["Results"].iter_rows(min_row=2, values_only=True), columns=list(rows[0]))
    assert list(parquet.columns) == list(excel.columns)
    for column in ("sample_id", "status", "n_events", "value_raw"):
        assert [format_cell(v) for v in parquet[column]] == [r[column] for r in rows]
    assert list(excel["sample_id"]) == list(parquet["sample_id"])
    assert list(excel["value_raw"]) == pytest.approx(list(parquet["value_raw"]), rel=1e-15)
    assert parquet["sample_id"].unique().tolist() == ["001", "1E5"]


def test_the_workbook_says_which_study_template_and_versions_it_is_of(run, study):
    run("run", study)

    methods = list(load_workbook(study / "results/results.xlsx")["Methods"].iter_rows(values_only=True))
    record = json.loads((study / "results/record.json").read_text(encoding="utf-8"))
    facts = {(about, name): said for about, name, said in methods}
    assert facts["run", "study"] == "small study"
    assert facts["run", "run_id"] == record["run_id"]
    assert facts["template", "small 1.0.0"].startswith(f"SHA-256 {record['templates'][0]['sha256']}; ")
    assert f"cytoproc {record['cytoproc']}, Python {record['python']}" in facts["run", "versions"]


def test_the_record_names_every_input_and_output_by_its_digest(run, study):
    run("run", study)

    record = json.loads((study / "results/record.json").read_text(encoding="utf-8"))

    assert record["templates"][0]["name"] == "small"
    assert [s["file"] for s in record["samples"]] == ["a.fcs", "b.fcs"]
    digests = [t["sha256"] for t in record["templates"]] + [s["sha256"] for s in record["samples"]]
    assert all(len(d) == 64 for d in [*digests, *record["outputs"].values()])
    assert set(record["outputs"]) == {*TABLES, copy_of(study / "small.yaml")}
    assert {"numpy", "pyarrow", "XlsxWriter", "zlib"} <= set(record["libraries"])


def test_two_runs_give_the_same_bytes_and_no_table_tells_where_or_when(run, study):
    run("run", study, "--out", "one")
    run("run", study, "--out", "two")

    one = contents(study / "one")
    assert one == contents(study / "two")
    assert not any(str(study).encode() in content for content in one.values())


def test_the_json_of_a_run_holds_what_its_table_holds(run, study):
    done = run("run", study, "--json")

    shown = json.loads(done.out)
    assert (shown["study"], shown["n_samples"], shown["n_failed"]) == ("small study", 2, 0)
    first = shown["samples"][0]
    assert (first["sample_id"], first["n_events"], first["error"]) == ("001", 500, None)
    assert first["counts"] == {"root": 500, "Cells": 400, "Cells/CD3+": 300, "Cells/CD3+/CAR+": 120}
    percents = {(p["population"], p["of"]): (p["value"], p["status"]) for p in first["percents"]}
    assert percents == {
        ("Cells", "root"): (80, "QUANT"),
        ("Cells/CD3+", "Cells"): (75, "QUANT"),
        ("Cells/CD3+/CAR+", "Cells/CD3+"): (40, "QUANT"),
        ("Cells/CD3+/CAR+", "Cells"): (30, "QUANT"),
    }
    [median] = first["intensities"]
    assert (median["marker"], median["statistic"], median["value"]) == ("CAR", "median", 2000)


def test_one_bad_file_is_one_bad_row_and_exit_code_1(run, study):
    good = (study / "b.fcs").read_bytes()
    (study / "b.fcs").write_bytes(good[:-40])

    done = run("run", study)

    assert done.code == 1
    assert cells_of(done.out, "001") == ["001", "500", "75", "40", "30", "ok"]
    assert cells_of(done.out, "1E5") == ["1E5", "FCS_TRUNCATED"]
    assert "1 of 2 samples done, 1 could not be processed" in done.out
    assert done.err.startswith("cytoproc: 1E5: FCS_TRUNCATED: b.fcs: ")
    bad = [r for r in rows_of(study / "results/results.csv") if r["sample_id"] == "1E5"]
    assert [(r["status"], r["qc_flags"], r["visit"]) for r in bad] == [("INVALID", "FCS_TRUNCATED", "D28")]


def test_the_json_of_a_run_with_a_bad_file_says_so(run, study):
    (study / "b.fcs").unlink()

    done = run("run", study, "--json")

    assert (done.code, done.err) == (1, "")
    shown = json.loads(done.out)
    assert shown["n_failed"] == 1
    assert shown["samples"][1]["error"] == {
        "code": "FILE_NOT_FOUND",
        "message": "manifest.csv line 3: there is no file 'b.fcs'",
    }


def test_quiet_keeps_the_table_and_drops_the_progress(run, study):
    (study / "b.fcs").unlink()

    done = run("run", study, "--quiet")

    assert (done.code, done.err) == (1, "")
    assert cells_of(done.out, "1E5") == ["1E5", "FILE_NOT_FOUND"]


def test_bare_files_and_folders_of_them_take_a_template(run, tubes):
    files = run("run", "a.fcs", "b.fcs", "--template", "small.yaml", "--out", "one")
    folder = run("run", tubes, "--template", "small.yaml", "--out", "two")

    assert (files.code, folder.code) == (0, 0)
    assert [r["sample_id"] for r in rows_of(tubes / "one/wide.csv")] == ["a", "b"]
    assert [r["fcs_file"] for r in rows_of(tubes / "two/wide.csv")] == ["a.fcs", "b.fcs"]


def test_each_template_of_a_study_has_its_own_table(run, study):
    text = (study / "small.yaml").read_text(encoding="utf-8")
    other = text.replace("template: small", "template: other").replace("CD3+", "T").replace("CAR+", "CAR-T")
    (study / "other.yaml").write_text(other, encoding="utf-8")
    rows = "sample_id,file,template\ns1,a.fcs,\ns2,b.fcs,other.yaml\n"
    (study / "manifest.csv").write_text(rows, encoding="utf-8")

    done = run("run", study)

    first, second = done.out.split("other 1.0.0")
    assert "CD3+" in first
    assert "small 1.0.0" in first
    assert "CAR-T" in second
    assert cells_of(second, "s2") == ["s2", "500", "75", "20", "15", "ok"]


def test_a_percentage_that_is_no_number_to_report_says_why(run, tubes):
    fcs_file(
        tubes / "few.fcs",
        {"FSC-A": [200] * 100, "B530-A": [1000] * 70 + [0] * 30, "Y585-A": [2000] * 5 + [0] * 95},
        labels={"B530-A": "CD3", "Y585-A": "CAR"},
    )

    done = run("run", "few.fcs", "-t", "small.yaml")

    assert done.code == 0
    assert cells_of(done.out, "few")[:3] == ["few", "100", "70"]
    assert "ND" in cells_of(done.out, "few")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.fcs"], "bare FCS files need a template"),
        (["study.yaml", "-t", "small.yaml"], "names its templates itself"),
        (["a.fcs", "-t", "smal.yaml"], "no template file 'smal.yaml'"),
        (["nothing.yaml"], "there is no file nothing.yaml"),
        (["empty", "-t", "small.yaml"], "neither a study.yaml nor any .fcs"),
        (["a.fcs", "./a.fcs", "-t", "small.yaml"], "named twice"),
        (["a.fcs", "-t", "small.yaml", "--out", "full"], "not of a run"),
        (["a.fcs", "-t", "small.yaml", "--out", "a.fcs"], "is a file"),
    ],
)
def test_wrong_usage_is_one_message_and_exit_code_2(run, study, arguments, said):
    (study / "empty").mkdir()
    (study / "full").mkdir()
    (study / "full/thesis.docx").touch()

    done = run("run", *arguments)

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("cytoproc: ")
    assert said in done.err
    assert "Traceback" not in done.err


def test_wrong_usage_is_json_too_if_that_is_asked_for(run, study):
    done = run("run", "a.fcs", "--json")

    assert done.code == 2
    assert json.loads(done.out)["error"]["code"] == "USAGE"


def test_a_finished_run_is_not_written_over_and_an_unfinished_one_is_done_again(run, study):
    first = run("run", study)
    again = run("run", study)
    before = contents(study / "results")
    (study / "results/record.json").unlink()
    resumed = run("run", study)

    assert (first.code, again.code, resumed.code) == (0, 2, 0)
    assert "holds a finished run already" in again.err
    assert contents(study / "results") == before


def test_a_wrong_manifest_prints_all_its_problems_with_their_lines(run, study):
    (study / "manifest.csv").write_text("sample_id,file,day\ns1,a.fcs,x\nS1,b.fcs,y\n", encoding="utf-8")

    done = run("run", study)

    assert done.code == 2
    assert "manifest.csv:2:3 day: expected a number with a decimal point, found 'x'" in done.err
    assert "manifest.csv:3:3 day: expected a number with a decimal point, found 'y'" in done.err


def test_a_sample_id_that_would_steer_a_screen_or_run_in_a_spreadsheet_is_harmless(run, study):
    (study / "manifest.csv").write_text('sample_id,file\n"=1+1\x1b[2J",a.fcs\n', encoding="utf-8")

    done = run("run", study)

    assert done.code == 0
    assert "\x1b" not in done.out
    assert {r["sample_id"] for r in rows_of(study / "results/results.csv")} == {"'=1+1\\x1b[2J"}


def test_the_log_tells_the_operator_what_happened_and_when(run, study):
    (study / "b.fcs").unlink()

    run("run", study)

    lines = (study / "results/run.log").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines][2:] == [
        "INFO 001: 500 events",
        "ERROR 1E5: FILE_NOT_FOUND manifest.csv line 3: there is no file 'b.fcs'",
        "INFO done, 1 of 2 samples failed",
    ]
    assert all(line[:4].isdigit() and line[19] == "Z" for line in lines)


def test_a_study_among_bare_files_is_refused_and_no_study_is_lost(run, study):
    done = run("run", study / "study.yaml", study / "a.fcs", "-t", study / "small.yaml")

    assert done.code == 2
    assert "study.yaml is a study and is given alone" in done.err


def test_a_template_in_place_of_a_study_is_named(run, study):
    done = run("run", study / "small.yaml")

    assert done.code == 2
    assert "this is a template, not a study" in done.err


def test_the_record_says_which_channel_and_which_bytes_were_used(run, study):
    run("run", study, "--out", "one")

    record = json.loads((study / "one" / "record.json").read_text())
    assert record["samples"][0]["channels"] == {"FSC-A": "FSC-A", "CD3": "CD3 B530-A", "CAR": "CAR Y585-A"}
    assert len(record["manifest_sha256"]) == len(record["samples"][0]["sha256"]) == 64
    assert record["python"].count(".") == 2


def test_a_marker_that_would_steer_a_terminal_is_written_out_in_the_log(run, tubes):
    fcs_file(tubes / "c.fcs", {"FSC-A": [1.0], "B530-A": [1.0]}, labels={"B530-A": "CD4\x1b[31m\x07"})

    run("run", tubes / "c.fcs", "-t", tubes / "small.yaml", "--out", "one")

    log = (tubes / "one" / "run.log").read_text(encoding="utf-8")
    assert "CD4\\x1b[31m\\x07" in log
    assert "\x1b" not in log


COUNTED = """\
template: counted
version: 1.0.0
markers: [CAR]
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 1000}}
  - {name: Cells, below: {channel: SSC-A, cut: 1000}}
  - {name: CAR+, parent: Cells, above: {channel: CAR, cut: 500}}
counting: {beads: Beads}
report:
  - {population: CAR+, percent_of: [Cells], concentration: true, headline: true}
"""


@pytest.fixture
def counted(tmp_path):
    """A study of a tube with 1,000 of 50,000 beads and a hundredth of 100 µL: 100 CAR+ events are 50 cells/µL."""
    columns = {"SSC-A": [2000] * 1000 + [10] * 400, "Y585-A": [1] * 1300 + [2000] * 100}
    mixed = np.random.default_rng(1).permutation(1400)  # beads come with the cells, not before them
    tube = {name: np.array(values)[mixed] for name, values in columns.items()}
    fcs_file(tmp_path / "d14.fcs", tube, labels={"Y585-A": "CAR"})
    fcs_file(tmp_path / "fmo.fcs", {name: values[:1200] for name, values in columns.items()}, labels={"Y585-A": "CAR"})
    (tmp_path / "counted.yaml").write_text(COUNTED, encoding="utf-8")
    study_file = "study: counted\ntemplate: counted.yaml\ntruth: truth.csv\n"
    (tmp_path / "study.yaml").write_text(study_file, encoding="utf-8")
    header = "sample_id,file,subject_id,visit,day,control,count_method,beads_per_tube,sample_volume_ul"
    rows = ["d14,d14.fcs,P1,D14,14,,SP_BEAD,50000,100", "fmo,fmo.fcs,P1,D14,14,fmo:CAR,,,"]
    (tmp_path / "manifest.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    truth = "sample_id,population,concentration_per_ul,live_cells,live_singlets\nd14,CAR+,51.5,103,100\n"
    (tmp_path / "truth.csv").write_text(truth, encoding="utf-8")
    return tmp_path


def test_a_tube_whose_files_cannot_be_added_up_is_told_with_the_reason(run, study):
    (study / "b.fcs").write_bytes((study / "a.fcs").read_bytes())
    rows = "sample_id,file,subject_id,specimen_id,tube,part\na,a.fcs,P1,D14,T,1\nb,b.fcs,P1,D14,T,2\n"
    (study / "manifest.csv").write_text(rows, encoding="utf-8")

    done = run("run", study, "--quiet")

    assert done.code == 0
    assert done.err.startswith("cytoproc: a+b: PARTS_OVERLAP: ")
    assert "2 of 2 samples done; 1 could not be added up, and has no numbers as a whole" in done.out


def test_what_was_compared_is_a_sheet_and_a_file(run, counted):
    template = (counted / "counted.yaml").read_text(encoding="utf-8")
    none = "  - {name: None, parent: Cells, below: {channel: CAR, cut: 0}}\ncounting:"
    checks = "\nchecks: {sums: [{name: all cells, of: Cells, parts: [CAR+, None]}]}\n"
    (counted / "counted.yaml").write_text(template.replace("counting:", none) + checks, encoding="utf-8")

    assert run("run", counted, "--quiet").err == ""

    book = load_workbook(counted / "results" / "results.xlsx", read_only=True)
    [header, line, *_] = book["Checks"].iter_rows(values_only=True)
    text = (counted / "results" / "checks.csv").read_text(encoding="utf-8")
    assert next(csv.reader(io.StringIO(text))) == list(header)
    assert line[:4] == ("sum", "all cells", "d14", 25)  # 100 of 400 cells
    assert line[header.index("verdict")] == "WARN"


def test_a_study_that_counts_cells_is_printed_by_visit(run, counted):
    done = run("run", counted)

    # 100 / 1000 x 50000 / 100 = 50 cells/µL; 100 of 400 cells are 25 %
    lines = done.out.splitlines()
    assert lines[0] == "P1"
    assert lines[1].split("  ")[0] == " CAR+"
    assert lines[2].split()[:4] == ["D14", "14", "100", "25.0"]
    assert "  50.0 (" in lines[2]
    assert lines[2].endswith("51.5  inside")
    assert lines[3] == ""
    assert "not shown: 1 control(s)" in lines
    assert "2 of 2 samples done" in lines
    assert lines[-4] == "for Excel:          results/results.xlsx"


def test_the_json_of_a_run_holds_the_concentrations_and_tells_controls(run, counted):
    done = run("run", counted, "--json")

    d14, fmo = json.loads(done.out)["samples"]
    [found] = d14["concentrations"]
    assert {k: found[k] for k in ("population", "value", "lloq", "status", "count_method")} == {
        "population": "Cells/CAR+",
        "value": 50,
        "lloq": 25,  # 50 events in the 2 µL that 1,000 of 50,000 beads stand for
        "status": "QUANT",
        "count_method": "SP_BEAD",
    }
    assert found["ci_low"] < 50 < found["ci_high"]
    assert (d14["control"], fmo["control"], fmo["concentrations"]) == ("", "fmo:CAR", [])


def test_what_is_found_only_with_the_manifest_is_in_the_record_too(run, counted):
    text = (counted / "manifest.csv").read_text(encoding="utf-8")
    (counted / "manifest.csv").write_text(text.replace("SP_BEAD,50000,100", ",,"), encoding="utf-8")

    run("run", counted)

    flags = {
        "record": json.loads((counted / "results/record.json").read_text())["samples"][0]["flags"],
        "table": [{"code": c} for c in rows_of(counted / "results/results.csv")[0]["qc_flags"].split(";")],
    }
    assert [f["code"] for f in flags["record"]] == [f["code"] for f in flags["table"]] == ["CONCENTRATION_NOT_GIVEN"]


def test_help_and_the_package_itself_load_no_table_library():
    heavy = {"pandas", "pyarrow", "xlsxwriter"}
    code = f"""
import sys
import cytoproc
try:
    from cytoproc.cli import main
    main(["run", "--help"])
except SystemExit:
    print("LOADED", *sorted({heavy!r} & set(sys.modules)))
"""

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.splitlines()[-1] == "LOADED"


def test_a_table_that_cannot_be_made_leaves_a_run_that_can_be_done_again(run, study, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(study / "gone"))
    broken = run("run", study)
    monkeypatch.undo()
    monkeypatch.chdir(study)
    again = run("run", study)

    assert (broken.code, again.code) == (2, 0)
    assert "cannot make the Excel workbook" in broken.err
    assert set(contents(study / "results")) == {
        *TABLES,
        *finished("001", "1E5"),
        "record.json",
        copy_of(study / "small.yaml"),
    }
