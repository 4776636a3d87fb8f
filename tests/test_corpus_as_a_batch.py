"""Every hostile file and the example study in one batch: the example's numbers are those of a clean run."""

import csv
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cytoproc.running import run_study
from cytoproc.study.definition import read_study
from cytoproc.study.executors import Workers

pytestmark = [pytest.mark.real_data, pytest.mark.slow]

REPOSITORY = Path(__file__).parents[1]
OF_THE_RUN = ("run_id", "cytoproc_version")
TWO = Workers(2, timeout_s=60)


def rows_by_sample(folder):
    """The long table's rows, by sample, without what is that of the run."""
    found = {}
    for row in csv.DictReader(io.StringIO((folder / "results.csv").read_text(encoding="utf-8"))):
        found.setdefault(row["sample_id"], []).append({k: v for k, v in row.items() if k not in OF_THE_RUN})
    return found


def test_the_whole_corpus_costs_the_example_nothing(shared, tmp_path):
    mixed = shutil.copytree(REPOSITORY / "example_fcs", tmp_path / "mixed")
    items = json.loads((shared / "corpus/MANIFEST.json").read_text(encoding="utf-8"))["items"]
    hostile = [i for i in items if i["kind"] == "fcs"]
    with (mixed / "manifest.csv").open("a", encoding="utf-8") as manifest:
        n_columns = len((mixed / "manifest.csv").read_text(encoding="utf-8").splitlines()[0].split(","))
        for i, item in enumerate(hostile):
            name = f"hostile/{i:03d}_{Path(item['file']).name}"
            (mixed / "hostile").mkdir(exist_ok=True)
            shutil.copy(shared / "corpus" / item["file"], mixed / name)
            cells = [f"H{i:03d}", name, "", "", "", "", "", "tbnk"]
            manifest.write(",".join(cells + [""] * (n_columns - len(cells))) + "\n")

    clean = run_study(read_study(REPOSITORY / "example_fcs/study.yaml"), tmp_path / "clean", workers=TWO)
    run = run_study(read_study(mixed / "study.yaml"), tmp_path / "out", workers=TWO)

    codes = {r.sample_id: r.error_code for r in run.results}
    rejected = [f"H{i:03d}" for i, item in enumerate(hostile) if item["expect"] == "reject"]
    expected, found = rows_by_sample(clean.folder), rows_by_sample(run.folder)
    assert len(hostile) > 200
    assert {i: found[i] for i in expected} == expected
    assert [i for i in rejected if not codes[i].startswith("FCS_")] == []
    assert [i for i in codes if i not in found] == []
    assert [i for i, code in codes.items() if code in {"INTERNAL_ERROR", "WORKER_DIED", "TIMEOUT"}] == []
    assert all(len(found[i]) == 1 for i, code in codes.items() if code)
    scan = [sys.executable, shared / "tools/scan_outputs.py", run.folder, shared / "corpus"]
    assert subprocess.run(scan, capture_output=True, text=True, check=False).stdout == "scan_outputs: findings=0\n"
