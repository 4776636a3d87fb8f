"""Whatever happens to a file, it is read or refused with a code; nothing else comes out, and nothing takes long."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cytoproc.errors import FCSError
from cytoproc.fcs import read_fcs
from cytoproc.fcs.repairs import NOTICES, REFUSALS, REPAIRS
from tests.fcs.builder import fcs_bytes, values

FLOATS = fcs_bytes(keywords={"$SPILLOVER": "2,FSC-A,SSC-A,1,0.1,0,1", "$TIMESTEP": "0.01"}, stext=b"/LOT/17/")
INTEGERS = fcs_bytes(
    data=np.arange(21, dtype="<u2").tobytes(), kind="I", bits=16, top=1024, keywords={"$P1E": "4,1", "$P2G": "2"}
)
WRONG = ["", " ", "0", "1", "7", "-9999999", "1_0", "+5", "4,1", "0,1", "65536", "1e300", "nan", "9" * 500, "C", "$TOT"]
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)


@st.composite
def damaged(draw):
    raw = draw(st.sampled_from([FLOATS, INTEGERS]))
    at = draw(st.integers(0, len(raw) - 1))
    match draw(st.sampled_from(["flip", "cut", "insert", "delete", "header", "value", "token"])):
        case "flip":
            return raw[:at] + bytes([raw[at] ^ 1 << draw(st.integers(0, 7))]) + raw[at + 1 :]
        case "cut":
            return raw[:at]
        case "insert":
            return raw[:at] + draw(st.binary(min_size=1, max_size=20)) + raw[at:]
        case "delete":
            return raw[:at] + raw[at + draw(st.integers(1, 20)) :]
        case "header":
            field = 10 + 8 * draw(st.integers(0, 5))
            number = draw(st.integers(-100, 600).map(str) | st.sampled_from(WRONG))
            return raw[:field] + number.encode().rjust(8)[:8] + raw[field + 8 :]
        case how:
            end = int(raw[18:26])
            tokens = raw[59:end].split(b"/")
            place = draw(st.integers(0, len(tokens) - 1))
            tokens[place : place + (how == "value")] = [draw(st.sampled_from(WRONG)).encode()]
            return raw[:58] + b"/" + b"/".join(tokens) + b"/" + raw[end + 1 :]


def read_or_refuse(path):
    """Return what came of it and the codes it earned."""
    try:
        dataset, events = read_fcs(path)
    except FCSError as error:
        return "refused", {error.code}
    assert events.values.shape == (dataset.n_events, len(dataset.panel))
    return "read", {r.code for r in dataset.repairs}


@in_one_folder
@given(raw=damaged())
def test_a_damaged_file_is_read_or_refused_with_a_code(tmp_path, raw):
    path = tmp_path / "tube.fcs"
    path.write_bytes(raw)

    outcome, codes = read_or_refuse(path)

    assert codes <= ({*REPAIRS, *NOTICES} if outcome == "read" else {*REFUSALS})


@pytest.mark.parametrize("field", range(4))
@pytest.mark.parametrize("shift", [-12, -4, -2, -1, 1, 2, 4, 12])
def test_no_shift_of_an_offset_gives_other_values(write, field, shift):
    where = ("header_text", "header_text", "header_data", "header_data")[field]
    parts = {where: (0, shift) if field % 2 else (shift, 0)}

    try:
        _, events = read_fcs(write(**parts))
    except FCSError:
        return

    np.testing.assert_array_equal(events.values, values())


@pytest.mark.parametrize(
    "keywords",
    [
        {"$TOT": "1000000000000"},
        {"$PAR": "1000000000"},
        {"$P1B": "2147483648"},
        {"$ENDDATA": "99999999999"},
        {"$BEGINANALYSIS": "1", "$ENDANALYSIS": "99999999999"},
        {"$BEGINSTEXT": "1", "$ENDSTEXT": "99999999999"},
        {"$NEXTDATA": "99999999999"},
    ],
)
def test_no_memory_is_taken_on_the_word_of_a_file(write, keywords):
    path = write(keywords=keywords)

    tracemalloc.start()
    read_or_refuse(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2_000_000
