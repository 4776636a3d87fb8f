"""Three tubes of three laboratories, with templates set by hand: counted by a run, and again by plain numpy."""

import csv
import io

import flowio
import numpy as np
import pytest

from cytoproc.cli import main
from cytoproc.gating import gate_file
from cytoproc.templates.reading import read_template

TUBES = {
    "pbmc_100715": "whitews__FlowKit/data/100715.fcs",
    "cart_day14": "abbatidanilo__cytoChain/cart_day14_cd3pos.fcs",
    "hally166": "hally166__R_flowcytometry_course/fcsfiles/yourDATA/Specimen_001_Tube_001_001.fcs",
}

pytestmark = pytest.mark.real_data


@pytest.fixture
def study(shared, repository, tmp_path):
    """A study of the three tubes and a copy that lost its second half."""
    rows = []
    for name, file in TUBES.items():
        content = (shared / "data/fcs" / file).read_bytes()
        (tmp_path / f"{name}.fcs").write_bytes(content)
        (tmp_path / f"{name}.yaml").write_bytes((repository / f"tests/real/{name}.yaml").read_bytes())
        rows.append((name, f"{name}.fcs", f"{name}.yaml"))
    (tmp_path / "cut.fcs").write_bytes(content[: len(content) // 2])
    rows.insert(1, ("cut off", "cut.fcs", "hally166.yaml"))
    lines = ["sample_id,file,template", *(",".join(row) for row in rows)]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text("study: real tubes\n", encoding="utf-8")
    return tmp_path


def test_a_run_counts_what_it_counted_before_and_loses_only_the_broken_file(study, golden, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["run", str(study), "--out", str(study / "out")])

    assert ended.value.code == 1
    rows = list(csv.DictReader(io.StringIO((study / "out/results.csv").read_text(encoding="utf-8"))))
    broken = [r for r in rows if r["sample_id"] == "cut off"]
    assert [(r["status"], r["qc_flags"], r["value_raw"]) for r in broken] == [("INVALID", "FCS_TRUNCATED", "")]
    assert "cut off: FCS_TRUNCATED" in capsys.readouterr().err
    counted = {name: {r["population_id"]: int(r["value_raw"]) for r in rows if is_count(r, name)} for name in TUBES}
    assert counted == golden("real_templates", counted)


def is_count(row, name):
    return row["sample_id"] == name and row["statistic"] == "COUNT"


def columns_of(path, matrix_keyword=""):
    """Return compensated columns by `$PnN`, read by FlowIO and solved by LAPACK."""
    data = flowio.FlowData(str(path))
    values = dict(zip(data.pnn_labels, data.as_array().T.astype(np.float64), strict=True))
    if matrix_keyword:
        cells = data.text[matrix_keyword].split(",")
        n = int(cells[0])
        detectors, matrix = cells[1 : n + 1], np.array(cells[n + 1 :], dtype=np.float64).reshape(n, n)
        light = np.array([values[d] for d in detectors])
        values |= dict(zip(detectors, np.linalg.solve(matrix.T, light), strict=True))
    return values


def counts_of(name, shared, repository):
    path = shared / "data/fcs" / TUBES[name]
    template = read_template(repository / f"tests/real/{name}.yaml")
    return path, gate_file(path, template, membership=True)


def test_t_and_b_cells_of_the_blood_tube_are_those_of_plain_comparisons(shared, repository):
    path, gated = counts_of("hally166", shared, repository)
    x = columns_of(path, "spill")
    inside = gated.memberships["Leukocytes/Lymphocytes/Singlets"]
    cd3, cd19, cd20, cd4, cd8 = (x[n] for n in ("FITC-A", "450/50 (405)-A", "PE-A", "APC-Cy7-A", "PerCP-Cy5-5-A"))

    t = inside & (cd3 >= 2500) & (cd19 < 4000)
    b = inside & (cd3 < 2500) & (cd19 >= 4000) & (cd20 >= 2500)

    members = gated.memberships
    assert np.array_equal(members["Leukocytes"], x["APC-A"] >= 10000)
    assert np.array_equal(members["Leukocytes/Lymphocytes/Singlets/T cells"], t)
    assert np.array_equal(members["Leukocytes/Lymphocytes/Singlets/B cells"], b)
    assert gated.counts["Leukocytes/Lymphocytes/Singlets/T cells/CD4+CD8-"] == (t & (cd4 >= 4000) & (cd8 < 8000)).sum()
    assert gated.counts["Leukocytes/Lymphocytes/Singlets/T cells/CD4-CD8+"] == (t & (cd4 < 4000) & (cd8 >= 8000)).sum()


def test_car_t_cells_and_their_memory_are_those_of_plain_comparisons(shared, repository):
    path, gated = counts_of("cart_day14", shared, repository)
    x = columns_of(path)
    live = gated.memberships["Cells/Singlets"] & (x["FJComp-V-586_15-A"] < 2500) & (x["FJComp-B-670_30-A"] >= 1000)
    car, cd4, cd8 = (x[f"FJComp-{n}-A"] for n in ("YG-586_15", "B-610_20", "YG-610_20"))
    ra, cd62l = x["FJComp-R-730_45-A"], x["FJComp-V-525_50-A"]

    helper = live & (car >= 2000) & (cd4 >= 4000) & (cd8 < 2000)

    path = "Cells/Singlets/Live/T cells/CAR+"
    assert np.array_equal(gated.memberships[path], live & (car >= 2000))
    assert np.array_equal(gated.memberships[f"{path}/CD4+"], helper)
    assert gated.counts[f"{path}/CD4+/CM"] == (helper & (ra < 500) & (cd62l >= 450)).sum()
    assert gated.counts[f"{path}/CD4+/EMRA"] == (helper & (ra >= 500) & (cd62l < 450)).sum()


def test_dim_lymphocytes_of_the_fourteen_colour_tube_are_those_of_plain_comparisons(shared, repository):
    path, gated = counts_of("pbmc_100715", shared, repository)
    x = columns_of(path, "spill")
    singlets = "Small cells/Singlets"

    live = gated.memberships[singlets] & (x["V450-A"] < 4000)
    lymphocytes = live & (x["B515-A"] < 1500) & (x["V585-A"] < 1000)
    t = lymphocytes & (x["R780-A"] >= 300) & (x["G710-A"] < 450)
    b = lymphocytes & (x["R780-A"] < 300) & (x["G710-A"] >= 450)

    assert np.array_equal(gated.memberships[f"{singlets}/Live/Lymphocytes"], lymphocytes)
    assert np.array_equal(gated.memberships[f"{singlets}/Live/Lymphocytes/T cells"], t)
    assert np.array_equal(gated.memberships[f"{singlets}/Live/Lymphocytes/B cells"], b)
    assert gated.counts[f"{singlets}/Live/Lymphocytes/T cells/CD4+"] == (t & (x["V655-A"] >= 450)).sum()


def test_lymphocytes_of_the_blood_tube_have_healthy_proportions(shared, repository):
    _, gated = counts_of("hally166", shared, repository)
    front = "Leukocytes/Lymphocytes/Singlets"

    t, b = (100 * gated.counts[f"{front}/{name}"] / gated.counts[front] for name in ("T cells", "B cells"))

    assert 50 < t < 80
    assert 5 < b < 20
