"""Templates meet panels."""

import numpy as np
import pytest

from cytoproc.compensation import write_spillover_csv
from cytoproc.errors import AmbiguousMarkerError, CompensationError, MissingMarkerError
from cytoproc.model.panel import Channel, Panel
from cytoproc.model.spillover import Spillover
from cytoproc.templates.binding import bind_template
from cytoproc.templates.reading import parse_template

PANEL = Panel((Channel("FSC-A"), Channel("B530-A", "CD3e"), Channel("Y585-A", "FMC63 PE"), Channel("Time")))
SPILL = {"SPILL": "2,B530-A,Y585-A,1,0.25,0,1"}


def template(*gates, markers="{CD3: {aliases: [CD3e]}, CAR: {aliases: [FMC63-PE]}}", rest="", folder=None):
    text = f"template: t\nversion: 1\nmarkers: {markers}\npopulations:\n"
    text += "".join(f"  - {{name: P{i}, above: {{channel: {gate}, cut: 5}}}}\n" for i, gate in enumerate(gates))
    return parse_template(text + rest, folder=folder)


def test_a_marker_is_found_by_its_alias():
    bound = bind_template(template("CD3", "CAR", "FSC-A"), PANEL, SPILL)

    assert bound.index == {"CD3": 1, "CAR": 2, "FSC-A": 0}
    assert bound.columns_read == (0, 1, 2)


def test_a_marker_that_no_gate_uses_may_be_missing():
    markers = "{CD3: {aliases: [CD3e]}, CD19: {}}"

    assert bind_template(template("CD3", markers=markers), PANEL, SPILL).index == {"CD3": 1}


def test_a_marker_whose_intensity_is_reported_must_be_there():
    rest = "report: [{population: P0, intensity: [{channel: CAR}, {channel: FSC-A}]}]\n"

    bound = bind_template(template("CD3", rest=rest), PANEL, SPILL)

    assert bound.index == {"CD3": 1, "CAR": 2, "FSC-A": 0}


def test_every_marker_that_is_missing_or_ambiguous_is_told_at_once():
    panel = Panel((Channel("A", "CD4"), Channel("B", "CD4"), Channel("C", "CD3"), Channel("D", "CD19-BV421")))

    with pytest.raises(MissingMarkerError) as caught:
        bind_template(template("CD3", "CD4", "CD8", "CD19", markers="[CD3, CD4, CD8, CD19]"), panel, {})

    told = str(caught.value).splitlines()
    assert told[0] == "3 markers cannot be bound:"
    assert "marker 'CD4' is ambiguous: channel 1 $PnN='A' $PnS='CD4'; channel 2 $PnN='B' $PnS='CD4'" in told[1]
    assert "no channel carries marker 'CD8'" in told[2]
    assert "no channel carries marker 'CD19'. Perhaps 'CD19-BV421' is meant" in told[3]
    assert told[-1].strip() == "this file has: CD4 (A), CD4 (B), CD3 (C), CD19-BV421 (D)"


def test_one_marker_that_is_missing_is_told_with_its_aliases():
    with pytest.raises(MissingMarkerError, match=r"marker 'CAR' \(also looked for: FMC63-PE\)"):
        bind_template(template("CAR"), Panel((Channel("FSC-A"),)), {})


def test_markers_that_are_all_ambiguous_are_an_ambiguity():
    panel = Panel((Channel("A", "CD4"), Channel("B", "CD4"), Channel("C", "CD8"), Channel("D", "CD8")))

    with pytest.raises(AmbiguousMarkerError, match="2 markers cannot be bound"):
        bind_template(template("CD4", "CD8", markers="[CD4, CD8]"), panel, {})


def test_two_markers_in_one_channel_are_refused():
    markers = "{CD3: {aliases: [CD3e]}, TCR: {aliases: [B530-A]}}"

    with pytest.raises(AmbiguousMarkerError, match=r"'CD3' and 'TCR' are both found in channel 'CD3e B530-A'"):
        bind_template(template("CD3", "TCR", markers=markers), PANEL, SPILL)


def test_the_file_s_matrix_is_bound_to_its_columns():
    bound = bind_template(template("CAR"), PANEL, SPILL)

    undoing = bound.undoing["file"]
    assert undoing.detectors == (1, 2)
    assert {j: c.tolist() for j, c in undoing.coefficients.items()} == {1: [1, 0], 2: [-0.25, 1]}
    assert [m.source for m in bound.matrices] == ["SPILL"]
    assert bound.columns_read == (1, 2)


