"""A simulated study as a folder: whole, true, and the same bytes for the same arguments."""

import csv
import gzip
import json
import math
import shlex
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import pdtr, pdtrc

from cytoproc.cli import main
from cytoproc.compensation import find_spillover
from cytoproc.errors import OutputError
from cytoproc.fcs import read_fcs
from cytoproc.simulate.measurement import Measurement, measurements_of
from cytoproc.simulate.measuring import measure
from cytoproc.simulate.patient import SCENARIOS
from cytoproc.simulate.plan import FAULTS, StudyPlan
from cytoproc.simulate.study import simulate_study
from cytoproc.simulate.truth import populations_of
from cytoproc.study.definition import read_study
from cytoproc.study.manifest import read_manifest

SMALL = StudyPlan(visits=("BL", "D14"), events=1_500, seed=7)
HIT = "SYN-001-D14-T"
FOUR_SIGMA = 3.2e-5


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a study, each but once; gives its folder."""
    folders = {}

    def make(plan, threads=2):
        if (plan, threads) not in folders:
            folders[plan, threads] = simulate_study(plan, tmp_path_factory.mktemp("study"), threads=threads).folder
        return folders[plan, threads]

    return make


def bytes_of(folder, pattern="**/*"):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob(pattern)) if p.is_file()}


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def labels_of(folder, sample_id):
    with gzip.open(folder / "truth/labels" / f"{sample_id}.csv.gz", "rt") as f:
        return list(csv.DictReader(f))


def recount(labels, population):
    """Count a population's cells from labels: all of them, and those that are alone in their event."""
    cells = []
    for row in labels:
        is_pair = row["class"] == "DOUBLET"
        names = (row["first"], row["second"]) if is_pair else (row["class"],)
        traits = row["traits"].split("|") if is_pair else [row["traits"]]
        cells += [(name, set(t.split(";")), is_pair) for name, t in zip(names, traits, strict=True)]
    inside = [pair for name, traits, pair in cells if name in population.classes and traits >= set(population.traits)]
    return len(inside), inside.count(False)


def test_the_manifest_is_one_that_cytoproc_reads(made):
    manifest = read_manifest(made(SMALL) / "manifest.csv")

    rows = {s.sample_id: s for s in manifest.samples}
    assert list(rows) == ["SYN-001-BL-T", "SYN-001-BL-B", "SYN-001-D14-T", "SYN-001-D14-B"]
    assert [s.get("count_method") for s in manifest.samples] == ["SP_BEAD", "SECOND_TUBE"] * 2
    assert [s.get("template") for s in manifest.samples] == ["car_t_autologous", "b_cell_subsets"] * 2
    columns = (
        "subject_id",
        "specimen_id",
        "visit",
        "day",
        "tube",
        "sample_volume_ul",
        "beads_per_tube",
        "collected_at",
    )
    assert [rows[HIT].get(c) for c in columns] == [
        *("SYN-001", "SYN-001-D14", "D14", "14", "T", "100", "51664", "2020-03-23T08:00")
    ]
    assert manifest.own_columns == ()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_study_is_one_that_cytoproc_reads_with_its_templates_and_truth(scenario, made):
    study = read_study(made(replace(SMALL, scenario=scenario, events=50)) / "study.yaml")

    product = "allogeneic" if scenario == "allogeneic" else "autologous"
    assert set(study.templates) == {f"car_t_{product}", "b_cell_subsets"}
    assert {t.sample_id for t in study.truth} == {s.sample_id for s in study.manifest.samples}
    assert [(i.serial, i.volume_unit) for i in study.instruments] == [("SIM0001", "nL")]


@pytest.mark.parametrize("scenario", ["autologous", "allogeneic"])
def test_the_study_runs_as_it_is(scenario, made, tmp_path, monkeypatch):
    folder = made(replace(SMALL, scenario=scenario, counting="volumetric"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder), "--out", "results", "--quiet"])

    results = rows_of(tmp_path / "results/results.csv")
    assert not ended.value.code
    assert {r["sample_id"] for r in results if r["statistic"] == "ABS"} == {s.sample_id for s in measurements_of(SMALL)}


