"""Events come out of a file as they were put in, whatever their type, width and order of bytes."""

import gc
import pickle
import tracemalloc
import warnings

import numpy as np
import pytest

from cytoproc.errors import FCSError, UsageError
from cytoproc.fcs import iter_events, read_dataset, read_events, read_fcs
from tests.fcs.builder import fcs_bytes, values

INTEGERS = np.array([[1, 2, 3], [200, 250, 255], [0, 17, 128]])


def packed(numbers, widths, order="little"):
    """Integers of some bytes each, as a file has them."""
    cells = (int(x).to_bytes(w, order) for row in numbers for x, w in zip(row, widths, strict=True))
    return b"".join(cells)


def test_floats_of_both_byte_orders_are_read_as_they_are(write):
    little, big = values().astype("<f4").tobytes(), values().astype(">f4").tobytes()

    _, first = read_fcs(write(data=little, order="1,2,3,4"))
    _, second = read_fcs(write(data=big, order="4,3,2,1"))

    assert first.values.dtype == second.values.dtype == np.float32
    np.testing.assert_array_equal(first.values, values())
    np.testing.assert_array_equal(second.values, values())


@pytest.mark.parametrize(("order", "code"), [("1,2,3,4", "<f8"), ("4,3,2,1", ">f8"), ("8,7,6,5,4,3,2,1", ">f8")])
def test_doubles_keep_all_their_digits(write, order, code):
    thirds = values() / 3

    _, events = read_fcs(write(data=thirds.astype(code).tobytes(), kind="D", bits=64, order=order))

    assert events.values.dtype == np.float64
    np.testing.assert_array_equal(events.values, thirds)


@pytest.mark.parametrize("width", range(1, 9))
@pytest.mark.parametrize("order", ["little", "big"])
def test_integers_of_every_width_and_byte_order_are_read(write, width, order):
    big_ones = INTEGERS * 256 ** (width - 1) if width < 7 else INTEGERS * 256**5
    listed = range(1, width + 1) if order == "little" else range(width, 0, -1)

    path = write(
        data=packed(big_ones, [width] * 3, order),
        kind="I",
        bits=8 * width,
        top=2 ** (8 * width),
        order=",".join(map(str, listed)) if width > 1 else "1,2,3,4",
        n_events=3,
    )
    _, events = read_fcs(path)

    assert events.values.dtype == (np.float32 if width <= 3 else np.float64)
    np.testing.assert_array_equal(events.values, big_ones)


@pytest.mark.parametrize("order", ["little", "big"])
def test_widths_may_differ_from_channel_to_channel(write, order):
    listed = "1,2,3,4" if order == "little" else "4,3,2,1"

    path = write(data=packed(INTEGERS, [1, 3, 4], order), kind="I", bits=[8, 24, 32], top=256, order=listed, n_events=3)
    dataset, events = read_fcs(path)

    assert [c.width for c in dataset.layout.columns] == [1, 3, 4]
    np.testing.assert_array_equal(events.values, INTEGERS)


@pytest.mark.parametrize(("top", "kept"), [(1024, 0x3FF), (1000, 0x3FF), (1025, 0x7FF), (2, 0x1), (65536, 0xFFFF)])
@pytest.mark.parametrize("widths", [[2, 2, 2], [2, 4, 2], [3, 3, 3]])
def test_bits_above_the_range_are_no_part_of_the_value(write, top, kept, widths):
    stored = np.array([[0xFFFF, 0xABCD, 0x8001]])

    path = write(data=packed(stored, widths), kind="I", bits=[8 * w for w in widths], top=top, n_events=1)
    _, events = read_fcs(path)

    np.testing.assert_array_equal(events.values, stored & kept)


def test_integers_of_32_bits_that_use_few_of_them_are_stored_as_float32(write):
    _, events = read_fcs(write(data=packed(INTEGERS, [4] * 3), kind="I", top=1024, n_events=3))

    assert events.values.dtype == np.float32


def test_an_integer_that_float64_cannot_hold_is_refused(write):
    rows = [[2**53, 1, 2], [2**53 + 1, 1, 2]]
    parts = {"kind": "I", "bits": 64, "top": 2**64 - 1}

    _, exact = read_fcs(write(data=packed(rows[:1], [8] * 3), n_events=1, **parts))
    dataset = read_dataset(write(data=packed(rows, [8] * 3), n_events=2, **parts))

    assert exact.values[0, 0] == 2**53
    with pytest.raises(FCSError, match="9007199254740993") as caught:
        read_events(dataset)
    assert caught.value.code == "FCS_INTEGER_TOO_LARGE"


def test_channels_of_fcs_3_2_may_have_types_of_their_own(write):
    row = np.array([1.5], "<f4").tobytes() + packed([[65535]], [2]) + np.array([1 / 3], "<f8").tobytes()

    path = write(
        data=row * 2,
        version="FCS3.2",
        bits=[32, 16, 64],
        top=65536,
        n_events=2,
        keywords={"$P2DATATYPE": "I", "$P3DATATYPE": "D"},
    )
    _, events = read_fcs(path)

    assert events.values.tolist() == [[1.5, 65535.0, 1 / 3]] * 2


