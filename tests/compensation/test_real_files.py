"""Matrices that instruments wrote, and hostile ones."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from cytoproc.compensation import find_spillover, resolve_compensation
from cytoproc.errors import CompensationError
from cytoproc.model.panel import Channel, Panel

pytestmark = pytest.mark.real_data


def text_of(path: Path) -> dict[str, str]:
    """The keywords of the first TEXT segment; enough for well-formed ones."""
    head = path.read_bytes()[:200_000]
    segment = head[int(head[10:18]) : int(head[18:26]) + 1].decode("latin-1")
    delimiter = segment[0]
    body = segment[1:].rstrip().removesuffix(delimiter)
    words = [w.replace("\0", delimiter) for w in body.replace(delimiter * 2, "\0").split(delimiter)]
    return {k.strip().upper(): v for k, v in zip(words[::2], words[1::2], strict=False)}


def panel_of(keywords: dict[str, str]) -> Panel:
    return Panel(tuple(Channel(keywords[f"$P{i}N"]) for i in range(1, int(keywords["$PAR"]) + 1)))


CORPUS = {
    "spill_singular": "SPILL_SINGULAR",
    "spill_near_singular": "SPILL_SINGULAR",
    "spill_too_few": "SPILL_TOO_FEW",
    "spill_too_many": "SPILL_TOO_MANY",
    "spill_nonnumeric": "SPILL_NOT_A_NUMBER",
    "spill_nan": "SPILL_NOT_FINITE",
    "spill_inf": "SPILL_NOT_FINITE",
    "spill_n_huge": "SPILL_SIZE",
    "spill_by_index": ["SPILL_BY_INDEX"],
    "spill_unknown_channel": "SPILL_UNKNOWN_DETECTOR",
    "spill_duplicate_channel": "SPILL_DUPLICATE_DETECTOR",
    "spill_reordered": [],
    "spill_subset_identity": [],
    "spill_spaces": [],
    "spill_diag_100": ["SPILL_PERCENT"],
    "spill_empty": "SPILL_EMPTY",
    "spill_two_keywords_disagree": "SPILL_CONTRADICTION",
    "spill_name_with_comma": ["SPILL_NAME_HOLDS_SEPARATOR"],
}
"""Class of hostile file: the code of the refusal, or the flags of the matrix."""


@pytest.mark.parametrize("kind", CORPUS)
def test_a_hostile_matrix_is_read_right_or_refused(shared, kind):
    items = json.loads((shared / "corpus" / "MANIFEST.json").read_text())["items"]
    (path,) = (shared / "corpus" / i["file"] for i in items if i["cls"] == kind)
    keywords = text_of(path)

    try:
        found = resolve_compensation("file", keywords, panel_of(keywords))
        outcome = [f.code for f in found.flags]
    except CompensationError as error:
        outcome = error.code

    assert outcome == CORPUS[kind]


REAL = [
    ("DillonHammill__CytoExploreRData/Activation_1.fcs", "SPILL", 11, []),
    ("hally166__R_flowcytometry_course/fcsfiles/yourDATA/Specimen_001_Tube_001_001.fcs", "SPILL", 6, []),
    ("whitews__FlowKit/data/100715.fcs", "SPILL", 13, ["SPILL_OVER_ONE"]),
    ("whitews__FlowIO/data/fcs_files/B01_KC-A-W---91-US.fcs", "$SPILLOVER", 8, []),
    (
        "UMGCCCFCSR__CytometryInR/course/00_Floreada/data/CellCounts5L_AB_01-INF041-04_01.fcs",
        "$SPILLOVER",
        64,
        ["SPILL_IDENTITY"],
    ),
]


@pytest.mark.parametrize(("file", "source", "n", "flags"), REAL, ids=[Path(r[0]).stem for r in REAL])
def test_an_instruments_matrix_is_found_and_inverted(shared, file, source, n, flags):
    keywords = text_of(shared / "data" / "fcs" / file)

    found = find_spillover(keywords, panel_of(keywords))

    matrix = found.spillover.matrix
    assert (found.spillover.source, len(found.spillover.detectors)) == (source, n)
    assert [f.code for f in found.flags] == flags
    assert [float(v) for v in re.split(",", keywords[source])[1 + n :]] == matrix.ravel().tolist()
    np.testing.assert_allclose(matrix @ found.spillover.inverse, np.eye(n), atol=1e-12)
    np.testing.assert_allclose(found.spillover.inverse, np.linalg.inv(matrix), atol=1e-12)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("abbatidanilo__cytoChain/cart_day14_cd3pos.fcs", "COMPENSATED_ALREADY"),
        ("bioc__CytoDx/inst/extdata/sample1.fcs", "COMPENSATED_ALREADY"),
        ("derived/flowSpecs/fullPanel.fcs", "SPILL_MISSING"),
        ("webduvet__fcsparser/test/mockdata/test1.fcs", "SPILL_EMPTY"),
        (
            "eyurtsev__fcsparser/fcsparser/tests/data/FlowCytometers/MiltenyiBiotec/FCS3.1/"
            "EY_2013-07-19_PBS_FCS_3.1_Well_A1.001.fcs",
            "SPILL_TOO_FEW",
        ),
    ],
)
def test_a_file_whose_matrix_must_not_or_cannot_be_used_is_refused(shared, file, code):
    keywords = text_of(shared / "data" / "fcs" / file)

    with pytest.raises(CompensationError, match="`compensation: none`") as caught:
        resolve_compensation("file", keywords, panel_of(keywords))

    assert caught.value.code == code
