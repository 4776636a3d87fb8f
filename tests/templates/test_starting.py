"""A template started from a file."""

import re
from contextlib import suppress

import numpy as np
import pytest

from cytoproc.errors import FCSError, UsageError
from cytoproc.fcs import iter_events, read_dataset, write_fcs
from cytoproc.gates.methods.singlets import Singlets
from cytoproc.model.panel import Channel, Panel
from cytoproc.templates.applying import gate_events
from cytoproc.templates.binding import bind_template
from cytoproc.templates.reading import parse_template
from cytoproc.templates.starting import start_template

SCATTER = (Channel("FSC-A"), Channel("FSC-H"), Channel("SSC-A"))
SPILL = {"$SPILLOVER": "2,B530-A,Y585-A,1,0.25,0,1"}


@pytest.fixture
def dataset(tmp_path):
    """Write a file with these channels and read it back."""

    def make(*channels, keywords=None):
        values = np.full((3, len(channels)), 50_000, dtype=np.float32)
        write_fcs(tmp_path / "tube.fcs", (values, Panel(channels)), keywords=keywords)
        return read_dataset(tmp_path / "tube.fcs")

    return make


def started(dataset):
    """Return the started template, read, and its file's counts."""
    template = parse_template(start_template(dataset, "panel 1"))
    bound = bind_template(template, dataset.panel, dataset.keywords)
    return template, gate_events(lambda: iter_events(dataset), bound).counts


def test_it_reads_without_problems_binds_to_its_file_and_gates_it(dataset):
    file = dataset(*SCATTER, Channel("B530-A", "CD3"), Channel("Y585-A", "CAR"), Channel("Time"), keywords=SPILL)

    template, counts = started(file)

    assert template.name == "panel 1"
    assert template.paths == ("Cells", "Cells/Singlets", "Cells/Singlets/CD3+", "Cells/Singlets/CAR+")
    assert isinstance(template.step("Cells/Singlets").gate, Singlets)
    assert template.compensation == "file"
    assert counts["Cells/Singlets/CD3+"] == 3


def test_the_started_gates_lie_in_the_range_of_the_channels(dataset):
    file = dataset(*(Channel(n, top=1024.0) for n in ("FSC-A", "SSC-A", "B530-A")))

    template, _ = started(file)

    x, y = template.step("Cells").gate.scaled_vertices.T
    assert (x.min(), x.max(), y.min(), y.max()) == (102, 1000, 10.2, 1000)
    assert template.step("Cells/B530-A+").gate.dimension.scale.t == 1024


@pytest.mark.parametrize("top", [float("nan"), 0.0, float("inf")])
def test_a_range_that_is_no_number_gives_way_to_the_usual_one(dataset, top):
    template, _ = started(dataset(*SCATTER, Channel("B530-A", "CD3")))
    file = dataset(*SCATTER, Channel("B530-A", "CD3"))
    odd = Panel(tuple(Channel(c.name, c.label, top=top) for c in file.panel.channels))
    object.__setattr__(file, "panel", odd)

    assert parse_template(start_template(file, "panel 1")).steps == template.steps


def test_a_file_without_a_matrix_is_not_compensated(dataset):
    template, _ = started(dataset(Channel("B530-A", "CD3"), Channel("Y585-A", "CAR")))

    assert template.compensation == "none"
    assert template.paths == ("CD3+", "CAR+")


def test_a_file_that_is_compensated_already_is_not_compensated_again(dataset):
    file = dataset(Channel("Comp-B530-A", "CD3"), Channel("Comp-Y585-A", "CAR"))

    template, _ = started(file)

    assert template.compensation == "none"
    assert "# the file's values are compensated already" in start_template(file, "t")


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        ([("B530-A", "CD4"), ("Y585-A", "CD4")], ["B530-A", "Y585-A"]),  # one label twice
        ([("B530-A", "CD4"), ("Y585-A", "cd4")], ["B530-A", "Y585-A"]),
        ([("PE-A", "CD4"), ("PE-H", "CD4"), ("PE-W", "CD4")], ["CD4"]),  # one detector
        ([("FITC-H", "CD4"), ("PE-H", "CD8")], ["CD4", "CD8"]),  # no areas at all
        ([("FITC-A", "PE-A"), ("APC-A", "CD8")], ["PE-A", "CD8"]),
        ([("FITC-A", "CD4"), ("PE-A", "FITC-A")], ["CD4", "PE-A"]),  # a label that is another channel's name
        ([("B530-A", " CD4 ")], ["CD4"]),
        ([("B530-A", "CD4/CD8")], ["CD4/CD8"]),
    ],
)
def test_a_marker_is_named_by_its_label_where_that_is_its_own(dataset, channels, names):
    template, _ = started(dataset(*(Channel(name, label) for name, label in channels)))

    assert [m.name for m in template.markers] == names
    assert [s.name for s in template.steps] == [f"{name}+" for name in names]


DELETE = "\x7f"
SPLIT = re.compile("[\n\x85\x9f]")


@pytest.mark.parametrize(
    "label",
    [
        "yes",
        "null",
        "1",
        "1e5",
        "- a",
        "a: b",
        '"',
        "\\",
        "#x",
        "{CD3}",
        "CD3\nevil: 1",
        "a\x85\x9fµ",
        "\x7f",
        "😀",
        "~",
        "*x",
        "root",
    ],
)
def test_a_label_that_yaml_would_take_for_something_else_comes_through(dataset, label):
    template, _ = started(dataset(*SCATTER, Channel("B530-A", label)))

    assert template.markers[0].name == label
    assert template.steps[-1].name == f"{'' if label == DELETE else SPLIT.sub(' ', label)}+"


def test_a_file_with_nothing_to_gate_on_is_refused(dataset):
    with pytest.raises(UsageError, match="no template can be started from a file with these channels: Time, Width"):
        start_template(dataset(Channel("Time"), Channel("Width")), "t")


@pytest.mark.real_data
def test_it_can_be_started_from_files_of_many_instruments(shared):
    files = []
    for path in sorted((shared / "data/fcs").rglob("*.fcs"))[::5]:
        with suppress(FCSError):  # for the reader's own tests
            files.append(read_dataset(path))

    for file in files:
        template = parse_template(start_template(file, "t"))
        assert bind_template(template, file.panel, file.keywords).index

    assert len(files) > 20
