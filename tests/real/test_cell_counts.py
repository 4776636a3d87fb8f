"""Five counting tubes of a spectral cytometer that measures the volume it draws: a unit to be told, two pairs to agree.

By their names, the tubes of the pairs `04` and `09` are of one donor and visit each; they may be two vials. The files
do not say how much of the cells went into the tube, so cells/µL are those of the tube: nothing was diluted.
"""

import csv
import io
import re

import flowio
import numpy as np
import pytest

from cytoproc.cli import main
from cytoproc.quantify.concentration import from_volume
from cytoproc.quantify.percent import clopper_pearson
from tests.quantify.agreeing import estimates_differ

FOLDER = "data/fcs/UMGCCCFCSR__CytometryInR/course/00_Floreada/data"
TUBES = ("Cord", "04_01", "04_02", "09_01", "09_02")
PAIRS = [("04_01", "04_02"), ("09_01", "09_02")]
COLUMNS = "sample_id,file,subject_id,visit,count_method,sample_volume_ul,final_volume_ul"

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def files(shared):
    return {tube: next((shared / FOLDER).glob(f"*-{tube}.fcs")) for tube in TUBES}


@pytest.fixture(scope="module")
def serial(files):
    [serial] = {flowio.FlowData(str(f), only_text=True).text["cytsn"] for f in files.values()}
    return serial


@pytest.fixture(scope="module")
def run(files, repository, tmp_path_factory):
    """Run the tubes with these further lines of the study file; return the exit code and the rows."""

    def ran(*lines):
        folder = tmp_path_factory.mktemp("counts")
        template = repository / "tests/real/cell_counts.yaml"
        (folder / "template.yaml").write_bytes(template.read_bytes())
        told = ("study: counting tubes", "template: template.yaml", "allow_outside: true", *lines)
        (folder / "study.yaml").write_text("\n".join(told) + "\n", encoding="utf-8")
        rows = (f"{tube},{file},donor,{tube[:2]},SP_VOL,500,500" for tube, file in files.items())
        (folder / "manifest.csv").write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
        with pytest.raises(SystemExit) as ended:
            main(["run", str(folder), "--out", str(folder / "out")])
        results = (folder / "out/results.csv").read_text(encoding="utf-8")
        return ended.value.code, list(csv.DictReader(io.StringIO(results)))

    return ran


@pytest.fixture(scope="module")
def declared(run, serial):
    code, rows = run(f"instruments: [{{serial: {serial}, volume_unit: uL}}]")
    assert code == 0
    return rows


def rows_of(rows, statistic, population="", denominator=None):
    """Return the rows of a statistic, by tube."""
    return {
        r["sample_id"]: r
        for r in rows
        if (r["statistic"], r["population_label"]) == (statistic, population)
        and denominator in (None, r["denominator_id"])
    }


def numbers(row):
    """Return value and interval of a row, to two decimals."""
    return tuple(round(float(row[c]), 2) for c in ("value_raw", "ci_low", "ci_high"))


def per_ul(row):
    """Return the cells/µL of a row with a 99 % interval."""
    volume_nl = float(row["vol_acquired_nl"])
    return from_volume([int(row["n_events"])], vol_acquired_nl=volume_nl, dilution_factor=1, level=0.99).estimate


def share(row):
    """Return the percent of a row with a 99 % interval."""
    return clopper_pearson([int(row["n_events"])], [int(row["n_denominator"])], level=0.99)


def apart(one, other):
    """Return by how much of their mean two estimates differ."""
    return float(((one.value - other.value) / ((one.value + other.value) / 2))[0])


def test_the_tubes_are_counted_as_before(declared, golden):
    counted = {tube: {} for tube in TUBES}
    for r in declared:
        if r["statistic"] == "COUNT":
            counted[r["sample_id"]][r["population_id"]] = int(r["value_raw"])

    assert counted == golden("cell_counts", counted)


def test_b_cells_are_those_of_plain_comparisons(declared, files):
    found = rows_of(declared, "COUNT", "CD19+")

    for tube, file in files.items():
        data = flowio.FlowData(str(file))
        values = dict(zip(data.pnn_labels, data.as_array().T, strict=True))
        cd45, cd14, cd19, ssc = (values[f"{name}-A"] for name in ("YG1", "R1", "V3", "SSC"))
        inside = (cd45 >= 200_000) & (cd14 < 1500) & (ssc < 1_400_000) & (cd19 >= 3000)
        assert int(found[tube]["n_events"]) == inside.sum()


def test_30_ul_in_25_seconds_are_72_ul_a_minute(declared, files):
    rows = rows_of(declared, "ABS", "CD45+")

    for tube, file in files.items():
        data = flowio.FlowData(str(file))
        seconds = np.ptp(data.as_array()[:, data.pnn_labels.index("Time")])
        volume_ul = float(data.text["vol"])
        assert float(rows[tube]["vol_acquired_nl"]) == pytest.approx(1000 * volume_ul)
        assert 72 < volume_ul / (seconds / 60) < 73