def test_a_missing_matrix_is_refused_where_light_is_gated():
    with pytest.raises(CompensationError, match="carries no spillover matrix") as caught:
        bind_template(template("CD3"), PANEL, {})

    assert caught.value.code == "SPILL_MISSING"


@pytest.mark.parametrize("gate", ["FSC-A", "Time", "{channel: CD3, compensation: none}"])
def test_scatter_time_and_uncompensated_light_need_no_matrix(gate):
    bound = bind_template(template(gate), PANEL, {})

    assert bound.undoing == {}
    assert bound.matrices == ()


def test_a_template_without_compensation_says_so_of_a_file_with_a_matrix():
    bound = bind_template(template("CD3", rest="compensation: none\n"), PANEL, SPILL)

    assert [f.code for f in bound.flags] == ["SPILL_NOT_APPLIED"]
    assert bound.undoing == {}


def test_one_file_may_be_read_through_two_matrices(tmp_path):
    lab = Spillover(("B530-A", "Y585-A"), np.array([[1, 0.5], [0, 1]]), "lab")
    write_spillover_csv(tmp_path / "lab.csv", lab)
    gates = ("CAR", "{channel: CAR, compensation: lab}", "{channel: CAR, compensation: none}")

    bound = bind_template(template(*gates, rest="matrices: {lab: lab.csv}\n", folder=tmp_path), PANEL, SPILL)

    assert {name: u.coefficients[2].tolist() for name, u in bound.undoing.items()} == {
        "file": [-0.25, 1],
        "lab": [-0.5, 1],
    }
    assert [(m.name, m.source) for m in bound.matrices] == [("file", "SPILL"), ("lab", "lab.csv")]
    assert bound.matrices[0].sha256 != bound.matrices[1].sha256


def test_a_matrix_of_another_panel_is_refused(tmp_path):
    write_spillover_csv(tmp_path / "lab.csv", Spillover(("V450-A", "V510-A"), np.eye(2), "lab"))

    with pytest.raises(CompensationError, match="V450-A"):
        bind_template(template("CD3", rest="compensation: lab.csv\n", folder=tmp_path), PANEL, SPILL)


SCATTER_IN_MATRIX = {"SPILL": "3,FSC-A,B530-A,Y585-A,1,0,0,0.1,1,0.25,0,0,1"}


def test_a_channel_that_the_matrix_names_is_compensated_whatever_else_is_gated():
    alone = bind_template(template("FSC-A"), PANEL, SCATTER_IN_MATRIX)
    beside = bind_template(template("FSC-A", "CD3"), PANEL, SCATTER_IN_MATRIX)

    assert alone.undoing["file"].coefficients[0].tolist() == beside.undoing["file"].coefficients[0].tolist()


def test_gates_on_scatter_alone_need_no_matrix():
    assert bind_template(template("FSC-A"), PANEL, {}).undoing == {}
    with pytest.raises(CompensationError, match="no spillover matrix"):
        bind_template(template("FSC-A", "CD3"), PANEL, {})


def test_a_gated_colour_that_the_matrix_leaves_out_is_told():
    [flag] = bind_template(template("CD3", "CAR"), PANEL, {"SPILL": "1,B530-A,1"}).flags

    assert (flag.code, "does not name Y585-A" in flag.message) == ("SPILL_INCOMPLETE", True)


def test_a_marker_found_by_its_channel_while_the_label_says_otherwise_is_told():
    by_channel = template("CD19", markers="{CD19: {aliases: [B530-A]}}")

    [flag] = bind_template(by_channel, PANEL, SPILL).flags

    assert flag.code == "MARKER_BY_CHANNEL"
    assert flag.message == "CD19 was found by its channel B530-A, whose label is 'CD3e'"


def test_a_channel_that_the_template_calls_by_its_own_name_is_no_finding():
    assert bind_template(template("B530-A", markers="[B530-A]"), PANEL, SPILL).flags == ()


def test_the_record_can_say_which_channel_and_which_matrix_were_used():
    bound = bind_template(template("CD3"), PANEL, SPILL)

    assert [(m.marker, m.title) for m in bound.markers] == [("CD3", "CD3e B530-A")]
    assert [(m.name, m.source, m.sha256 == bound.undoing["file"].spillover.digest) for m in bound.matrices] == [
        ("file", "SPILL", True)
    ]