@pytest.mark.parametrize("control", ["", "fmo:CAR", "unstained"])
def test_a_file_is_whole_and_says_what_it_is(control, made):
    measurement = Measurement(1, "BL", "T", control)
    folder = made(replace(SMALL, controls=("fmo", "unstained")))

    dataset, events = read_fcs(folder / measurement.file)

    said = {
        k: dataset.get(k) for k in ("$CYTSN", "$DATE", "$FIL", "$SRC", "$SMNO", "TUBE NAME", "STORAGE GATE", "$VOL")
    }
    assert dataset.repairs == ()
    assert (len(events), events.panel.channels[12].label) == (1_500, "CAR")
    assert said == {
        "$CYTSN": "SIM0001",
        "$DATE": "02-MAR-2020",
        "$FIL": f"{measurement.sample_id}.fcs",
        "$SRC": "SYN-001-BL",
        "$SMNO": measurement.sample_id,
        "TUBE NAME": f"T {control}".strip(),
        "STORAGE GATE": "none",
        "$VOL": "",
    }


def test_the_file_has_the_events_and_the_matrix_of_its_tube(made):
    plan = replace(SMALL, drift=0.2)
    measured = measure(plan, Measurement(1, "BL", "T"))

    dataset, events = read_fcs(made(plan) / "fcs/SYN-001-BL-T.fcs")

    assert (events.values == measured.tube.events.values).all()
    assert find_spillover(dataset.keywords, events.panel).spillover.digest == measured.spillover.digest


def test_the_storage_gate_is_written_down(made):
    dataset, _ = read_fcs(made(replace(SMALL, storage_gate=True)) / f"fcs/{HIT}.fcs")

    assert dataset.get("STORAGE GATE").startswith("SSC-A<115000 and CD45>=1500; or SSC-A>=120000")


def test_the_volume_of_a_volumetric_tube_is_written_in_nanolitres(made):
    plan = StudyPlan(visits=("D14",), counting="volumetric", volume_ul=0.5)

    for tube in "TB":
        dataset, _ = read_fcs(made(plan) / f"fcs/SYN-001-D14-{tube}.fcs")
        assert dataset.get("$VOL") == "5000"


@pytest.mark.parametrize("scenario", ["autologous", "allogeneic"])
def test_the_truth_is_a_recount_of_the_labels(scenario, made):
    folder = made(replace(SMALL, scenario=scenario))

    for row in rows_of(folder / "truth.csv"):
        population = next(p for p in populations_of(row["sample_id"][-1], scenario) if p.name == row["population"])
        counted = recount(labels_of(folder, row["sample_id"]), population)
        assert (int(row["live_cells"]), int(row["live_singlets"])) == counted


def test_the_truth_counts_cells_that_were_not_stored_and_events_that_were(made):
    folder = made(replace(SMALL, storage_gate=True))
    labels = labels_of(folder, HIT)

    for row in rows_of(folder / "truth.csv"):
        if row["sample_id"] == HIT:
            population = next(p for p in populations_of("T", "autologous") if p.name == row["population"])
            cells, singlets = recount(labels, population)
            assert int(row["live_cells"]) >= cells
            assert int(row["live_singlets"]) == singlets


def test_there_is_a_label_for_each_event_in_the_order_of_the_file(made):
    folder = made(SMALL)
    measured = measure(SMALL, Measurement(1, "D14", "T"))

    labels = labels_of(folder, HIT)

    assert [row["class"] for row in labels] == measured.tube.labels.tolist()
    assert {row["disturbed"] for row in labels} == {"0"}


