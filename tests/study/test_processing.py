"""One file in, one result out, whatever the file is."""

import math
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest

from cytoproc.fcs import write_fcs
from cytoproc.model.events import EventTable
from cytoproc.model.panel import Channel, Panel
from cytoproc.study import processing
from cytoproc.study.processing import SampleTask, flag_duplicates, process_sample
from cytoproc.templates.applying import gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.reading import parse_template
from tests.making import fcs_file

TEMPLATE = parse_template("""\
template: by hand
version: "1"
markers: [CD3, CAR]
compensation: none
populations:
  - {name: Cells, above: {channel: FSC-A, cut: 10}}
  - {name: T, parent: Cells, above: {channel: CD3, cut: 100}}
  - {name: CAR, parent: Cells, above: {channel: CAR, cut: 50}}
report:
  - {population: CAR, percent_of: [T], intensity: [{channel: CAR}, {channel: CAR, statistic: geo_mean}]}
""")
COLUMNS = {"FSC-A": [20, 20, 20, 20, 5], "APC-A": [200, 100, 99, 300, 500], "PE-A": [50, 200, 49, 800, 900]}
LABELS = {"APC-A": "CD3", "PE-A": "CAR"}


@pytest.fixture
def task(tmp_path):
    def make(name="a", columns=COLUMNS, **more):
        path = fcs_file(tmp_path / f"{name}.fcs", columns, labels=LABELS, **more)
        return SampleTask(name, path, path.name, TEMPLATE, "manifest.csv line 2")

    return make


def test_a_file_becomes_counts_and_intensities(task):
    result = process_sample(task(keywords={"$CYT": "Analyser"}))

    assert [(c.path, c.parent, c.n_events, c.n_parent, c.gate_source) for c in result.counts] == [
        ("root", "", 5, 5, "LOCKED"),
        ("Cells", "root", 4, 5, "LOCKED"),
        ("Cells/T", "Cells", 3, 4, "LOCKED"),
        ("Cells/CAR", "Cells", 3, 4, "LOCKED"),
    ]
    found = {(i.path, i.marker, i.statistic): i.value for i in result.intensities}
    assert found["Cells/CAR", "CAR", "median"] == 200
    assert found["Cells/CAR", "CAR", "geo_mean"] == pytest.approx(200)  # (50 x 200 x 800)^(1/3)
    assert (result.error_code, result.flags, result.not_contained) == ("", (), ())
    assert dict(result.acquisition) == {
        "instrument": "Analyser",
        "serial": "",
        "volume": "",
        "begin": "",
        "end": "",
    }
    assert len(result.sha256) == 64


def test_a_result_survives_the_way_between_processes(task):
    result = process_sample(task())

    assert pickle.loads(pickle.dumps(result)) == result


def test_events_without_a_number_leave_the_root_and_are_told_of(task):
    columns = COLUMNS | {"PE-A": [math.nan, 200, 49, math.inf, 900]}

    result = process_sample(task(columns=columns))

    assert {c.path: c.n_events for c in result.counts} == {"root": 3, "Cells": 2, "Cells/T": 1, "Cells/CAR": 1}
    assert result.counts[0].n_parent == result.n_events == 5
    flag, by_channel = result.flags
    assert by_channel.code == "VALUES_NOT_FINITE"
    assert by_channel.message.endswith("CAR PE-A 2")
    assert (flag.code, flag.message) == (
        "EVENTS_NOT_FINITE",
        "2 of 5 events hold a value that is not a finite number and are left out",
    )


def test_a_value_that_is_no_number_in_a_channel_that_no_gate_reads_costs_no_event(task):
    result = process_sample(task(columns=COLUMNS | {"R780-A": [math.nan] * 5}))

    assert (result.counts[0].n_events, result.flags) == (5, ())


def test_a_population_outside_what_it_should_be_a_part_of_gets_no_percentage_of_it(task):
    columns = COLUMNS | {"PE-A": [50, 200, 60, 800, 900]}  # the third event is CAR but not T

    result = process_sample(task(columns=columns))

    assert result.not_contained == (("Cells/CAR", "Cells/T"),)
    [flag] = result.flags
    assert flag.code == "NOT_CONTAINED"
    assert flag.message == "1 events of 'Cells/CAR' are not in 'Cells/T', so no percentage of it is given"


