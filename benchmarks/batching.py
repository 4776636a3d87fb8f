"""How many events a second a batch goes through, with one worker process and with two."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

from benchmarks.strategy import template
from benchmarks.tubes import write_synthetic_tube

__all__ = ["HEADER", "batch_rows"]

HEADER = ["files of 100,000 events by 14 channels", "s", "CPU s", "million events a second", "times one worker"]


def batch_rows(folder: Path, *, n_files: int) -> list[list[str]]:
    """Return a line for each number of workers: all files through the unit of work, hashed, read, gated and kept."""
    from cytoproc.study.batch import process_batch
    from cytoproc.study.executors import Workers
    from cytoproc.study.processing import SampleTask

    first = folder / "tube.fcs"
    write_synthetic_tube(first, 100_000, spare=False)
    tasks = []
    for i in range(n_files):
        path = folder / f"tube_{i:03d}.fcs"
        os.link(first, path)
        tasks.append(SampleTask(path.stem, path, path.name, template()))
    rows, alone = [], 0.0
    for count in (1, 2):
        began, before = time.perf_counter(), _cpu_s()
        batch = process_batch(tasks, workers=Workers(count))
        wall, cpu = time.perf_counter() - began, _cpu_s() - before
        failed = [r.error for r in batch.results if r.error_code]
        if failed:
            raise SystemExit(f"{len(failed)} of {n_files} files failed: {failed[0]}")
        rate = sum(r.n_events for r in batch.results) / wall / 1e6
        alone = alone or rate
        rows.append(
            [f"{n_files}, {count} worker(s)", f"{wall:.1f}", f"{cpu:.1f}", f"{rate:.2f}", f"{rate / alone:.2f}"]
        )
    return rows


def _cpu_s() -> float:
    """Return the CPU time of this process and of all that it started and that have ended."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)
