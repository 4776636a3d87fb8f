"""`cytoproc inspect`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.screen import print_json, print_lines, print_table

if TYPE_CHECKING:
    from cytoproc.fcs import FCSDataset


def inspect(
    file: Annotated[Path, typer.Argument(help="An FCS file.")],
    dataset: Annotated[
        int | None, typer.Option("--dataset", min=1, help="Which data set, counted from 1, if the file holds several.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file that could only be read with a repair.")
    ] = False,
    keywords: Annotated[
        bool, typer.Option("--keywords", help="Show every keyword, those that may name a patient too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show what an FCS file holds: events, channels and markers, spillover, and what was repaired in reading it."""
    from cytoproc.fcs import read_dataset

    found = read_dataset(file, dataset, strict=strict)
    shown = _description(found, keywords=keywords)
    if as_json:
        print_json(shown)
    else:
        _print(shown, found)


def _description(found: FCSDataset, *, keywords: bool) -> dict[str, Any]:
    from cytoproc.study.privacy import allowed_keywords

    chosen = found.keywords if keywords else dict(allowed_keywords(found.keywords))
    return {
        "file": found.path.name,
        "version": found.version,
        "dataset": found.index,
        "n_datasets": found.n_datasets,
        "n_events": found.n_events,
        "channels": [
            {
                "number": i + 1,
                "name": c.name,
                "label": c.label,
                "kind": c.kind.value,
                "range": None if math.isnan(c.top) else c.top,
                "gain": c.gain,
                "decades": c.decades,
                "voltage": None if math.isnan(c.voltage) else c.voltage,
            }
            for i, c in enumerate(found.panel.channels)
        ],
        "spillover": _spillover(found),
        "repairs": [{"code": r.code, "message": r.message} for r in found.repairs],
        "keywords": dict(chosen),
    }


def _spillover(found: FCSDataset) -> dict[str, Any]:
    """Return the matrix that the file holds, or why there is none that can be used."""
    from cytoproc.compensation import find_spillover
    from cytoproc.errors import CompensationError

    try:
        matrix = find_spillover(found.keywords, found.panel)
    except CompensationError as e:
        return {"found": False, "code": e.code, "message": str(e)}
    flags = [{"code": f.code, "message": f.message} for f in matrix.flags]
    if matrix.spillover is None:
        return {"found": False, "code": "", "message": "the file holds no spillover matrix", "flags": flags}
    return {
        "found": True,
        "source": matrix.spillover.source,
        "detectors": list(matrix.spillover.detectors),
        "flags": flags,
    }


def _print(shown: dict[str, Any], found: FCSDataset) -> None:
    several = f", data set {shown['dataset']} of {shown['n_datasets']}" if shown["n_datasets"] > 1 else ""
    print_lines(
        f"{shown['file']}: {shown['version']}, {shown['n_events']} events, {len(found.panel)} channels{several}"
    )
    rows = [
        [
            f"{c['number']}",
            c["name"],
            c["label"],
            c["kind"],
            _number(c["range"]),
            _number(c["gain"]),
            _number(c["decades"]),
            _number(c["voltage"]),
        ]
        for c in shown["channels"]
    ]
    header = ["#", "channel ($PnN)", "marker ($PnS)", "kind", "range", "gain", "log decades", "voltage"]
    print_table(header, rows, right=(0, 4, 5, 6, 7))
    matrix = shown["spillover"]
    lines = [
        f"spillover: {matrix['source']}, {len(matrix['detectors'])} detectors"
        if matrix["found"]
        else f"spillover: {matrix['message']}"
    ]
    lines += [f"  {f['code']}: {f['message']}" for f in matrix.get("flags", [])]
    lines += [f"repaired: {r['code']}: {r['message']}" for r in shown["repairs"]]
    lines += [f"{k} = {v}" for k, v in shown["keywords"].items()]
    print_lines(*lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