def test_a_file_without_events_is_processed_and_flagged(task):
    result = process_sample(task(columns={name: [] for name in COLUMNS}))

    assert [c.n_events for c in result.counts] == [0, 0, 0, 0]
    assert all(math.isnan(i.value) for i in result.intensities)
    assert [f.code for f in result.flags] == ["NO_EVENTS"]


def test_a_band_that_could_not_be_fitted_is_flagged(tmp_path, task):
    template = parse_template("""\
template: singlets
version: "1"
populations:
  - {name: Singlets, singlets: {area: FSC-A, height: FSC-H}}
""")
    path = fcs_file(tmp_path / "few.fcs", {"FSC-A": [10, 20], "FSC-H": [9, 18]})

    result = process_sample(SampleTask("few", path, "few.fcs", template))

    assert [(c.path, c.n_events, c.gate_source) for c in result.counts[1:]] == [("Singlets", 2, "FALLBACK")]
    assert [f.code for f in result.flags] == ["GATE_FALLBACK"]
    assert result.flags[0].message.startswith("Singlets: 2 events")


def broken(task):
    """Return tasks of which all but the first and last cannot be done, with the codes they get."""
    good, last = task("good"), task("last")
    cut = task("cut")
    cut.path.write_bytes(cut.path.read_bytes()[:-30])
    text = task("text")
    text.path.write_text("sample,value\n", encoding="utf-8")
    folder = task("folder")
    folder.path.unlink()
    folder.path.mkdir()
    gone = task("gone")
    gone.path.unlink()
    other = task("other", {"FSC-A": [20.0], "APC-A": [1.0]})
    tasks = [good, cut, text, folder, gone, other, last]
    codes = ["", "FCS_TRUNCATED", "FCS_NOT_FCS", "FCS_CANNOT_OPEN", "FILE_NOT_FOUND", "PANEL_MISSING_MARKER", ""]
    return tasks, codes


def test_what_cannot_be_processed_is_one_coded_result_and_costs_nothing_else(task):
    tasks, codes = broken(task)

    results = [process_sample(t) for t in tasks]

    assert [r.error_code for r in results] == codes
    assert [r.sample_id for r in results] == [t.sample_id for t in tasks]
    assert results[0].counts == results[-1].counts != ()
    assert all(not r.counts and r.error for r in results[1:-1])


def test_a_pipe_is_refused_and_not_waited_for(task):
    pipe = task("pipe")
    pipe.path.unlink()
    os.mkfifo(pipe.path)

    result = process_sample(pipe)

    assert (result.error_code, result.sha256) == ("FCS_CANNOT_OPEN", "")
    assert result.error == "pipe.fcs: is no ordinary file. Check the name, and your right to read it."


def test_the_text_of_an_error_names_the_file_as_the_manifest_does(task):
    tasks, _ = broken(task)

    errors = {r.sample_id: r.error for r in map(process_sample, tasks)}

    assert errors["gone"] == "manifest.csv line 2: there is no file 'gone.fcs'"
    assert errors["cut"].startswith("cut.fcs: ")
    assert "no channel carries marker 'CAR'" in errors["other"]
    assert not any(str(tasks[0].path.parent) in e for e in errors.values())


def test_the_order_of_events_changes_nothing(task):
    rng = np.random.default_rng(1)
    columns = {name: rng.uniform(0, 400, 500) for name in COLUMNS}
    shuffled = rng.permutation(500)

    one = process_sample(task("x", columns))
    two = process_sample(task("y", {name: v[shuffled] for name, v in columns.items()}))

    assert (one.counts, one.intensities, one.not_contained) == (two.counts, two.intensities, two.not_contained)