@pytest.mark.slow
@pytest.mark.parametrize("visit", ["BL", "D14", "M6"])
@pytest.mark.parametrize("tube", ["T", "B"])
def test_a_full_tube_holds_concentration_times_volume(visit, tube, made):
    folder = made(StudyPlan())

    rows = [r for r in rows_of(folder / "truth.csv") if r["sample_id"] == f"SYN-001-{visit}-{tube}"]

    for row in rows:
        mean = float(row["concentration_per_ul"]) * 80
        cells = int(row["live_cells"])
        assert pdtr(cells, mean) > FOUR_SIGMA  # so few or fewer
        assert cells == 0 or pdtrc(cells - 1, mean) > FOUR_SIGMA  # so many or more
    assert len(rows) > 10


@pytest.mark.slow
def test_a_full_tube_loses_to_doublets_what_their_share_says(made):
    rows = [r for r in rows_of(made(StudyPlan()) / "truth.csv") if r["sample_id"] == "SYN-001-BL-T"]

    lymphocytes = next(r for r in rows if r["population"] == "Lymphocytes")
    cells, singlets = int(lymphocytes["live_cells"]), int(lymphocytes["live_singlets"])
    in_pairs = 2 * 0.04 / 1.04  # of all particles
    assert abs(1 - singlets / cells - in_pairs) < 4 * math.sqrt(in_pairs * (1 - in_pairs) / cells)


def test_the_same_arguments_give_the_same_bytes_with_any_number_of_threads(made):
    plan = replace(SMALL, controls=("fmo",), drift=0.1, faults=("clog", "stale_matrix"))

    one, other = bytes_of(made(plan, threads=1)), bytes_of(made(plan, threads=3))

    assert one == other
    assert len(one) > 20


def test_another_seed_gives_other_events(made):
    one, other = (bytes_of(made(p), "fcs/*.fcs") for p in (SMALL, replace(SMALL, seed=8)))

    assert one.keys() == other.keys()
    assert not any(one[name] == other[name] for name in one)


@pytest.mark.parametrize(
    "more",
    [
        {"patients": 3},
        {"visits": ("BL", "D7", "D14", "M12")},
        {"controls": ("fmo", "unstained", "single", "fmo:CD3")},
    ],
)
def test_what_is_added_to_a_study_leaves_its_files_as_they_were(more, made):
    plan = replace(SMALL, drift=0.1)

    before, after = (bytes_of(made(p)) for p in (plan, replace(plan, **more)))

    kept = [name for name in before if name.startswith(("fcs/", "truth/labels/"))]
    assert [name for name in kept if before[name] != after[name]] == []
    assert len(after) > len(before)


def test_a_tube_does_not_depend_on_the_other(made):
    both, alone = (bytes_of(made(p)) for p in (SMALL, replace(SMALL, tubes=("T",))))

    assert both[f"fcs/{HIT}.fcs"] == alone[f"fcs/{HIT}.fcs"]
    assert "fcs/SYN-001-BL-B.fcs" not in alone


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_there_and_changes_nothing_else(fault, made):
    plain, faulty = made(SMALL), made(replace(SMALL, faults=(fault,)))
    documents = {"README.md", "simulation.json", "truth/faults.csv"}

    before, after = bytes_of(plain), bytes_of(faulty)

    changed = {name for name in before if before[name] != after[name]} - documents
    allowed = {"manifest.csv"} if fault == "swapped" else {f"fcs/{HIT}.fcs"}
    also = {f"truth/labels/{HIT}.csv.gz"} if fault in {"clog", "surge"} else set()  # which say what was disturbed
    assert changed == allowed | also
    assert [(r["sample_id"], r["fault"]) for r in rows_of(faulty / "truth/faults.csv")] == [(HIT, fault)]
    assert rows_of(plain / "truth/faults.csv") == []


