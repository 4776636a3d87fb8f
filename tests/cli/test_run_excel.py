"""A study whose manifest is an Excel workbook."""

import csv
import io
import json

from tests.interop.workbooks import workbook

ROWS = [
    ["sample_id", "file", "subject_id", "visit", "day", "collected_at", "well"],
    ["001", "a.fcs", "P1", "D14", 14, 45322, "1E5"],
    ["1E5", "b.fcs", "NA", "D28", 28, 45336, "NO"],
]


def as_csv(rows):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().replace("45322", "2024-01-31").replace("45336", "2024-02-14")


def tables(folder):
    """Return both tables, without the id of the run: that tells a workbook from a CSV file."""
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in ("results.csv", "wide.csv")}
    rows = {name: list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}
    return {name: [{**row, "run_id": ""} for row in table] for name, table in rows.items()}


def test_a_workbook_gives_the_tables_of_the_same_csv_file(run, study):
    (study / "manifest.csv").write_text(as_csv(ROWS), encoding="utf-8")
    (study / "manifest.xlsx").write_bytes(workbook(ROWS, formats={"F2": "d/m/yyyy", "F3": "d/m/yyyy"}))
    by_csv = run("run", study, "--out", "csv")
    (study / "manifest.csv").unlink()
    text = (study / "study.yaml").read_text(encoding="utf-8")
    (study / "study.yaml").write_text(text + "manifest: manifest.xlsx\n", encoding="utf-8")

    by_excel = run("run", study, "--out", "excel")

    assert (by_csv.code, by_excel.code, by_excel.err) == (0, 0, "")
    assert tables(study / "excel") == tables(study / "csv")
    rows = tables(study / "excel")["wide.csv"]
    assert [(r["sample_id"], r["subject_id"], r["well"]) for r in rows] == [("001", "P1", "1E5"), ("1E5", "NA", "NO")]


def test_a_cell_that_is_not_what_it_shows_stops_the_run_with_its_place(run, study):
    (study / "manifest.xlsx").write_bytes(workbook([*ROWS, [100000, "c.fcs"]], formats={"A4": "0.00E+00"}))
    (study / "study.yaml").write_text("study: s\ntemplate: small.yaml\nmanifest: manifest.xlsx\n", encoding="utf-8")

    done = run("run", study, "--json")

    assert done.code == 2
    assert "manifest.xlsx:A4 shows 100000 as a power of ten" in json.loads(done.out)["error"]["message"]
