"""`python -m tests.fuzz --cases 20000 --seed 1`: print how the cases ended, and exit with 1 if any was wrong."""

import argparse
import sys
import time

from cytoproc.study.executors import Failure, Workers, map_tasks
from tests.fuzz.running import add_up, run_cases

_AT_A_TIME = 500


def fuzz(seed, n_cases, workers):
    """Return the outcome of all cases, and what became of workers that did not come back."""
    tasks = [(seed, first, min(_AT_A_TIME, n_cases - first)) for first in range(0, n_cases, _AT_A_TIME)]
    outcomes = dict(map_tasks(run_cases, tasks, workers=workers))
    lost = [f"cases from {tasks[i][1]}: {o.code}: {o.message}" for i, o in outcomes.items() if isinstance(o, Failure)]
    return add_up(o for o in outcomes.values() if not isinstance(o, Failure)), lost


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began = time.perf_counter()
    total, lost = fuzz(asked.seed, asked.cases, Workers(asked.workers, timeout_s=300))
    took = time.perf_counter() - began
    ends = total.ends
    print(f"{total.n_cases} cases, seed {asked.seed}, {took:.0f} s, slowest {total.slowest_s:.3f} s")
    print(f"untyped {ends['UNTYPED']}, hangs {ends['HANG']}, wrong {ends['WRONG']}, lost workers {len(lost)}")
    print(*(f"{n:7d} {end}" for end, n in total.ends.most_common()), sep="\n")
    print(*total.wrong[:20], *lost, sep="\n")
    sys.exit(bool(total.wrong or lost))


if __name__ == "__main__":
    main()
