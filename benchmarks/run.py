"""`make bench`: speed and memory beside FlowKit and beside only reading the bytes.

CPU time, one thread, each measurement in its own process, both sides in the same run. Where their counts differ, no
time is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.batching import HEADER as BATCH_HEADER
from benchmarks.batching import batch_rows
from benchmarks.simulating import report_simulating
from benchmarks.tubes import find_real_tube, write_synthetic_tube

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "explanation" / "speed.md"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours_s: float
    theirs_s: float
    bytes_s: float
    ours_mb: float
    theirs_mb: float

    def cells(self) -> list[str]:
        """Return the line as text."""
        return [
            self.what,
            f"{self.ours_s:.3f}",
            f"{self.theirs_s:.3f}",
            f"{self.theirs_s / self.ours_s:.1f}",
            f"{self.ours_s / self.bytes_s:.1f}",
            f"{self.ours_mb:.0f}",
            f"{self.theirs_mb:.0f}",
        ]


HEADER = ["", "cytoproc, CPU s", "FlowKit, CPU s", "times faster", "times the bytes only", "peak MB", "FlowKit peak MB"]


def measure(job: str, files: list[Path], warm_up: Path) -> dict[str, Any]:
    """Return what one job took in a process of its own, after one small file so that imports are not in the time."""
    command = [sys.executable, "-m", "benchmarks.measure", job, str(warm_up), *map(str, files)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{job} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compare(what: str, files: list[Path], warm_up: Path) -> Row:
    """Return the line for a set of files, after checking that both sides count the same."""
    ours, theirs, floor = (measure(job, files, warm_up) for job in ("cytoproc", "flowkit", "bytes"))
    if ours["counts"] != theirs["counts"]:
        raise SystemExit(f"{what}: the counts differ\ncytoproc {ours['counts']}\nFlowKit  {theirs['counts']}")
    if not all(ours["counts"].values()):
        print(f"note: {what}: an empty population: {ours['counts']}", file=sys.stderr)
    return Row(what, ours["cpu_s"], theirs["cpu_s"], max(floor["cpu_s"], 1e-4), ours["peak_mb"], theirs["peak_mb"])


def start_up(statement: str) -> tuple[float, float]:
    """Return CPU seconds and peak MB of a fresh interpreter that runs a statement."""
    code = f"{statement}\nfrom benchmarks.measure import peak_mb; print(peak_mb())"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, float(done.stdout.splitlines()[-1])


STATEMENTS = {
    "an empty interpreter": "pass",
    "`cytoproc --help`": (
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    from cytoproc.cli import main; main(['--help'])"
    ),
    "`import cytoproc`": "import cytoproc",
    "what a worker imports": "import cytoproc.study.processing",
    "`import numpy`": "import numpy",
    "`import flowkit`": "import flowkit",
}


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Measure everything, print the tables, and with --write keep them in the documentation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE.relative_to(ROOT)}")
    parser.add_argument("--quick", action="store_true", help="leave out the files of 1 and 5 million events")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        batch = [Path(folder) / f"tube_{i:02d}.fcs" for i in range(33)]
        real = find_real_tube()
        if real is None:
            write_synthetic_tube(batch[0], 50_000)
        for path in batch if real else batch[1:]:
            shutil.copyfile(real or batch[0], path)
        rows.append(compare(f"33 files of 50,000 events ({'real' if real else 'synthetic'})", batch, batch[0]))
        digest = measure("sha256", batch, batch[0])["cpu_s"]
        small = Path(folder) / "small.fcs"
        write_synthetic_tube(small, 1_000)
        for millions in () if arguments.quick else (1, 5):
            path = Path(folder) / f"{millions}m.fcs"
            write_synthetic_tube(path, millions * 1_000_000)
            rows.append(compare(f"{millions} million events by 20 channels", [path], small))
            path.unlink()
        simulating = report_simulating(Path(folder))
        for path in batch:
            path.unlink()
        batches = batch_rows(Path(folder), n_files=20 if arguments.quick else 200)
    starts = [[what, f"{cpu:.2f}", f"{mb:.0f}"] for what, s in STATEMENTS.items() for cpu, mb in [start_up(s)]]
    text = "\n\n".join(
        [
            table(HEADER, [r.cells() for r in rows]),
            f"The run record also hashes every file (SHA-256): {digest:.3f} s for the 33 files, not in the table.",
            simulating,
            table(BATCH_HEADER, batches),
            table(["starting", "CPU s", "peak MB"], starts),
        ]
    )
    print(text)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page.split("<!-- measured -->\n")[0], page.split("<!-- end -->")[1]
        PAGE.write_text(f"{head}<!-- measured -->\n\n{text}\n\n<!-- end -->{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
