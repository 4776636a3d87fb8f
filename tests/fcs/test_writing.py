"""What is written can be read, by us and by others, and only what FCS can hold is written."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytoproc.errors import FCSError, OutputError
from cytoproc.fcs import read_dataset, read_fcs, write_fcs, writing
from cytoproc.model.events import EventTable, Stage
from cytoproc.model.panel import Channel, Panel
from tests.fcs.builder import values
from tests.fcs.judges import read_with_fcsparser, read_with_flowio

PANEL = Panel(
    (
        Channel("FSC-A", top=262144.0, voltage=450.5),
        Channel("B530-A", "CD3/CD4|x", top=1e6, gain=2.5),
        Channel("Time", "", top=100.0, time_step_s=0.01),
    )
)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=10
)
positive = st.floats(1e-6, 1e6)


@st.composite
def tables(draw):
    names = draw(st.lists(words.filter(lambda w: w.strip() and "," not in w), min_size=1, max_size=4, unique=True))
    channels = [
        replace(c, gain=1.0) if c.kind.value == "time" else c
        for c in (
            Channel(n, draw(st.just("") | words), draw(positive), gain=draw(positive), voltage=1.0) for n in names
        )
    ]
    shape = (draw(st.integers(0, 5)), len(names))
    return EventTable(draw(arrays(np.float32, shape, elements=st.floats(width=32))), Panel(tuple(channels)))


@in_one_folder
@given(table=tables(), keywords=st.dictionaries(st.text("ABC XYZ#", min_size=1).map(str.strip).filter(bool), words))
def test_what_was_written_is_read_again(tmp_path, table, keywords):
    path = tmp_path / "tube.fcs"

    write_fcs(path, table, keywords=keywords)
    dataset, events = read_fcs(path, strict=True)

    np.testing.assert_array_equal(events.values, table.values)
    assert events.values.dtype == np.float32
    assert events.panel == table.panel
    assert {k: dataset.get(k) for k in keywords} == keywords


def test_every_part_of_a_channel_is_kept(tmp_path):
    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL))

    dataset, events = read_fcs(tmp_path / "a.fcs", strict=True)

    assert events.panel.channels[0] == PANEL.channels[0]
    assert [(c.label, c.gain, c.time_step_s) for c in events.panel.channels[1:]] == [
        ("CD3/CD4|x", 2.5, 1.0),
        ("", 1.0, 0.01),
    ]
    assert (dataset.version, dataset.layout.byte_order) == ("FCS3.1", "little")


@pytest.mark.parametrize("judge", [read_with_flowio, read_with_fcsparser])
def test_other_readers_agree(tmp_path, judge):
    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL), keywords={"$CYT": "LSRFortessa"})

    names, stored = judge(tmp_path / "a.fcs")

    assert names == list(PANEL.names)
    np.testing.assert_array_equal(stored, values())


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    keywords = {"$CYT": "LSRFortessa", "LOT": "17"}

    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL), keywords=keywords)
    write_fcs(tmp_path / "b.fcs", (values(), PANEL), keywords=dict(reversed(keywords.items())))

    assert (tmp_path / "a.fcs").read_bytes() == (tmp_path / "b.fcs").read_bytes()


def test_keywords_that_describe_the_old_file_give_way(tmp_path):
    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL), keywords={"$OP": "nobody"})
    old, events = read_fcs(tmp_path / "a.fcs")
    fewer = EventTable(events.values[:3, :2], Panel(events.panel.channels[:2]))

    write_fcs(tmp_path / "b.fcs", fewer, keywords=old.keywords)
    new, back = read_fcs(tmp_path / "b.fcs", strict=True)

    assert (new.get("$OP"), new.get("$TOT"), new.get("$PAR"), new.get("$P3N")) == ("nobody", "3", "2", "")
    np.testing.assert_array_equal(back.values, fewer.values)


def test_a_logarithmic_channel_is_written_as_linear_values(tmp_path):
    channels = (
        Channel("FL1", top=1024.0, decades=4.0, offset=0.1, gain=2.0),
        Channel("Time", gain=4.0, time_step_s=0.5),
    )
    table = EventTable(np.array([[512.0, 8.0], [0.0, 0.0]]), Panel(channels))

    write_fcs(tmp_path / "a.fcs", table)
    _, events = read_fcs(tmp_path / "a.fcs", strict=True)

    np.testing.assert_allclose(
        events.linear(), [[5.0, 1.0], [0.05, 0.0]]
    )  # 10**(4 * 512 / 1024) * 0.1 / 2; 8 / 4 * 0.5
    np.testing.assert_allclose(events.linear(), table.linear())
    assert events.panel.channels[0].decades == 0


def test_a_range_that_is_not_known_lies_above_the_values(tmp_path):
    panel = Panel((Channel("A", top=math.nan), Channel("B", top=math.inf)))

    write_fcs(tmp_path / "a.fcs", (np.array([[7.5, np.nan], [-1.0, -3.0]]), panel))

    assert [c.top for c in read_dataset(tmp_path / "a.fcs").panel.channels] == [8.0, 2.0]


def test_a_value_with_every_delimiter_is_escaped(tmp_path):
    awkward = "a" + writing._DELIMITERS + "z" + writing._DELIMITERS

    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL), keywords={"$COM": awkward})

    assert read_dataset(tmp_path / "a.fcs", strict=True).get("$COM") == awkward


def test_offsets_beyond_the_header_stand_in_text(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_LARGEST_IN_HEADER", 300)

    write_fcs(tmp_path / "a.fcs", EventTable(values(), PANEL))

    assert (tmp_path / "a.fcs").read_bytes()[26:42] == b"       0       0"
    np.testing.assert_array_equal(read_fcs(tmp_path / "a.fcs", strict=True)[1].values, values())


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("value of OP is empty", {"keywords": {"OP": ""}}),
        ("value of OP is empty, holds a NUL", {"keywords": {"OP": "a\0b"}}),
        ("name of a keyword", {"keywords": {"OP": "$P9N"}}),
        ("half a character", {"keywords": {"OP": "\ud800"}}),
        ("OP is given twice", {"keywords": {"op": "a", "OP": "b"}}),
        ("is not printable ASCII", {"keywords": {"": "a"}}),
        ("is not printable ASCII", {"keywords": {"µ": "a"}}),
        ("stands in a keyword", {"keywords": {f"K{writing._DELIMITERS[:-2]}": "a", "A": "\fa", "B": "\x1ea"}}),
        ("'a,b'", {"channels": [Channel("a,b"), Channel("c")]}),
        ("'a', 'a'", {"channels": [Channel("a"), Channel("a")]}),
        ("' '", {"channels": [Channel(" "), Channel("a")]}),
        ("found no channels", {"channels": []}),
        ("of 'b' makes no linear", {"channels": [Channel("a"), Channel("b", gain=0.0)]}),
        ("of 'b' makes no linear", {"channels": [Channel("a"), Channel("b", decades=400.0)]}),
        ("exceeds float32", {"number": 1e39}),
        ("would compensate again", {"keywords": {"$SPILLOVER": "1,a,1"}, "stage": Stage.COMPENSATED}),
    ],
)
def test_what_fcs_cannot_hold_is_not_written(tmp_path, words, change):
    channels = tuple(change.get("channels", [Channel("a"), Channel("b")]))
    numbers = np.full((2, len(channels)), change.get("number", 1.0))
    table = EventTable(numbers, Panel(channels), change.get("stage", Stage.RAW))

    with pytest.raises(FCSError, match=words) as caught:
        write_fcs(tmp_path / "a.fcs", table, keywords=change.get("keywords"))

    assert caught.value.code == "FCS_CANNOT_WRITE"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.fcs"
    write_fcs(path, EventTable(values(), PANEL))
    before = path.read_bytes()

    with pytest.raises(FCSError):
        write_fcs(path, (np.full((3, 3), 1e300), PANEL))

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"nowhere.*Check that the folder is there"):
        write_fcs(tmp_path / "nowhere" / "a.fcs", EventTable(values(), PANEL))
