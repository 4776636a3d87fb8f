"""One measurement in a process of its own, so that memory and imports are its own: prints one line of JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Counts = dict[str, int]


def cytoproc_gate(files: list[Path]) -> Counts:
    """Load and gate each file; return the counts of the last."""
    from benchmarks.strategy import template
    from cytoproc.gating import gate_file

    strategy = template()
    counts: Counts = {}
    for file in files:
        gated = gate_file(file, strategy)
        counts = {strategy.step(p).name: gated.counts[p] for p in strategy.paths}
    return counts


def flowkit_gate(files: list[Path]) -> Counts:
    """Load and gate each file with FlowKit; return the counts of the last."""
    import flowkit as fk

    from benchmarks.strategy import flowkit_strategy, template

    strategy = flowkit_strategy()
    wanted = template()
    names = [wanted.step(p).name for p in wanted.paths]
    counts: Counts = {}
    for file in files:
        sample = fk.Sample(str(file), sample_id=file.name)
        report = strategy.gate_sample(sample).report
        found = dict(zip(report["gate_name"], report["count"], strict=True))
        counts = {name: int(found[name]) for name in names}
    return counts


def read_bytes(files: list[Path]) -> Counts:
    """Only read the bytes, into one reused buffer."""
    buffer = bytearray(1 << 20)
    for file in files:
        with file.open("rb", buffering=0) as f:
            while f.readinto(buffer):
                pass
    return {}


def hash_bytes(files: list[Path]) -> Counts:
    """Only compute SHA-256, as the run record does."""
    import hashlib

    for file in files:
        with file.open("rb") as f:
            hashlib.file_digest(f, "sha256")
    return {}


def peak_mb() -> float:
    """Return the most memory this process has held, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage also counts what the parent held before this program was started
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


JOBS: dict[str, Callable[[list[Path]], Counts]] = {
    "cytoproc": cytoproc_gate,
    "flowkit": flowkit_gate,
    "bytes": read_bytes,
    "sha256": hash_bytes,
}


def main() -> None:
    """Run a job on one file to warm up (imports, tables of scales), then on the others, measured."""
    job, warm_up, files = JOBS[sys.argv[1]], Path(sys.argv[2]), [Path(f) for f in sys.argv[3:]]
    job([warm_up])
    started = time.process_time()
    counts = job(files)
    cpu_s = time.process_time() - started
    result: dict[str, Any] = {"cpu_s": cpu_s, "peak_mb": peak_mb(), "counts": counts}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
