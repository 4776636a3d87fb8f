"""Nothing that a file or a manifest says runs, steers, escapes or tells of a person, wherever it comes out."""

import ast
import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cytoproc.cli import main
from tests.making import fcs_file

PERSON = "Roe^Jane"
HOSTILE = (
    '=HYPERLINK("http://x.invalid","y")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\x1b[2J\x1b]0;owned\x07",
    "abc\u202egpj.exe",
    "[red]markup[/red]",
    "../../../../tmp/fuzz_escape",
    "CON",
    "a\r\nb",
    "L" * 3000,
)
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
RUNS = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"[-+]?[\d.,]+([eE][-+]?\d+)?")
TEMPLATE = """\
template: "=t <b>"
version: "1"
compensation: none
populations:
  - {name: "=Cells", above: {channel: FSC-A, cut: 0}}
  - {name: "<i>B</i>", parent: "=Cells", above: {channel: FSC-A, cut: 15}}
report:
  - {population: "<i>B</i>", percent_of: ["=Cells"], intensity: [{channel: FSC-A}]}
"""


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    return run


def study_of(folder, files):
    """Make a study whose ids and own cells are as hostile as its files."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["sample_id", "file", "=own column"])
    table.writerows([f"{i} {word}" if i % 2 else f"{word}{i}", file, word] for i, (word, file) in enumerate(files))
    (folder / "manifest.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / "t.yaml").write_text(TEMPLATE, encoding="utf-8")
    (folder / "study.yaml").write_text("study: '=study'\ntemplate: t.yaml\n", encoding="utf-8")
    return folder


@pytest.fixture
def made(tmp_path):
    """Hostile files of our own: labels, names, instruments and persons."""
    folder = tmp_path / "made"
    for i, word in enumerate(HOSTILE):
        keywords = {"$OP": PERSON, "PATIENT NAME": PERSON, "$SRC": PERSON, "$COM": PERSON, "$CYT": word[:200]}
        fcs_file(
            folder / f"{i}.fcs",
            {"FSC-A": [10, 20, 30], "PE-A": [1, 2, 3]},
            labels={"PE-A": word, "FSC-A": word},
            keywords=keywords,
        )
    return study_of(folder, [(word, f"{i}.fcs") for i, word in enumerate(HOSTILE)])


def test_no_cell_of_any_table_runs_and_no_file_tells_of_a_person_or_a_place(command, made, tmp_path):
    code, printed = command("run", made, "--out", "out", "--workers", "0")

    files = [p for p in Path("out").rglob("*") if p.suffix in {".csv", ".json", ".log"}]
    texts = {p.name: p.read_text(encoding="utf-8") for p in files}
    rows = [row for name, text in texts.items() if name.endswith(".csv") for row in csv.reader(io.StringIO(text))]
    cells = [cell for row in rows for cell in row]
    assert code == 0
    assert [c for c in cells if RUNS.match(c) and not NUMBER.fullmatch(c)] == []
    assert [name for name, text in texts.items() if PERSON in text or str(tmp_path) in text] == []
    assert [name for name, text in texts.items() if re.search(r"[\x1b\x07]", text)] == []
    assert STEERING.search(printed) is None
    assert "[red]markup[/red]" in printed
    assert len(cells) > 1000


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(command, made):
    from openpyxl import load_workbook

    command("run", made, "--out", "out", "--workers", "0")

    cells = [c for sheet in load_workbook("out/results.xlsx") for row in sheet.iter_rows() for c in row]
    assert [c.coordinate for c in cells if c.data_type == "f" or c.hyperlink] == []
    assert sum(c.value is not None for c in cells) > 500


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "made", "--out", "o", "--workers", "0"],
        ["check", "made"],
        ["inspect", "made/7.fcs"],
        ["gate", "made/7.fcs", "-t", "made/t.yaml"],
        ["check", "made", "--second-reader", "flowio"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_is_printed_steers_or_tells_of_a_person(command, made, arguments, as_json):
    _, printed = command(*arguments, *(["--json"] if as_json else []))

    assert STEERING.search(printed) is None
    assert PERSON not in printed


def test_a_lab_can_allow_a_keyword_and_sees_all_of_one_file(command, made):
    with (made / "study.yaml").open("a", encoding="utf-8") as study:
        study.write("privacy: {keywords: [$src]}\n")

    command("run", made, "--out", "out", "--workers", "0")
    _, all_keywords = command("inspect", "made/0.fcs", "--keywords")

    record = json.loads(Path("out/record.json").read_text(encoding="utf-8"))
    assert {s["keywords"].get("$SRC") for s in record["samples"]} == {PERSON}
    assert "$OP" not in record["samples"][0]["keywords"]
    assert record["keywords_allowed"] == ["$src"]
    assert f"$OP = {PERSON}" in all_keywords


@pytest.mark.parametrize("word", ["\x1b[31mx", "--\x1b[31mx", "a\u202eb", "\x9b31m"])
@pytest.mark.parametrize("command_name", [[], ["run"], ["inspect"], ["calc"], ["templates"]])
def test_an_argument_that_would_steer_comes_back_written_out(command, command_name, word):
    code, printed = command(*command_name, word)

    assert code in {1, 2}
    assert STEERING.search(printed) is None


def test_every_table_is_written_where_cells_are_made_safe():
    writers = {}
    for path in Path(__file__).parents[1].joinpath("cytoproc").rglob("*.py"):
        calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        names = {ast.unparse(c.func) for c in calls}
        if names & {"csv.writer", "csv.DictWriter", "xlsxwriter.Workbook"} or any(n.endswith(".to_csv") for n in names):
            writers[path.name] = "format_cell" in path.read_text(encoding="utf-8")

    assert writers == {"delimited.py": True, "study.py": True, "tables.py": True, "workbook.py": False}


@pytest.mark.real_data
def test_hostile_files_of_the_corpus_leave_nothing_for_the_scanner_to_find(command, shared, tmp_path):
    items = json.loads((shared / "corpus/MANIFEST.json").read_text(encoding="utf-8"))["items"]
    chosen = [i for i in items if i["cls"].startswith(("inj_", "phi_"))]
    folder = tmp_path / "corpus"
    folder.mkdir()
    for item in chosen:
        shutil.copy(shared / "corpus" / item["file"], folder)
    files = [(i.get("inject", "phi").replace("\0", ""), Path(i["file"]).name) for i in chosen]

    code, _ = command("run", study_of(folder, files), "--out", "out", "--workers", "0")

    scan = subprocess.run(
        [sys.executable, shared / "tools/scan_outputs.py", "out", shared / "corpus"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (code, len(chosen) > 10) == (0, True)
    assert scan.stdout == "scan_outputs: findings=0\n"
