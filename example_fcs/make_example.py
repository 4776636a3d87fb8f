"""Writes the files of the example study: `python example_fcs/make_example.py` gives the same bytes each time."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytoproc.fcs import write_fcs
from cytoproc.simulate import SimulatedTube, simulate_tube
from cytoproc.simulate.tube import DOUBLET, format_spillover

__all__ = ["VISITS", "Visit", "make_example", "simulate_visit"]

SEED = 20200309
SUBJECT = "SYN-001"
DOUBLET_SHARE, DEAD_SHARE = 0.04, 0.03  # of all other events
NEUTROPHILS, DEBRIS = 2000, 600  # what the storage gate lets through

# How the T cells of a kind divide into classes.
PARTS = {
    "CD4": {"CD4_naive": 0.35, "CD4_cm": 0.40, "CD4_em": 0.25},
    "CD8": {"CD8_naive": 0.20, "CD8_em": 0.55, "CD8_temra": 0.25},
    "CAR": {"CAR_CD8_em": 2 / 3, "CAR_CD4_em": 1 / 3},
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One blood draw: when it was, how much blood is behind the file, and its cells per µL."""

    name: str
    day: int
    date: str
    volume_ul: float
    cells_per_ul: dict[str, float]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{SUBJECT}_{self.name}_T.fcs"

    @property
    def composition(self) -> dict[str, int]:
        """How many events of each class the file holds."""
        counts: dict[str, int] = {}
        for kind, per_ul in self.cells_per_ul.items():
            for name, share in PARTS.get(kind, {kind: 1.0}).items():
                counts[name] = round(per_ul * self.volume_ul * share)
        counts |= {"NEUT": NEUTROPHILS, "DEBRIS": DEBRIS}
        total = sum(counts.values())
        return counts | {"DEAD": round(DEAD_SHARE * total), DOUBLET: round(DOUBLET_SHARE * total)}


VISITS = (
    Visit("BL", -7, "02-MAR-2020", 5.5, {"CD4": 420, "CD8": 380, "CAR": 0, "NK": 110, "B": 140, "MONO": 380}),
    Visit("D14", 14, "23-MAR-2020", 10.0, {"CD4": 120, "CD8": 140, "CAR": 85, "NK": 60, "B": 0, "MONO": 350}),
    Visit("M6", 180, "05-SEP-2020", 5.5, {"CD4": 330, "CD8": 420, "CAR": 0.02, "NK": 140, "B": 62, "MONO": 400}),
)


def simulate_visit(visit: Visit) -> SimulatedTube:
    """Return the events of a visit, and what each one truly is."""
    return simulate_tube(visit.composition, rng=np.random.default_rng([SEED, VISITS.index(visit)]))


def make_example(folder: Path) -> None:
    """Write every visit's file, `manifest.csv` and `truth.csv` into `folder`."""
    for visit in VISITS:
        tube = simulate_visit(visit)
        write_fcs(folder / visit.file, tube.events, keywords=_keywords(visit, tube))
    manifest = [
        (f"{SUBJECT}-{v.name}", v.file, SUBJECT, f"{SUBJECT}-{v.name}-blood", v.name, v.day, "T") for v in VISITS
    ]
    header = ("sample_id", "file", "subject_id", "specimen_id", "visit", "day", "tube")
    _write_csv(folder / "manifest.csv", [header, *manifest])
    classes = list(dict.fromkeys(name for v in VISITS for name in v.composition))
    truth = [(name, *(v.composition[name] for v in VISITS)) for name in classes]
    _write_csv(folder / "truth.csv", [("class", *(v.name for v in VISITS)), *truth])


def _keywords(visit: Visit, tube: SimulatedTube) -> dict[str, str]:
    """Return what an instrument says of the tube; nothing here is a person."""
    last = int(tube.events.values[-1, -1]) // 100  # whole seconds
    return {
        "$CYT": "Simulated 3-laser cytometer",
        "$CYTSN": "SIM0001",
        "$DATE": visit.date,
        "$BTIM": "10:00:00",
        "$ETIM": f"10:00:{last:02d}",
        "$FIL": visit.file,
        "$SRC": f"{SUBJECT}-{visit.name}-blood",
        "$SYS": "cytoproc.simulate",
        "$ORIGINALITY": "Original",
        "$SPILLOVER": format_spillover(tube.spillover),
        "TUBE NAME": "T",
    }


def _write_csv(path: Path, rows: list[tuple[object, ...]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8"))


if __name__ == "__main__":
    make_example(Path(__file__).parent)
