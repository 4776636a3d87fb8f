"""`python -m benchmarks.readings`: every real file, read by cytoproc and by two other programs.

A file is right if cytoproc's values are those of FlowIO or of fcsparser, or if it is refused with a code. Prints one
line a file that is not plainly equal to both, and totals.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

from cytoproc.comparison.readings import ComparedReading, Verdict, compare_readings

__all__ = ["judged", "real_files"]

_AGREES = {Verdict.EQUAL, Verdict.KEYWORDS_DIFFER}


def real_files(folder: Path) -> list[Path]:
    """Return every FCS and LMD file below a folder."""
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".fcs", ".lmd"} and p.is_file())


def judged(path: Path) -> tuple[str, list[ComparedReading]]:
    """Return what is to be said of a file, and the two comparisons behind it."""
    found = [compare_readings(path, reader) for reader in ("flowio", "fcsparser")]
    if code := found[0].code:
        readers = [c.reader for c in found if c.verdict is Verdict.ONLY_OTHER]
        return f"refused, {code}" + (f"; read by {' and '.join(readers)}" if readers else ""), found
    equal = [c.reader for c in found if c.verdict in _AGREES]
    if equal:
        return f"equal to {' and '.join(equal)}", found
    unread = all(c.verdict is Verdict.ONLY_CYTOPROC for c in found)
    return "read by cytoproc alone" if unread else "EQUAL TO NEITHER", found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).resolve().parents[2] / "shared"
    shared = Path(os.environ.get("CYTOPROC_SHARED", default)) / "data" / "fcs"
    parser.add_argument("folder", type=Path, nargs="?", default=shared)
    folder = parser.parse_args().folder
    totals: Counter[str] = Counter()
    for path in real_files(folder):
        said, found = judged(path)
        totals[said] += 1
        if said != "equal to flowio and fcsparser":
            print(f"{path.relative_to(folder)}: {said}")
            for c in found:
                print(f"    {c.reader}: {c.verdict}", c.first_difference or c.other_refusal[:160], sep="; ")
    print(*(f"{n:5d} {said}" for said, n in totals.most_common()), f"{sum(totals.values()):5d} files", sep="\n")


if __name__ == "__main__":
    main()
