"""`cytoproc gate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.screen import print_json, print_lines, print_table
from cytoproc.errors import OutputError

if TYPE_CHECKING:
    from cytoproc.gating import GatedFile
    from cytoproc.templates.template import GatingTemplate, Step


def gate(
    file: Annotated[Path, typer.Argument(help="An FCS file.")],
    template: Annotated[str, typer.Option("--template", "-t", help="A YAML file or the name of a shipped template.")],
    membership: Annotated[
        Path | None,
        typer.Option("--membership", help="Write one 0/1 column a population, one row an event in file order."),
    ] = None,
    dataset: Annotated[
        int | None, typer.Option("--dataset", min=1, help="Which data set, counted from 1, if the file holds several.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file that could only be read with a repair.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Gate one file and print how many events each population has."""
    from cytoproc.gating import gate_file
    from cytoproc.templates.reading import read_template
    from cytoproc.templates.shipped import find_template

    document = find_template(template, Path())
    chosen = read_template(document)
    if membership is not None:
        _refuse_an_input(membership, [file, document, *(matrix for _, matrix in chosen.matrices)])
    gated = gate_file(file, chosen, membership=membership is not None, dataset=dataset, strict=strict)
    if membership is not None:
        _write_membership(membership, gated)
    if as_json:
        print_json(_description(file, gated, chosen))
        return
    _print_counts(gated, chosen)
    if membership is not None:
        print_lines(f"membership of {gated.n_events} events: {membership}")


def _refuse_an_input(path: Path, inputs: list[Path]) -> None:
    if path.resolve() in {p.resolve() for p in inputs}:
        msg = f"{path} is what the counts are made from; give --membership another name"
        raise OutputError(msg)


def _write_membership(path: Path, gated: GatedFile) -> None:
    from cytoproc.export.tables import membership_table
    from cytoproc.writing import write_whole

    write_whole(path, membership_table(gated.memberships))


def _description(file: Path, gated: GatedFile, template: GatingTemplate) -> dict[str, Any]:
    return {
        "file": str(file),
        "template": template.name,
        "n_events": gated.n_events,
        "counts": dict(gated.counts),
        "populations": [
            {
                "path": step.path,
                "parent": step.parent,
                "n_events": gated.counts[step.path],
                "percent_of_parent": _share(gated, step),
                "gate": _source(gated, step),
            }
            for step in template.steps
        ],
        "findings": [{"code": f.code, "message": f.message} for f in gated.findings],
    }


def _print_counts(gated: GatedFile, template: GatingTemplate) -> None:
    rows = [["root", f"{gated.counts['root']}", "", ""]]
    for step in template.steps:
        share = _share(gated, step)
        shown = "" if share is None else f"{share:.4g}"
        rows.append([step.path, f"{gated.counts[step.path]}", shown, _source(gated, step)])
    print_table(["population", "events", "% of parent", "gate"], rows, right=(1, 2))
    print_lines(*(f"{f.code}: {f.message}" for f in gated.findings))


def _share(gated: GatedFile, step: Step) -> float | None:
    """Return the percentage of the parent; nothing if that is empty."""
    parent = gated.counts[step.parent]
    return 100 * gated.counts[step.path] / parent if parent else None


def _source(gated: GatedFile, step: Step) -> str:
    return gated.fitted[step.path].source if step.path in gated.fitted else "LOCKED"
