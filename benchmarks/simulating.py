"""How fast studies are simulated, beside only writing the same files."""

from __future__ import annotations

import time
from pathlib import Path

__all__ = ["report_simulating"]


def report_simulating(folder: Path) -> str:
    """Return a sentence: CPU time of simulating the usual study, and of writing the bytes of its files again."""
    from cytoproc.simulate.plan import StudyPlan
    from cytoproc.simulate.study import simulate_study
    from cytoproc.writing import write_whole

    simulate_study(StudyPlan(events=1000), folder / "warm_up")
    started = time.process_time()
    study = simulate_study(StudyPlan(), folder / "study", threads=1)
    simulating = time.process_time() - started
    files = [p.read_bytes() for p in study.folder.rglob("*") if p.is_file()]
    started = time.process_time()
    for content in files:
        write_whole(folder / "again", content)
    writing = max(time.process_time() - started, 1e-4)
    n = sum(f.n_events for f in study.files)
    return (
        f"Simulating {n} events with their truth: {simulating:.2f} CPU s, {n / simulating / 1e6:.2f} million events a "
        f"second, {simulating / writing:.0f} times only writing the same files."
    )
