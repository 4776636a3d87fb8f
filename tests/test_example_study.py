"""The example study: it can be made again, is small and about nobody, and a run of it finds what is truly there."""

import csv
import gzip
import re
import shlex

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from cytoproc import gate_file, read_dataset, read_study, read_template, run_study
from cytoproc.cli import app
from cytoproc.model.paths import split_path
from cytoproc.templates.shipped import find_template

VISITS = ("BL", "D7", "D14", "D28", "M3", "M6")
LARGEST_FILE = 1_000_000
LARGEST_FOLDER = 12_000_000


@pytest.fixture(scope="module")
def example(repository):
    return repository / "example_fcs"


@pytest.fixture(scope="module")
def run(example, tmp_path_factory):
    return run_study(read_study(example / "study.yaml"), tmp_path_factory.mktemp("example") / "out")


@pytest.fixture(scope="module")
def truth(example):
    """By sample and population: concentration, live cells, live singlets."""
    with (example / "truth.csv").open(newline="") as f:
        return {
            (r["sample_id"], r["population"]): (
                float(r["concentration_per_ul"]),
                int(r["live_cells"]),
                int(r["live_singlets"]),
            )
            for r in csv.DictReader(f)
        }


def files_of(folder):
    """Every file of a folder, by its path from there; not what an editor or Python left behind."""
    found = (p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def statuses(run, statistic, population, tube):
    """By visit: the status of one statistic of one population."""
    rows = [r for r in run.rows if r.statistic == statistic and r.population_label == population]
    return {r.visit: r.status for r in rows if r.tube_id == tube and (statistic != "PCT" or r.denominator_id)}


def test_it_can_be_made_again_byte_for_byte_with_the_command_in_its_readme(example, tmp_path):
    [command] = re.findall(r"^    cytoproc (simulate OUT .*)$", (example / "README.md").read_text(), re.MULTILINE)
    arguments = [str(tmp_path / "again") if word == "OUT" else word for word in shlex.split(command)]

    made = CliRunner().invoke(app, arguments)

    assert made.exit_code == 0, made.output
    assert files_of(tmp_path / "again") == files_of(example)


def test_it_is_small(example):
    sizes = {name: len(content) for name, content in files_of(example).items()}

    assert max(sizes.values()) < LARGEST_FILE
    assert sum(sizes.values()) < LARGEST_FOLDER


def test_its_files_are_whole_and_say_what_was_not_stored(example):
    tubes = sorted(example.rglob("*.fcs"))

    assert len(tubes) == 2 * len(VISITS)
    for tube in tubes:
        dataset = read_dataset(tube)
        assert (dataset.n_events, dataset.repairs) == (12_500, ())
        assert any("SSC-A<" in value for value in dataset.keywords.values())


def test_every_population_of_the_truth_is_one_of_the_results(run, truth):
    found = {(r.sample_id, r.population_label) for r in run.rows if r.statistic == "COUNT"}

    assert set(truth) <= found


def test_counts_are_those_of_the_live_singlets(run, truth):
    counts = {(r.sample_id, r.population_label): r.n_events for r in run.rows if r.statistic == "COUNT"}
    many = {key: singlets for key, (_, _, singlets) in truth.items() if singlets >= 1000}

    assert len(many) > 40
    assert {key: (n, counts[key]) for key, n in many.items() if abs(counts[key] / n - 1) > 0.02} == {}


def test_each_event_has_a_label_and_the_gates_agree_with_them(example):
    template = read_template(find_template("car_t_autologous", example))
    gated = gate_file(example / "fcs/SYN-001-D14-T.fcs", template, membership=True)
    inside = {split_path(path)[-1]: mask for path, mask in gated.memberships.items()}
    with gzip.open(example / "truth/labels/SYN-001-D14-T.csv.gz", "rt", newline="") as f:
        classes = np.array([row["class"] for row in csv.DictReader(f)])

    is_car = np.char.startswith(classes, "CAR_")
    assert len(classes) == 12_500
    assert (inside["CAR+"] & is_car).sum() >= 0.975 * is_car.sum()
    assert (inside["CAR+"] & ~is_car).sum() <= 3
    assert (inside["Beads"] == (classes == "BEAD")).all()


def test_car_t_cells_expand_and_vanish_while_b_cells_vanish_and_return(run):
    car = statuses(run, "ABS", "CAR+", "T")
    b_cells = statuses(run, "ABS", "B cells", "T")

    assert run.failed == ()
    assert [car[v] for v in VISITS] == ["ND", "QUANT", "QUANT", "QUANT", "ND", "ND"]
    assert [b_cells[v] for v in VISITS] == ["QUANT", "ND", "ND", "ND", "ND", "QUANT"]


def test_the_peak_is_right_within_its_stated_interval(run, truth):
    [peak] = [
        r
        for r in run.rows
        if r.result_id.startswith("SYN-001-D14-T|") and r.statistic == "ABS" and r.population_label == "CAR+"
    ]

    assert peak.ci_low <= truth["SYN-001-D14-T", "CAR+"][0] <= peak.ci_high


def test_subsets_of_b_cells_are_carried_over_from_the_tube_with_beads(run):
    naive = {r.visit: r for r in run.rows if r.statistic == "ABS" and r.population_label == "Naive"}

    assert {r.count_method for r in naive.values()} == {"SECOND_TUBE"}
    assert (naive["BL"].status, naive["D14"].status, naive["M6"].status) == ("QUANT", "NOT_EVALUABLE", "QUANT")


def test_the_first_sheet_of_the_workbook_has_the_headlines_of_each_sample(run):
    sheet = openpyxl.load_workbook(run.folder / "results.xlsx").worksheets[0]
    header, *lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    found = {(line[0], line[5]): dict(zip(header, line, strict=True)) for line in lines}

    cells = {(r.sample_id, r.population_label): r for r in run.rows if r.statistic == "ABS"}
    peak, before = found["SYN-001-D14-T", "CAR+"], found["SYN-001-BL-T", "CAR+"]
    assert sheet.title == "Summary"
    assert len(lines) == len(found) == len(VISITS) * (3 + 4)
    assert peak["cells/uL"] == pytest.approx(cells["SYN-001-D14-T", "CAR+"].value_raw)
    assert (before["cells/uL"], before["cells/uL status"], before["of"]) == (None, "ND", "T cells")
    assert before["cells/uL ci_high"] == pytest.approx(cells["SYN-001-BL-T", "CAR+"].ci_high)


def test_nothing_is_odd_about_the_files(run):
    assert {r.sample_id: r.qc_flags for r in run.rows if r.qc_flags} == {}
