"""The example study: its files can be made again, its template finds what is truly there."""

import csv
import re
from collections import Counter

import numpy as np
import pytest

from cytoproc import gate_file, read_dataset, read_study, read_template, run_study
from cytoproc.model.paths import split_path
from example_fcs.make_example import VISITS, make_example, simulate_visit

CAR = ("CAR_CD8_em", "CAR_CD4_em")
CD4 = ("CD4_naive", "CD4_cm", "CD4_em", "CAR_CD4_em")
CD8 = ("CD8_naive", "CD8_em", "CD8_temra", "CAR_CD8_em")
TRUE_CLASSES = {
    "T cells": (*CD4, *CD8),
    "CD4+": CD4,
    "CD8+": CD8,
    "CAR+": CAR,
    "CAR+ CD4+": ("CAR_CD4_em",),
    "CAR+ CD8+": ("CAR_CD8_em",),
    "B cells": ("B",),
    "NK cells": ("NK",),
    "Monocytes": ("MONO",),
}
SAID_OF_THE_TUBE = {"$CYT", "$CYTSN", "$DATE", "$BTIM", "$ETIM", "$FIL", "$SRC", "$SYS", "$ORIGINALITY", "TUBE NAME"}
SAID_OF_THE_DATA = {"$BYTEORD", "$DATATYPE", "$MODE", "$NEXTDATA", "$PAR", "$TOT", "$TIMESTEP", "$SPILLOVER"}


@pytest.fixture(scope="module")
def example(repository):
    return repository / "example_fcs"


@pytest.fixture(scope="module")
def template(example):
    return read_template(example / "car_t.yaml")


@pytest.fixture(scope="module")
def gated(example, template):
    """By visit: what the template finds in its file."""
    return {v.name: gate_file(example / v.file, template, membership=True) for v in VISITS}


@pytest.fixture(scope="module")
def labels():
    """By visit: what each event truly is."""
    return {v.name: simulate_visit(v).labels for v in VISITS}


def by_name(populations):
    """Populations under their names, without their paths."""
    return {split_path(path)[-1]: value for path, value in populations.items()}


def table_rows(page):
    """The cells of all tables of a Markdown page, by the first cell of each row."""
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in rows}


def test_its_files_can_be_made_again_byte_for_byte(example, tmp_path):
    make_example(tmp_path)

    made = sorted(p.name for p in tmp_path.iterdir())
    assert len(made) == 5
    assert [name for name in made if (tmp_path / name).read_bytes() != (example / name).read_bytes()] == []


@pytest.mark.parametrize("visit", VISITS, ids=lambda v: v.name)
def test_each_file_is_small_whole_and_about_nobody(visit, example):
    dataset = read_dataset(example / visit.file)

    extra = {k for k in dataset.keywords if not re.fullmatch(r"\$(P\d+\w|BEGIN\w+|END\w+)", k)}
    assert (example / visit.file).stat().st_size < 1_000_000
    assert dataset.n_events == sum(visit.composition.values()) <= 12_000
    assert dataset.repairs == ()
    assert extra == SAID_OF_THE_TUBE | SAID_OF_THE_DATA


def test_the_truth_beside_the_files_is_the_truth(example, labels):
    with (example / "truth.csv").open(newline="") as f:
        rows = list(csv.DictReader(f))

    for visit, true in labels.items():
        assert {r["class"]: int(r[visit]) for r in rows if r[visit] != "0"} == Counter(true.tolist())


@pytest.mark.parametrize("population", TRUE_CLASSES)
@pytest.mark.parametrize("visit", [v.name for v in VISITS])
def test_the_template_finds_the_cells_that_are_there(visit, population, gated, labels):
    true = np.isin(labels[visit], TRUE_CLASSES[population])
    found = by_name(gated[visit].memberships)[population]

    assert (found & true).sum() >= 0.985 * true.sum()
    assert (found & ~true).sum() <= 3 + 0.002 * len(found[found])


@pytest.mark.parametrize("visit", [v.name for v in VISITS])
def test_nothing_is_odd_about_the_files(visit, gated):
    assert gated[visit].findings == ()


def test_the_comment_on_the_car_cut_is_true(gated, template):
    counts = by_name(gated["BL"].counts)

    assert (counts["CAR+"], counts["T cells"]) == (3, 4398)


def test_the_page_beside_the_files_gives_their_numbers(example, gated):
    rows = table_rows((example / "README.md").read_text(encoding="utf-8"))

    for name in VISITS[0].composition:
        assert rows[name] == [str(v.composition[name]) for v in VISITS]
    for name in ("T cells", "CAR+", "B cells"):
        true = [sum(v.composition[c] for c in TRUE_CLASSES[name]) for v in VISITS]
        assert rows[f"{name}, true"] == [str(n) for n in true]
        assert rows[f"{name}, found"] == [str(by_name(gated[v.name].counts)[name]) for v in VISITS]


def test_a_run_reports_car_t_cells_at_the_peak_alone_and_b_cells_before_and_after(example, tmp_path):
    run = run_study(read_study(example / "study.yaml"), tmp_path / "out")

    status = {
        (r.population_label, r.visit): r.status
        for r in run.rows
        if r.statistic == "PCT" and r.population_label in {"CAR+", "B cells"}
    }
    assert run.failed == ()
    assert [status["CAR+", v] for v in ("BL", "D14", "M6")] == ["ND", "QUANT", "ND"]
    assert [status["B cells", v] for v in ("BL", "D14", "M6")] == ["QUANT", "ND", "QUANT"]


def test_the_percentage_of_car_t_cells_is_near_the_true_one(gated):
    counts = by_name(gated["D14"].counts)

    true = 100 * 850 / 3450
    assert abs(100 * counts["CAR+"] / counts["T cells"] - true) < 0.3