def test_a_stale_matrix_is_a_wrong_one_beside_the_right_events(made):
    (right, events), (wrong, same) = (
        read_fcs(made(p) / f"fcs/{HIT}.fcs") for p in (SMALL, replace(SMALL, faults=("stale_matrix",)))
    )
    good, stale = (find_spillover(d.keywords, events.panel).spillover.matrix for d in (right, wrong))

    leaks = (good > 0) & ~np.eye(14, dtype=bool)
    assert (events.values == same.values).all()
    assert ((stale > 0) == (good > 0)).all()
    assert np.abs(stale[leaks] / good[leaks] - 1).max() > 0.1
    assert np.abs(np.log10(stale[leaks] / good[leaks])).max() < 0.2 + math.log10(1 / 0.9)
    changed = {k for k in right.keywords if right.get(k) != wrong.get(k)}
    assert changed == {"$SPILLOVER"} | {k for k in changed if k.startswith(("$BEGIN", "$END"))}


def test_mislabelled_means_that_two_labels_are_exchanged(made):
    (_, events), (_, wrong) = (
        read_fcs(made(p) / f"fcs/{HIT}.fcs") for p in (SMALL, replace(SMALL, faults=("mislabelled",)))
    )
    right = {c.name: c.label for c in events.panel.channels}

    differ = {c.name: c.label for c in wrong.panel.channels if right[c.name] != c.label}

    assert (right["B710-A"], right["R780-A"]) == ("CD4", "CD8")
    assert differ == {"B710-A": "CD8", "R780-A": "CD4"}
    assert (events.values == wrong.values).all()


def test_swapped_means_that_the_manifest_names_each_others_file(made):
    rows = rows_of(made(replace(SMALL, faults=("swapped",))) / "manifest.csv")

    files = {r["sample_id"]: r["file"] for r in rows}
    assert files == {
        "SYN-001-BL-T": f"fcs/{HIT}.fcs",
        "SYN-001-BL-B": "fcs/SYN-001-BL-B.fcs",
        HIT: "fcs/SYN-001-BL-T.fcs",
        "SYN-001-D14-B": "fcs/SYN-001-D14-B.fcs",
    }


def test_the_clogged_events_are_marked_in_the_labels(made):
    folder = made(replace(SMALL, faults=("clog",), events=15_000))

    disturbed = Counter(row["disturbed"] for row in labels_of(folder, HIT))
    (fault,) = rows_of(folder / "truth/faults.csv")

    begin, end = float(fault["begin_s"]), float(fault["end_s"])
    assert 0 < begin < end
    assert abs(disturbed["1"] - 250 * (end - begin)) < 4 * math.sqrt(250 * (end - begin))


def test_another_patient_is_not_the_first_one(made):
    rows = rows_of(made(replace(SMALL, patients=2)) / "truth.csv")

    t_cells = {r["sample_id"]: float(r["concentration_per_ul"]) for r in rows if r["population"] == "T cells"}
    assert t_cells["SYN-001-BL-T"] == 830
    assert t_cells["SYN-002-BL-T"] != 830


def test_the_folder_says_how_to_make_it_again(made):
    plan = replace(SMALL, controls=("fmo:CAR",), doublets=0.1)
    folder = made(plan)

    record = json.loads((folder / "simulation.json").read_text(encoding="utf-8"))

    arguments = {k: tuple(v) if isinstance(v, list) else v for k, v in record["arguments"].items()}
    assert StudyPlan(**arguments) == plan
    assert record["command"] in (folder / "README.md").read_text(encoding="utf-8")
    assert shlex.split(record["command"])[:3] == ["cytoproc", "simulate", "OUT"]


@pytest.mark.parametrize("holds", ["a file", "a folder", "is a file"])
def test_a_folder_that_holds_anything_is_left_alone(holds, tmp_path):
    out = tmp_path / "out"
    if holds == "is a file":
        out.write_text("mine", encoding="utf-8")
    else:
        out.mkdir()
        (out / "mine").mkdir() if holds == "a folder" else (out / "mine").write_text("mine", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(OutputError, match="name one that is absent or empty"):
        simulate_study(SMALL, out)

    assert sorted(tmp_path.rglob("*")) == before


def test_the_study_file_comes_last(tmp_path, monkeypatch):
    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_study(SMALL, tmp_path / "out", done=fail)

    assert not (tmp_path / "out/study.yaml").exists()
