"""`cytoproc gate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytoproc.cli.screen import print_json, print_lines, print_table

if TYPE_CHECKING:
    from cytoproc.gating import GatedFile
    from cytoproc.templates.template import GatingTemplate


def gate(
    file: Annotated[Path, typer.Argument(help="An FCS file.")],
    template: Annotated[str, typer.Option("--template", "-t", help="A YAML file or the name of a shipped template.")],
    membership: Annotated[
        Path | None,
        typer.Option("--membership", help="Write one 0/1 column a population, one row an event in file order."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Gate one file and print how many events each population has."""
    from cytoproc.gating import gate_file
    from cytoproc.templates.reading import read_template
    from cytoproc.templates.shipped import find_template

    chosen = read_template(find_template(template, Path()))
    gated = gate_file(file, chosen, membership=membership is not None)
    if membership is not None:
        _write_membership(membership, gated)
    if as_json:
        findings = [{"code": f.code, "message": f.message} for f in gated.findings]
        print_json(
            {
                "file": str(file),
                "template": chosen.name,
                "n_events": gated.n_events,
                "counts": dict(gated.counts),
                "findings": findings,
            }
        )
        return
    _print_counts(gated, chosen)
    if membership is not None:
        print_lines(f"membership of {gated.n_events} events: {membership}")


def _write_membership(path: Path, gated: GatedFile) -> None:
    from cytoproc.export.tables import membership_table
    from cytoproc.study.folder import write_whole

    write_whole(path, membership_table(gated.memberships))


def _print_counts(gated: GatedFile, template: GatingTemplate) -> None:
    rows = [["root", f"{gated.counts['root']}", "", ""]]
    for step in template.steps:
        n, parent = gated.counts[step.path], gated.counts[step.parent]
        share = f"{100 * n / parent:.4g}" if parent else ""
        source = gated.fitted[step.path].source if step.path in gated.fitted else "LOCKED"
        rows.append([step.path, f"{n}", share, source])
    print_table(["population", "events", "% of parent", "gate"], rows, right=(1, 2))
    print_lines(*(f"{f.code}: {f.message}" for f in gated.findings))
