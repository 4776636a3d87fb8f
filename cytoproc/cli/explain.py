"""`cytoproc explain`."""

from __future__ import annotations

import math
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.screen import print_json, print_lines

if TYPE_CHECKING:
    from cytoproc.study.explaining.explanation import Explanation
    from cytoproc.study.explaining.gates import ExplainedGate
    from cytoproc.study.explaining.intervals import ExplainedInterval
    from cytoproc.study.explaining.numbers import ExplainedLimits, ExplainedNumber

_PAGE = 96
_NARROWEST = 60


def explain(
    run: Annotated[Path, typer.Argument(help="The folder of a finished run.")],
    sample: Annotated[str, typer.Argument(help="A sample_id.")],
    population: Annotated[str, typer.Argument(help="The name or the path of a population.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Tell how the numbers of one population were made, so that a pocket calculator can check them.

    Only the run's folder is read. The exit code is 1 if a number is not what its formula gives.
    """
    from cytoproc.study.explaining.explanation import explain as explain_population
    from cytoproc.study.explaining.wording import render_explanation
    from cytoproc.study.finished import read_run

    explanation = explain_population(read_run(run), sample, population)
    if as_json:
        print_json(_as_dict(explanation))
    else:
        print_lines(*render_explanation(explanation, width=_width()))
    if not explanation.agrees:
        raise typer.Exit(1)


def _width() -> int:
    """Return how wide the lines may be: those of the terminal, and no wider than a page."""
    return min(_PAGE, max(_NARROWEST, shutil.get_terminal_size().columns)) if sys.stdout.isatty() else _PAGE


def _as_dict(e: Explanation) -> dict[str, Any]:
    line = e.line
    return {
        "sample_id": e.sample_id,
        "population": e.path,
        "file": {
            "name": line.text("fcs_file"),
            "sha256": line.text("fcs_sha256"),
            "n_events": e.n_in_file,
            "instrument": line.text("instrument"),
            "collected_at": line.text("collection_dtc"),
            "repairs": e.entry.get("repairs") or [],
        },
        "spillover": e.entry.get("spillover") or [],
        "gates": [_gate(g) for g in e.gates],
        "other_gates": [_gate(g) for g in e.other_gates],
        "numbers": [_number(n) for n in e.numbers],
        "flags": [{"code": code, "message": message} for code, message in e.flags],
        "n_other_flags": e.n_other_flags,
        "template": {"name": e.template.name, "version": e.template.version, "sha256": e.template.digest},
        "software_version": line.text("software_version"),
        "run_id": line.text("run_id"),
        "table": e.table,
        "changed_files": list(e.changed),
        "agrees": e.agrees,
    }


def _gate(g: ExplainedGate) -> dict[str, Any]:
    return {
        "path": g.path,
        "parent": g.parent,
        "gate": g.in_words,
        "source": g.source,
        "events_in": g.n_in,
        "events_out": g.n_out,
        "percent_of_parent": g.percent_of_parent,
    }


def _number(n: ExplainedNumber) -> dict[str, Any]:
    return {
        "sample_id": n.sample_id,
        "population": n.path,
        "statistic": n.statistic,
        "of": n.of,
        "marker": n.marker,
        "formula": n.formula.symbols if n.formula else None,
        "with_values": n.formula.with_values if n.formula else None,
        "symbols": list(n.formula.where) if n.formula else [],
        "v_eff_ul": _known(n.v_eff_ul),
        "value": _known(n.value),
        "unit": n.unit,
        "reported": n.reported,
        "interval": _interval(n.interval) if n.interval else None,
        "limits": _limits(n.limits) if n.limits else None,
        "status": n.status,
        "why": n.why,
        "facts": list(n.facts),
        "agrees": n.agrees,
        "counted_tube": _number(n.counted) if n.counted else None,
    }


def _interval(i: ExplainedInterval) -> dict[str, Any]:
    return {
        "low": _known(i.low),
        "high": _known(i.high),
        "level": i.level,
        "method": i.method,
        "in_words": i.name,
        "formulas": list(i.lines),
        "spreadsheet": list(i.spreadsheet),
        "by_hand": list(i.by_hand),
        "agrees": i.agrees,
    }


def _limits(limits: ExplainedLimits) -> dict[str, Any]:
    return {
        "detect_events": limits.detect_events,
        "quantify_events": limits.quantify_events,
        "detect_value": _known(limits.detect_value),
        "quantify_value": _known(limits.quantify_value),
        "background_events": _known(limits.background_events),
        "background_source": limits.background_source,
        "lob_events": _known(limits.lob_events),
        "in_words": [*limits.of_events, *limits.in_the_unit],
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
