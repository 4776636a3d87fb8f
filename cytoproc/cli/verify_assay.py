"""`cytoproc verify-assay`."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.screen import print_json, print_lines, print_table
from cytoproc.errors import UsageError

if TYPE_CHECKING:
    from cytoproc.study.assay_findings import LimitsRow
    from cytoproc.verifying import Verification


def verify_assay(
    plan: Annotated[
        Path,
        typer.Argument(
            metavar="PLAN.csv", help="The plan: one row a measurement, with sample_id, kind, level, expected value."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results: absent or empty.")],
    run: Annotated[
        Path | None,
        typer.Option("--run", help="Folder of a finished run that has the numbers; else the plan has them."),
    ] = None,
    population: Annotated[
        list[str] | None,
        typer.Option("--population", "-p", help="What to verify, by name or path; all if left out. May be repeated."),
    ] = None,
    percent_of: Annotated[
        str, typer.Option("--percent-of", help="What percentages are of, with --run; else of the parent.")
    ] = "",
    cv_goal: Annotated[float, typer.Option("--cv-goal", help="The most that a CV may be, percent.")] = 25.0,
    bias_goal: Annotated[float, typer.Option("--bias-goal", help="The most that a bias may be, percent.")] = 25.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print all numbers as JSON.")] = False,
) -> None:
    """Turn blanks, dilutions and replicates into an assay's limits, precision and linearity, and write them."""
    from cytoproc.study.assay import Goals
    from cytoproc.verifying import verify_assay as verify

    for option, goal in (("--cv-goal", cv_goal), ("--bias-goal", bias_goal)):
        if not 0 < goal < math.inf:
            msg = f"{option} is a percentage above 0, not {goal}"
            raise UsageError(msg)
    done = verify(
        plan,
        out,
        run=run,
        populations=population or (),
        percent_of=percent_of,
        goals=Goals(cv_goal, bias_goal),
    )
    if as_json:
        print_json(_as_dict(done))
    else:
        _print(done)


def _print(done: Verification) -> None:
    from cytoproc.study.assay_findings import say

    print_table(
        ["population", "LoB, events", "LoD, events", "LLOQ, events", "LLOQ, %", "LLOQ, cells/µL"],
        [_row(limits) for limits in done.limits],
        right=range(1, 6),
    )
    print_lines(
        "",
        *say([of for of in done.series if of.unit != "events"], done.goals),
        "",
        f"for the validation file: {done.folder / 'verification.md'}, and the figures beside it",
        f"all numbers:             {done.folder / 'verification.csv'}",
        f"limits for studies:      {done.folder / 'limits.csv'}",
        f"how they were made:      {done.folder / 'record.json'}",
    )


def _row(limits: LimitsRow) -> list[str]:
    from cytoproc.study.rounding import rounded

    events = (limits.lob_events, limits.lod_events, limits.lloq_events)
    values = (limits.lloq_percent, limits.lloq_per_ul)
    return [
        f"{limits.population}, % of {limits.percent_of}" if limits.percent_of else limits.population,
        *("" if math.isnan(x) else f"{x:.0f}" for x in events),
        *("" if math.isnan(x) else rounded(x, 3) for x in values),
    ]


def _as_dict(done: Verification) -> dict[str, Any]:
    from cytoproc.study.assay_findings import say

    return {
        "folder": str(done.folder),
        "goals": asdict(done.goals),
        "limits": [_known(asdict(limits)) for limits in done.limits],
        "findings": [_known(asdict(finding)) for finding in done.findings],
        "verdicts": say(done.series, done.goals),
    }


def _known(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with null for what is not known."""
    return {name: None if isinstance(x, float) and not math.isfinite(x) else x for name, x in row.items()}
