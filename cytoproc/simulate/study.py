"""A whole synthetic study as a folder: files, manifest, study file, and the truth."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, fields
from functools import partial
from pathlib import Path

from cytoproc.errors import OutputError
from cytoproc.fcs import write_fcs
from cytoproc.model.text import format_cell
from cytoproc.simulate.keywords import SERIAL, keywords_of
from cytoproc.simulate.labels import format_labels
from cytoproc.simulate.manifest import manifest_rows
from cytoproc.simulate.measurement import Chance, Measurement, measurements_of
from cytoproc.simulate.measuring import Fault, measure
from cytoproc.simulate.plan import StudyPlan
from cytoproc.simulate.truth import TrueCells, count_true_cells
from cytoproc.version import __version__
from cytoproc.writing import write_whole

__all__ = ["MadeFile", "SimulatedStudy", "simulate_study"]

_THREADS = 2

_STUDY = """\
# A synthetic study; truth.csv says what is in its tubes. Run it: cytoproc run FOLDER --out results
study: {plan.name}
manifest: manifest.csv
truth: truth.csv
instruments:
  - {{serial: {serial}, volume_unit: nL}}
"""

_README = """\
# A synthetic study

Nothing here was measured on a person. Every event was drawn from tables of assumptions by cytoproc {version}:

    {command}

The same command and version of cytoproc give the same bytes. `cytoproc run FOLDER --out results` gates the study and
shows the truth beside the results.

| file | what it is |
|---|---|
| `study.yaml`, `manifest.csv` | the study, as cytoproc runs it |
| `fcs/` | the tubes{controls}, FCS 3.1 |
| `truth.csv` | what is truly there of each population, in three columns |
| `truth/labels/` | of each FCS file what its events truly are, one row an event in the order of the file |
| `truth/faults.csv` | what went wrong on purpose with which sample, and when |
| `simulation.json` | all arguments |

In `truth.csv`, `concentration_per_ul` is that in the patient, in cells/µL of blood; `live_cells` are those that passed
the laser while the tube was acquired, the two of a doublet both counted; `live_singlets` are the events of the file
that are one live cell.
"""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """One FCS file of a simulated study."""

    sample_id: str
    file: str
    n_events: int


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """A study that was written into a folder."""

    plan: StudyPlan
    folder: Path
    files: tuple[MadeFile, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """What is left of a measurement once its files are written."""

    file: MadeFile
    truth: tuple[TrueCells, ...]
    faults: tuple[Fault, ...]


def simulate_study(
    plan: StudyPlan, out: str | Path, *, threads: int = _THREADS, done: Callable[[MadeFile], object] = lambda _: None
) -> SimulatedStudy:
    """Write a synthetic study into a folder, ready for `cytoproc run`.

    The same plan gives the same bytes, with any number of threads. But for a fault, which hits the last visit, a file
    does not depend on which other patients, visits, tubes and controls there are. `study.yaml` is written last, so a
    study that was interrupted cannot be run.

    Parameters
    ----------
    plan
        What it is to be.
    out
        The folder: absent or empty.
    threads
        How many tubes are made at once.
    done
        Called with each file that is written.

    Raises
    ------
    OutputError
        If the folder holds anything, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> plan = StudyPlan(visits=("D14",), tubes=("T",), events=100)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = simulate_study(plan, folder)
    ...     sorted(p.name for p in study.folder.iterdir())
    ['README.md', 'fcs', 'manifest.csv', 'simulation.json', 'study.yaml', 'truth', 'truth.csv']
    """
    out = Path(out)
    _open_folder(out)
    measurements = measurements_of(plan)
    written = []
    with ThreadPoolExecutor(threads) as pool:
        for one in pool.map(partial(_write, plan, out), measurements):
            written.append(one)
            done(one.file)
    faults = [f for one in written for f in one.faults]
    _write_csv(out / "truth.csv", _names(TrueCells), (astuple(t) for one in written for t in one.truth))
    _write_csv(out / "truth" / "faults.csv", _names(Fault), map(astuple, faults))
    _write_csv(out / "manifest.csv", *manifest_rows(plan, measurements))
    made = {"cytoproc": __version__, "command": plan.command, "arguments": asdict(plan)}
    controls = " and controls" if plan.controls else ""
    readme = _README.format(version=__version__, command=plan.command, controls=controls)
    write_whole(out / "simulation.json", (json.dumps(made, indent=2) + "\n").encode())
    write_whole(out / "README.md", readme.encode())
    write_whole(out / "study.yaml", _STUDY.format(plan=plan, serial=SERIAL).encode())
    return SimulatedStudy(plan, out, tuple(one.file for one in written))


def _open_folder(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        msg = f"{path} is there already and no empty folder; name one that is absent or empty"
        raise OutputError(msg)
    try:
        (path / "fcs").mkdir(parents=True)
        (path / "truth" / "labels").mkdir(parents=True)
    except OSError as e:
        msg = f"cannot make the folder {path}: {e.strerror or e}"
        raise OutputError(msg) from None


def _write(plan: StudyPlan, out: Path, measurement: Measurement) -> _Written:
    measured = measure(plan, measurement)
    tube = measured.tube
    write_fcs(out / measurement.file, measured.events, keywords=keywords_of(plan, measured))
    write_whole(out / measurement.labels_file, format_labels(tube))
    truth: list[TrueCells] = []
    if measurement.kind is Chance.SAMPLE:
        truth = count_true_cells(measurement.sample_id, plan.scenario, measured.blood, tube, measurement.tube)
    file = MadeFile(measurement.sample_id, measurement.file, len(tube.events))
    return _Written(file, tuple(truth), measured.faults)


def _names(kind: type[TrueCells | Fault]) -> list[str]:
    return [f.name for f in fields(kind)]


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([format_cell(name) for name in header])
    table.writerows([f"{c:.6g}" if isinstance(c, float) else format_cell(c) for c in row] for row in rows)
    write_whole(path, text.getvalue().encode("utf-8"))