def test_a_unit_that_is_not_declared_is_inferred_and_flagged_and_the_numbers_are_the_same(run, declared, serial):
    code, rows = run()

    assert code == 0
    assert [r["value_raw"] for r in rows] == [r["value_raw"] for r in declared]
    for tube, row in rows_of(rows, "ABS", "CD19+").items():
        assert "VOL_UNIT_INFERRED" in row["qc_flags"].split(";")
        assert "was read as uL: a flow rate of 72" in row["comment"], tube
        assert f"instruments: [{{serial: '{serial}', volume_unit: nL or uL}}]" in row["comment"]
    assert not any("VOL" in r["qc_flags"] for r in declared)


def test_nl_would_be_a_flow_rate_that_no_cytometer_has_and_only_concentrations_are_refused(run, declared, serial):
    _, rows = run(f"instruments: [{{serial: {serial}, volume_unit: nL}}]")

    for row in rows_of(rows, "ABS", "CD19+").values():
        assert (row["status"], row["value_raw"]) == ("INVALID", "")
        assert "VOLUME_IMPLAUSIBLE" in row["qc_flags"].split(";")
        assert re.search(r"nL would be a flow rate of 0\.07\d* µL/min, expected 5 to 1000 µL/min", row["comment"])
    percents = rows_of(rows, "PCT", "CD19+", "CD45+")
    assert {t: r["value_raw"] for t, r in percents.items()} == {
        t: r["value_raw"] for t, r in rows_of(declared, "PCT", "CD19+", "CD45+").items()
    }


@pytest.mark.parametrize(
    ("tube", "percent", "cells_per_ul"),
    [
        ("Cord", (8.82, 7.81, 9.91), (8.32, 7.33, 9.41)),
        ("04_01", (26.09, 24.67, 27.54), (31.36, 29.40, 33.41)),
        ("04_02", (24.85, 23.44, 26.30), (29.44, 27.54, 31.44)),
        ("09_01", (35.02, 32.71, 37.39), (18.91, 17.40, 20.53)),
        ("09_02", (29.48, 27.29, 31.75), (16.01, 14.62, 17.50)),
    ],
)
def test_b_cells_have_these_exact_intervals(declared, tube, percent, cells_per_ul):
    """By SciPy's beta and chi-squared distributions."""
    assert numbers(rows_of(declared, "PCT", "CD19+", "CD45+")[tube]) == percent
    assert numbers(rows_of(declared, "ABS", "CD19+")[tube]) == cells_per_ul


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@pytest.mark.parametrize("population", ["CD45+", "CD14+"])
def test_leukocytes_and_monocytes_of_a_pair_agree(declared, population, pair):
    rows = rows_of(declared, "ABS", population)

    one, other = (per_ul(rows[tube]) for tube in pair)

    assert abs(apart(one, other)) < 0.07
    assert not estimates_differ(one, other, tolerance=0)


def test_b_cells_of_the_first_pair_agree(declared):
    one, other = (per_ul(rows_of(declared, "ABS", "CD19+")[tube]) for tube in PAIRS[0])

    assert apart(one, other) == pytest.approx(0.063, abs=0.001)
    assert not estimates_differ(one, other, tolerance=0)


def test_b_cells_of_the_second_pair_differ_by_a_sixth_beyond_chance(declared):
    per_volume = [per_ul(rows_of(declared, "ABS", "CD19+")[tube]) for tube in PAIRS[1]]
    percents = [share(rows_of(declared, "PCT", "CD19+", "CD45+")[tube]) for tube in PAIRS[1]]

    assert apart(*per_volume) == pytest.approx(0.166, abs=0.001)
    assert apart(*percents) == pytest.approx(0.172, abs=0.001)
    for estimates in (per_volume, percents):
        assert estimates_differ(*estimates, tolerance=0.1)
        assert not estimates_differ(*estimates, tolerance=0.2)


def test_a_gate_on_single_cells_would_cost_a_tenth_to_a_third_and_says_so(declared):
    lost = {tube: float(r["singlet_loss_pct"]) for tube, r in rows_of(declared, "ABS", "Singlets").items()}

    assert lost == pytest.approx({"Cord": 9.4, "04_01": 28.0, "04_02": 34.0, "09_01": 24.1, "09_02": 21.3}, abs=0.05)
    assert all("SINGLET_LOSS" in r["qc_flags"].split(";") for r in rows_of(declared, "ABS", "Singlets").values())
    assert all(float(r["singlet_loss_pct"]) == 0 for r in rows_of(declared, "ABS", "CD19+").values())