def test_not_a_number_is_left_where_it_is(write):
    stored = np.array([[np.nan, np.inf, -np.inf]], "<f4")

    _, events = read_fcs(write(data=stored.tobytes(), n_events=1))

    np.testing.assert_array_equal(events.values, stored)


def test_a_file_without_events_has_all_its_channels(write):
    dataset, events = read_fcs(
        write(data=b"", n_events=0, header={2: "0", 3: "0"}, keywords={"$BEGINDATA": "0", "$ENDDATA": "0"})
    )

    assert events.values.shape == (0, 3)
    assert [r.code for r in dataset.repairs] == ["FCS_NO_EVENTS"]
    assert list(iter_events(dataset)) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 65_536])
@pytest.mark.parametrize("kind", ["F", "I"])
def test_chunks_joined_are_the_whole(write, size, kind):
    stored = values() * 2
    data = stored.astype("<f4").tobytes() if kind == "F" else packed(stored, [3] * 3)
    dataset = read_dataset(write(data=data, kind=kind, bits=32 if kind == "F" else 24))

    chunks = [table.values.copy() for table in iter_events(dataset, size)]

    assert [len(c) for c in chunks[:-1]] == [size] * (len(chunks) - 1)
    np.testing.assert_array_equal(np.concatenate(chunks), stored)


def test_chunks_share_one_buffer(write):
    dataset = read_dataset(write())

    walk = iter_events(dataset, 2)
    first = next(walk).values
    before = first.copy()
    next(walk)

    assert not np.array_equal(first, before)


def test_a_chunk_of_no_events_is_wrong_usage(write):
    with pytest.raises(UsageError, match="at least 1"):
        iter_events(read_dataset(write()), 0)


def test_memory_depends_on_the_chunk_and_not_on_the_file(write):
    many = np.zeros((200_000, 3), "<f4").tobytes()
    dataset = read_dataset(write(data=many, n_events=200_000))

    tracemalloc.start()
    n_events = sum(len(table) for table in iter_events(dataset, 1_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert n_events == 200_000
    assert peak < 100_000 < len(many)


def test_a_walk_that_is_left_closes_its_file(write):
    dataset = read_dataset(write())

    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        walk = iter_events(dataset, 1)
        next(walk)
        walk.close()
        gc.collect()

    assert list(walk) == []


def test_a_file_that_changed_since_it_was_checked_is_refused(write):
    path = write()
    dataset = read_dataset(path)
    path.write_bytes(fcs_bytes()[:-20])

    with pytest.raises(FCSError, match="when it was checked") as caught:
        read_events(dataset)

    assert caught.value.code == "FCS_CHANGED"


def test_a_data_set_survives_the_way_between_processes(write):
    dataset = read_dataset(write(keywords={"$CYT": "LSRFortessa"}))

    back = pickle.loads(pickle.dumps(dataset))

    assert back.get("$cyt") == "LSRFortessa"
    assert back.layout == dataset.layout
    np.testing.assert_array_equal(read_events(back).values, values())


def test_keywords_are_found_without_regard_to_case_and_kept_as_written(write):
    dataset = read_dataset(write(keywords={"$Cyt": " LSRFortessa ", "tot": "5"}))

    assert dataset.get("$CYT") == dataset.keywords["$cyt"] == " LSRFortessa "
    assert dataset.get("TOT") == "5"  # no relative of $TOT
    assert dataset.get("$TOT") == "7"
    assert dataset.get("$OP", "nobody") == "nobody"
    assert dataset.n_events == 7


def test_keywords_do_not_show_their_values_by_accident(write):
    dataset = read_dataset(write(keywords={"$OP": "Jane Roe"}))

    assert "Jane Roe" not in repr(dataset)


def test_a_channel_knows_how_its_numbers_become_linear(write):
    keywords = {"$P1E": "4,0.1", "$P2G": "8", "$P2V": "450.5", "$P3S": "clock", "$P3G": "0.01", "$TIMESTEP": "0.01"}

    dataset, events = read_fcs(
        write(data=packed([[512, 80, 250]], [2] * 3), kind="I", bits=16, top=1024, n_events=1, keywords=keywords)
    )

    log, linear, time = dataset.panel.channels
    assert (log.decades, log.offset, log.top) == (4.0, 0.1, 1024.0)
    assert (linear.gain, linear.voltage) == (8.0, 450.5)
    assert (time.label, time.gain, time.time_step_s) == ("clock", 1.0, 0.01)
    np.testing.assert_allclose(events.linear(), [[10.0, 10.0, 2.5]])  # 10**(4 * 512 / 1024) * 0.1; 80 / 8; 250 * 0.01