def test_a_number_too_large_to_compensate_with_leaves_the_root_and_is_counted(tmp_path):
    values = np.array([[20, 200, 50], [20, 1.7e308, 50], [20, 200, -1.7e308]])
    panel = Panel((Channel("FSC-A"), Channel("APC-A", "CD3"), Channel("PE-A", "CAR")))
    bound = bind_template(TEMPLATE, panel, {})

    gated = gate_events(lambda: [EventTable(values, panel)], bound)

    assert (gated.n_events, gated.counts["root"], gated.n_nonfinite) == (3, 1, 2)


COUNTING_TEXT = """\
template: counting
version: "1"
compensation: none
populations:
  - {name: Beads, above: {channel: SSC-A, cut: 100}}
  - {name: Cells, above: {channel: FSC-A, cut: 10}}
  - {name: Large, parent: Cells, above: {channel: FSC-A, cut: 50}}
counting: {beads: Beads}
report:
  - {population: Cells, concentration: true}
  - {population: Large, concentration: true}
"""
COUNTING = parse_template(COUNTING_TEXT)
CARRY_OVER = "counting: {carry_over: {population: Cells, counted_as: Cells}}"
OTHERS = "  - {population: Beads, concentration: true}\n"
LIGHT = {"FSC-A": [20, 20, 60, 5], "SSC-A": [0, 200, 0, 200]}


@pytest.fixture
def counted(tmp_path):
    def process(columns=LIGHT, *, time_step_s=1.0, old=b"", new=b"", keywords=None, template=COUNTING):
        panel = Panel(tuple(Channel(n, time_step_s=time_step_s if n == "Time" else 1.0) for n in columns))
        path = tmp_path / "a.fcs"
        write_fcs(path, (np.array(list(columns.values()), dtype=np.float64).T, panel), keywords=keywords)
        path.write_bytes(path.read_bytes().replace(old, new) if old else path.read_bytes())
        return process_sample(SampleTask("a", path, "a.fcs", template))

    return process


def test_beads_that_are_in_a_gate_of_cells_too_are_counted(counted):
    assert counted().among_beads == (("Cells", 1),)


def test_events_shared_with_the_cells_of_a_second_tube_are_counted_where_no_path_says_it(counted):
    carrying = parse_template(COUNTING_TEXT.replace("counting: {beads: Beads}", CARRY_OVER) + OTHERS)

    assert counted(template=carrying).among_shared == (("Beads", 1),)  # Large is below Cells, and all of it is in Cells


def test_what_a_count_by_volume_needs_is_kept(counted):
    times = {"Time": [300, 100, 700, 200]}  # in steps, and in any order

    result = counted(LIGHT | times, keywords={"$VOL": " 80000 ", "$CYTSN": "V1"}, time_step_s=0.01)

    assert result.duration_s == pytest.approx(6)
    assert (dict(result.acquisition)["serial"], dict(result.acquisition)["volume"]) == ("V1", "80000")


VOL = {"$VOL": "80000"}


@pytest.mark.parametrize(
    ("columns", "more"),
    [
        (LIGHT | {"Time": [1, 2, 3, 4]}, {"keywords": VOL, "old": b"$TIMESTEP", "new": b"#TIMESTEP"}),
        (LIGHT, {"keywords": VOL}),  # no time
        ({name: [] for name in (*LIGHT, "Time")}, {"keywords": VOL}),
        (LIGHT | {"Time": [math.nan] * 4}, {"keywords": VOL}),
    ],
)
def test_a_duration_that_nobody_can_tell_is_none(counted, columns, more):
    assert counted(columns, **more).duration_s is None


def test_the_duration_is_that_of_all_chunks(counted, monkeypatch):
    plain = processing.iter_events
    monkeypatch.setattr(processing, "iter_events", lambda dataset: plain(dataset, 2))

    result = counted(LIGHT | {"Time": [0, 1, 2, 3]}, keywords={"$VOL": "1"}, time_step_s=2.0)

    assert result.duration_s == 6


def test_the_same_bytes_under_two_names_are_told(task):
    one, two, other = (process_sample(task(n)) for n in ("one", "two", "other"))
    other = replace(other, sha256="0" * 64)

    flagged = flag_duplicates([one, two, other])

    assert [[f.message for f in r.flags] for r in flagged] == [
        [],
        ["the file has the same bytes as that of sample 'one'"],
        [],
    ]
