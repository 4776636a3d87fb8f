"""The manifest of a simulated study."""

from __future__ import annotations

from collections.abc import Sequence

from cytoproc.simulate.measurement import Measurement
from cytoproc.simulate.measuring import volumes_of
from cytoproc.simulate.parameters import read_tables
from cytoproc.simulate.patient import product_of
from cytoproc.simulate.plan import StudyPlan
from cytoproc.study.manifest import COLUMNS

__all__ = ["manifest_rows"]

_BEAD_LOT = "SIM-BEADS-1"
_COLLECTED_AT = "08:00"
_B_TEMPLATE = "b_cell_subsets"


def manifest_rows(plan: StudyPlan, measurements: Sequence[Measurement]) -> tuple[list[str], list[list[object]]]:
    """Return the header and the rows of the manifest, in the columns that are used."""
    files = {m.sample_id: m.file for m in measurements}
    for m in measurements:
        if "swapped" in m.faults:
            before = Measurement(m.patient, plan.visits[-2], m.tube).sample_id
            files[m.sample_id], files[before] = files[before], files[m.sample_id]
    rows = [_row(plan, m) | {"file": files[m.sample_id]} for m in measurements]
    used = [c for c in COLUMNS if any(row.get(c) for row in rows)]
    return used, [[row.get(c, "") for c in used] for row in rows]


def _row(plan: StudyPlan, measurement: Measurement) -> dict[str, object]:
    row: dict[str, object] = {
        "sample_id": measurement.sample_id,
        "subject_id": measurement.subject_id,
        "specimen_id": measurement.specimen_id,
        "visit": measurement.visit,
        "day": str(read_tables()["visits"][measurement.visit]["day"]),
        "tube": measurement.tube,
        "template": f"car_t_{product_of(plan.scenario)}" if measurement.tube == "T" else _B_TEMPLATE,
        "acquisition_batch": f"{measurement.specimen_id}-session",
        "control": measurement.control,
        "collected_at": f"{measurement.begins.date()}T{_COLLECTED_AT}",
    }
    if measurement.control:
        return row | {"count_method": "NONE"}
    return row | _counting(plan, measurement.tube)


def _counting(plan: StudyPlan, tube: str) -> dict[str, object]:
    volumes = volumes_of(plan)
    if plan.counting == "volumetric":
        return {
            "count_method": "SP_VOL",
            "sample_volume_ul": _number(volumes.sample_ul),
            "final_volume_ul": _number(volumes.final_ul),
        }
    if tube == "B":
        return {"count_method": "SECOND_TUBE"}
    return {
        "count_method": "SP_BEAD",
        "sample_volume_ul": _number(volumes.sample_ul),
        "beads_per_tube": _number(volumes.beads_per_tube),
        "bead_lot": _BEAD_LOT,
    }


def _number(value: float) -> str:
    return str(value).removesuffix(".0")
