"""What `cytoproc check --second-reader` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from cytoproc.cli.screen import print_error, print_json, print_lines

__all__ = ["print_comparisons"]


def print_comparisons(files: Sequence[tuple[Path, int | None]], reader: str, *, as_json: bool) -> int:
    """Compare each file, at its data set, with what another program reads; return the exit code.

    0 if nothing differs in what both read; 1 if a value or keyword does, or cytoproc refuses a file.
    """
    from cytoproc.comparison.readings import Verdict, compare_readings

    found = [compare_readings(path, reader, dataset=dataset) for path, dataset in files]
    differing = {Verdict.VALUES_DIFFER, Verdict.KEYWORDS_DIFFER, Verdict.ONLY_OTHER, Verdict.NEITHER}
    n_bad = sum(c.verdict in differing for c in found)
    if as_json:
        print_json({"reader": reader, "n_files": len(found), "files": [asdict(c) for c in found]})
        return int(n_bad > 0)
    for c in found:
        said = [c.first_difference, f"cytoproc: {c.code}: {c.refusal}" if c.code else "", c.other_refusal]
        compared = f"{c.n_values} values and {c.n_keywords} keywords" if c.n_keywords else ""
        data_set = f", data set {c.dataset}" if c.dataset > 1 else ""
        print_lines(f"{c.file}{data_set}: {c.verdict}" + (f", {compared}" if compared else ""))
        print_lines(*(f"  {line}" for text in said if text for line in text.splitlines()))
    totals = Counter(c.verdict.value for c in found)
    summary = f"{len(found)} files read with {reader} too: " + ", ".join(f"{n} {v}" for v, n in totals.items())
    if n_bad:
        print_error(summary)
    else:
        print_lines(summary)
    return int(n_bad > 0)
