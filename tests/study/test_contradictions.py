"""Manifests that cannot be true: each is refused, with its row, its column, and what to do."""

from datetime import date

import pytest

from cytoproc.errors import ManifestError
from cytoproc.study.bead_lots import BeadLot
from cytoproc.study.manifest import COLUMNS, read_manifest

LOTS = {
    "P1": BeadLot("P1", beads_per_tube=51_664, cv=0.02, expires_on=date(2030, 1, 1)),
    "L1": BeadLot("L1", beads_per_ul=1020),
}
BEAD = {"count_method": "SP_BEAD", "sample_volume_ul": "100", "beads_per_tube": "51664"}
LIQUID = {"count_method": "SP_BEAD", "sample_volume_ul": "200", "beads_per_ul": "1020", "bead_volume_ul": "50"}
VOLUME = {"count_method": "SP_VOL", "sample_volume_ul": "100", "final_volume_ul": "1000"}
BLOOD_COUNT = {"count_method": "DP_ALC", "alc_10e9_l": "1.42"}
DRAW = {"subject_id": "P1", "specimen_id": "P1-D14", "tube": "T"}


@pytest.fixture
def read(tmp_path):
    def read_rows(*rows, lots=None):
        names = [c for c in COLUMNS if any(c in row for row in rows) and c != "file"]
        lines = [",".join(["file", *names])]
        lines += [",".join([f"{i}.fcs", *(row.get(c, "") for c in names)]) for i, row in enumerate(rows)]
        (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_manifest(tmp_path / "manifest.csv", bead_lots=lots), ["file", *names]

    return read_rows


@pytest.fixture
def problems_of(read, tmp_path):
    def found(*rows, lots=None):
        with pytest.raises(ManifestError) as caught:
            read(*rows, lots=lots)
        header = (tmp_path / "manifest.csv").read_text(encoding="utf-8").split("\n")[0].split(",")
        for p in caught.value.problems:
            assert header[p.column - 1] == p.where or p.where not in header
        return [(p.line, p.where, p.message) for p in caught.value.problems]

    return found


REFUSED = {
    "beads with a count by volume": (
        [VOLUME | {"beads_per_tube": "51664"}],
        (2, "beads_per_tube", "counts by the volume: leave this empty, or write SP_BEAD if beads count"),
    ),
    "beads with a count in another tube": (
        [DRAW | {"count_method": "SECOND_TUBE", "beads_per_tube": "51664"}],
        (2, "beads_per_tube", "counts in another tube: leave this empty, or write SP_BEAD if beads count"),
    ),
    "two numbers of beads": (
        [LIQUID | {"beads_per_tube": "51664"}],
        (2, "beads_per_tube", "51664, and 1020 beads/µL x 50 µL are 51000; correct one, or leave this empty"),
    ),
    "liquid beads without their volume": (
        [LIQUID | {"bead_volume_ul": ""}],
        (2, "bead_volume_ul", "1020 beads/µL were put in, and not how many µL of them; write the volume"),
    ),
    "a volume of beads of unknown strength": (
        [LIQUID | {"beads_per_ul": ""}],
        (2, "beads_per_ul", "50 µL of beads were put in, and not how many are in a µL; write it, or the lot"),
    ),
    "a lot that nobody knows": (
        [BEAD | {"bead_lot": "P2"}],
        (2, "bead_lot", "lot 'P2' is not in the table of bead lots, which has: P1, L1; add it there"),
    ),
    "another number of beads than the lot's": (
        [BEAD | {"bead_lot": "P1", "beads_per_tube": "49520"}],
        (2, "beads_per_tube", "49520, and lot 'P1' has 51664 beads in a tube; correct the number or the lot"),
    ),
    "pellets with a volume": (
        [BEAD | {"bead_lot": "P1", "bead_volume_ul": "50"}],
        (2, "bead_volume_ul", "lot 'P1' is of pellets, which have no volume; leave this empty or correct the lot"),
    ),
    "another strength than the lot's": (
        [LIQUID | {"bead_lot": "L1", "beads_per_ul": "1000"}],
        (2, "beads_per_ul", "1000, and lot 'L1' has 1020 beads/µL; correct the number or the lot"),
    ),
    "one lot with two numbers": (
        [BEAD | {"bead_lot": "A"}, BEAD | {"bead_lot": "A", "beads_per_tube": "49520"}],
        (3, "beads_per_tube", "lot 'A' has one number of beads in a tube; found 49520, and 51664 in line 2"),
    ),
    "more lymphocytes than white blood cells": (
        [BLOOD_COUNT | {"wbc_10e9_l": "1.2"}],
        (
            2,
            "alc_10e9_l",
            "1.42 lymphocytes are more than the 1.2 white blood cells (wbc_10e9_l) that they are part of",
        ),
    ),
    "a blood count in cells/µL": (
        [BLOOD_COUNT | {"alc_10e9_l": "1420"}],
        (2, "alc_10e9_l", "expected a count in 10^9/L, at most 500 (cells/µL divided by 1000), found '1420'"),
    ),
    "less in the tube than the blood put in": (
        [VOLUME | {"final_volume_ul": "50"}],
        (2, "final_volume_ul", "50 µL in the tube is less than the 100 µL of blood"),
    ),
    "less in the tube than blood and beads": (
        [LIQUID | {"final_volume_ul": "220"}],
        (2, "final_volume_ul", "220 µL in the tube is less than 200 µL of blood and 50 µL of beads"),
    ),
    "blood that was made stronger": (
        [BEAD | {"predilution": "0.5"}],
        (2, "predilution", "expected 1 if the blood was not diluted before, or a larger number, found '0.5'"),
    ),
    "one draw on two days": (
        [DRAW | BEAD | {"day": "14"}, DRAW | {"tube": "B", "count_method": "SECOND_TUBE", "day": "28"}],
        (3, "day", "specimen 'P1-D14' is one blood draw and has one day; found '28', and '14' in line 2"),
    ),
    "one draw with two blood counts": (
        [DRAW | BLOOD_COUNT, DRAW | BLOOD_COUNT | {"tube": "B", "alc_10e9_l": "1.5"}],
        (3, "alc_10e9_l", "has one alc_10e9_l; found '1.5', and '1.42' in line 2"),
    ),
    "one draw at two times": (
        [DRAW | BEAD | {"collected_at": "2024-01-31T09:30"}, DRAW | {"tube": "B", "collected_at": "2024-01-31T10:30"}],
        (3, "collected_at", "has one collected_at; found '2024-01-31T10:30', and '2024-01-31T09:30' in line 2"),
    ),
    "one draw of two kinds": (
        [DRAW | BEAD | {"specimen_type": "whole_blood"}, DRAW | {"tube": "B", "specimen_type": "pbmc"}],
        (3, "specimen_type", "has one specimen_type; found 'pbmc', and 'whole_blood' in line 2"),
    ),
    "two rows of one tube that are not told apart": (
        [DRAW | BEAD, DRAW | BEAD],
        (3, "replicate", "number both, as part if they are files of one tube, as replicate if they are two tubes"),
    ),
    "one part twice": (
        [DRAW | BEAD | {"part": "1"}, DRAW | BEAD | {"part": "1.0"}],
        (3, "part", "part 1.0 of tube 'T' of specimen 'P1-D14' is in line 2 already"),
    ),
    "one part of an uncounted tube twice": (
        [DRAW | {"part": "1"}, DRAW | {"part": "1"}],
        (3, "part", "part 1 of tube 'T' of specimen 'P1-D14' is in line 2 already"),
    ),
    "one part of a control twice": (
        [DRAW | {"part": "1", "control": "fmo:CAR"}, DRAW | {"part": "1", "control": "fmo:CAR"}],
        (3, "part", "part 1 of tube 'T' of specimen 'P1-D14' is in line 2 already"),
    ),
    "parts with different blood": (
        [DRAW | BEAD | {"part": "1"}, DRAW | BEAD | {"part": "2", "sample_volume_ul": "50"}],
        (3, "sample_volume_ul", "files of one tube have one sample_volume_ul; found '50', and '100' in line 2"),
    ),
    "a part without a number beside one that has it": (
        [DRAW | BEAD | {"part": "1", "replicate": "1"}, DRAW | BEAD | {"replicate": "1"}],
        (3, "part", "is in several files (lines 2 and 3): number each as part"),
    ),
    "a replicate without a number beside one that has it": (
        [DRAW | BEAD, DRAW | BEAD | {"replicate": "2"}],
        (2, "replicate", "the other tubes of this specimen and panel are numbered; number this one too"),
    ),
    "beads with a count by the blood count": (
        [BLOOD_COUNT | {"beads_per_tube": "51664"}],
        (2, "beads_per_tube", "counts by the blood count: leave this empty, or write SP_BEAD if beads count"),
    ),
    "a sample before infusion that was drawn after it": (
        [{"control": "pre_infusion", "day": "14"}],
        (2, "day", "a pre_infusion control is drawn before the infusion, and this is day 14"),
    ),
    "replicates that were counted in two ways": (
        [DRAW | BEAD | {"replicate": "1"}, DRAW | {"replicate": "2", "count_method": "NONE"}],
        (3, "count_method", "replicates and parts are counted in one way; found 'NONE', and 'SP_BEAD' in line 2"),
    ),
    "a part that is missing": (
        [DRAW | BEAD | {"part": "1"}, DRAW | BEAD | {"part": "3"}],
        (2, "part", "there are parts 1, 3 and no part 2; number the files of a tube 1, 2, ..., and name all of them"),
    ),
    "a number with a sign between thousands": (
        [BEAD | {"beads_per_tube": "51 664"}],
        (2, "beads_per_tube", "expected a number with a decimal point, found '51 664'"),
    ),
    "a part of nothing": (
        [BEAD | {"part": "1"}],
        (2, "part", "specimen_id is empty: say of which specimen and tube this is a part"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_contradiction_is_refused_with_row_column_and_what_to_do(problems_of, name):
    rows, (line, column, said) = REFUSED[name]

    [found] = problems_of(
        *rows, lots=LOTS if any("bead_lot" in row and "A" not in row.values() for row in rows) else {}
    )

    assert found[:2] == (line, column)
    assert said in found[2]


@pytest.mark.parametrize(
    "rows",
    [
        [BEAD | {"final_volume_ul": "2000"}],  # what lysing adds cancels
        [BEAD | BLOOD_COUNT | {"count_method": "SP_BEAD"}],  # a check of one against the other
        [LIQUID],
        [LIQUID | {"beads_per_tube": "51000"}],
        [{"count_method": "SP_BEAD", "sample_volume_ul": "100", "bead_lot": "P1"}],
        [{"count_method": "SP_BEAD", "sample_volume_ul": "100", "bead_lot": "L1", "bead_volume_ul": "50"}],
        [BEAD | {"bead_lot": "P1", "beads_per_tube": "51700"}],  # rounded
        [VOLUME | {"bead_lot": "P1"}],
        [VOLUME | {"beads_per_tube": "51664", "control": "fmo:CAR"}],
        [DRAW | BEAD | {"collected_at": "2024-01-31"}, DRAW | {"tube": "B", "collected_at": "2024-01-31T10:30"}],
        [DRAW | BEAD | {"alc_10e9_l": "1.42"}, DRAW | {"tube": "B"}],
        [DRAW | BEAD | {"part": "1"}, DRAW | BEAD | {"part": "2"}],
        [DRAW | BEAD | {"replicate": "1"}, DRAW | BEAD | {"replicate": "2", "sample_volume_ul": "50"}],
        [
            DRAW | BEAD | {"replicate": "1", "part": "1"},
            DRAW | BEAD | {"replicate": "1", "part": "2"},
            DRAW | BEAD | {"replicate": "2"},
        ],
        [DRAW | BEAD, DRAW | BEAD | {"control": "fmo:CAR"}],
        [DRAW | BEAD, DRAW | BEAD | {"subject_id": "P2"}],
        [DRAW, DRAW],  # percentages alone need not be told apart
    ],
)
def test_what_may_be_true_is_read(read, rows):
    manifest, _ = read(*rows, lots=LOTS)

    assert len(manifest.samples) == len(rows)


def test_every_contradiction_of_a_manifest_is_told_at_once(problems_of):
    rows = [rows[0] for rows, (line, *_) in REFUSED.values() if len(rows) == 1]

    found = problems_of(*rows, lots=LOTS)

    assert len({line for line, *_ in found}) == len(rows)
