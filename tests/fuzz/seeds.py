"""Lawful files of every kind, to be broken."""

import numpy as np

from tests.fcs.builder import fcs_bytes, text_bytes, two, values

_SPILL = "2,FSC-A,SSC-A,1,0.1,0.02,1"
_MIXED = np.dtype([("a", "u1"), ("b", "<u2"), ("c", "<u4")])


def _integers(order, width):
    return (np.arange(21) * 37 % 200).reshape(7, 3).astype(f"{order}u{width}").tobytes()


def _mixed():
    rows = np.zeros(7, _MIXED)
    rows["a"], rows["b"], rows["c"] = np.arange(7), np.arange(7) * 300, np.arange(7) * 70_000
    return rows.tobytes()


def _twenty_four_bits():
    return b"".join(int(v).to_bytes(3, "little") for v in np.arange(21) * 70_000 % 2**24)


_LMD = two(
    {"version": "FCS2.0", "data": _integers("<", 2), "kind": "I", "bits": 16, "top": 1024},
    {"version": "FCS3.0", "data": _integers("<", 4), "kind": "I", "top": 2**20},
)
_WIDE = tuple(f"P{i}-A" for i in range(40))

SEEDS = {
    "float": fcs_bytes(),
    "big endian": fcs_bytes(values().astype(">f4").tobytes(), order="4,3,2,1"),
    "double": fcs_bytes(values().astype("<f8").tobytes(), kind="D", bits=64),
    "fcs 2": fcs_bytes(
        _integers("<", 2), version="FCS2.0", kind="I", bits=16, top=1024, drop=("$BEGINDATA", "$ENDDATA")
    ),
    "integers": fcs_bytes(_integers(">", 4), kind="I", order="4,3,2,1", top=1024),
    "bytes": fcs_bytes(_integers("<", 1), kind="I", bits=8, top=256),
    "24 bits": fcs_bytes(_twenty_four_bits(), kind="I", bits=24, top=2**24),
    "mixed widths": fcs_bytes(_mixed(), kind="I", bits=[8, 16, 32], top=[256, 65536, 2**20]),
    "spillover": fcs_bytes(version="FCS3.2", keywords={"$SPILLOVER": _SPILL, "$TIMESTEP": "0.01", "$COM": "a//b"}),
    "supplemental": fcs_bytes(stext=text_bytes({"$SPILLOVER": _SPILL, "$COM": "µ"})),
    "analysis": fcs_bytes(analysis=text_bytes({"GATE1": "7"})),
    "no offsets in HEADER": fcs_bytes(header={2: "0", 3: "0"}),
    "no events": fcs_bytes(b"", n_events=0),
    "many channels": fcs_bytes(values(50, 40).astype("<f4").tobytes(), names=_WIDE, n_events=50),
    "two data sets": two({}, {"data": values(3).astype("<f4").tobytes(), "n_events": 3}),
    "list mode": _LMD,
    "odd delimiter": fcs_bytes(delimiter="\f", keywords={"$CYT": "a\fb"}),
}
