"""`cytoproc check`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.inputs import read_inputs
from cytoproc.cli.screen import name_some, print_error, print_json, print_lines, print_table
from cytoproc.errors import UsageError

if TYPE_CHECKING:
    from cytoproc.model.results import QCFlag
    from cytoproc.study.preflight import CheckedSample, PanelGroup

_MOST_GROUPS = 4
_MOST_TOLD = 3


class SecondReader(StrEnum):
    """The programs that can give a second opinion."""

    FLOWIO = "flowio"
    FCSPARSER = "fcsparser"


def check(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="STUDY | FILES...", help="A study, or FCS files and folders of them, as for run."),
    ],
    template: Annotated[
        str | None,
        typer.Option("--template", "-t", help="Template for bare files; without, only the files are looked at."),
    ] = None,
    dataset: Annotated[
        int | None, typer.Option("--dataset", min=1, help="Which data set of bare files that hold several.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file that could only be read with a repair.")
    ] = False,
    second_reader: Annotated[
        SecondReader | None,
        typer.Option("--second-reader", help="Read every value and keyword with another program too, and compare."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the panel matrix, samples by markers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Look at all files before a run: panels, markers, voltages, matrices, and what would go wrong. Nothing is run.

    The exit code is 1 if a sample would fail.
    """
    from cytoproc.study.preflight import preflight

    study = read_inputs(inputs, template, dataset, strict=strict, needs_template=False)
    samples = study.manifest.samples
    if second_reader is not None:
        if csv is not None:
            msg = "--second-reader compares readings and has no panel matrix; leave --csv out"
            raise UsageError(msg)
        from cytoproc.cli.second_reader import print_comparisons

        found = [(s.path, s.dataset) for s in samples]
        raise typer.Exit(print_comparisons(found, second_reader.value, as_json=as_json))
    checked = preflight(samples, lambda s: study.templates.get(s.get("template")), strict=study.strict)
    if csv is not None:
        from cytoproc.export.delimited import format_csv
        from cytoproc.export.panels import panel_table
        from cytoproc.writing import write_whole

        write_whole(csv, format_csv(panel_table(checked)))
    if as_json:
        print_json(_as_dict(study.name, checked))
    else:
        _print(checked)
        print_lines(*([f"panel matrix: {csv}"] if csv is not None else []))
    if any(c.code for c in checked):
        raise typer.Exit(1)


def _as_dict(study: str, checked: Sequence[CheckedSample]) -> dict[str, Any]:
    from cytoproc.study.preflight import group_panels

    return {
        "study": study,
        "n_samples": len(checked),
        "n_that_would_fail": sum(bool(c.code) for c in checked),
        "panels": [
            {"template": g.template, "samples": list(g.sample_ids), "markers": dict(g.places)}
            for g in group_panels(checked)
        ],
        "samples": [
            {
                "sample_id": c.sample.sample_id,
                "file": c.sample.file,
                "template": c.kind[0],
                "error": {"code": c.code, "message": c.message} if c.code else None,
                "markers": [
                    {"marker": m.marker, "channel": m.channel, "label": m.label, "voltage": m.voltage}
                    for m in c.markers
                ],
                "flags": [{"code": f.code, "message": f.message, "severity": f.severity.value} for f in c.flags],
            }
            for c in checked
        ],
    }


def _print(checked: Sequence[CheckedSample]) -> None:
    """Print the panels that agree, what would fail, what is worth a look, and a last line that sums up."""
    from cytoproc.model.results import Severity
    from cytoproc.study.preflight import group_panels

    groups = group_panels(checked)
    for template in dict.fromkeys(g.template for g in groups):
        _print_panels(template, [g for g in groups if g.template == template])
    failing = [c for c in checked if c.code]
    _print_findings("would fail:", ((c.code, c.sample.sample_id, c.message) for c in failing))
    _print_findings("worth a look:", _flags(checked, lambda f: f.severity is not Severity.INFO))
    _print_findings("good to know:", _flags(checked, lambda f: f.severity is Severity.INFO))
    n = len(checked)
    if failing:
        print_error(f"{len(failing)} of {n} samples would fail; nothing was run")
    else:
        print_lines(f"{n} of {n} samples would be done; nothing was run")


def _flags(checked: Sequence[CheckedSample], wanted: Callable[[QCFlag], bool]) -> Iterable[tuple[str, str, str]]:
    return ((f.code, c.sample.sample_id, f.message) for c in checked for f in c.flags if wanted(f))


def _print_panels(template: str, groups: Sequence[PanelGroup]) -> None:
    """Print where each marker is: one column for each group of samples that agree, the largest first."""
    shown = groups[:_MOST_GROUPS]
    header = ["marker", *(f"{len(g.sample_ids)} sample{'s' if len(g.sample_ids) > 1 else ''}" for g in shown)]
    if len(shown) > 1:
        header[1:] = [f"panel {i}\n{text}" for i, text in enumerate(header[1:], start=1)]
    markers = dict.fromkeys(marker for g in shown for marker, _ in g.places)
    places = [dict(g.places) for g in shown]
    rows = [[m, *(_place(p, m, places[0] if i else None) for i, p in enumerate(places))] for m in markers]
    print_table(header, rows, title=template)
    if len(groups) > 1:
        print_lines(*(f"  panel {i}: {name_some(g.sample_ids)}" for i, g in enumerate(shown, start=1)))
    if len(groups) > len(shown):
        rest = sum(len(g.sample_ids) for g in groups[len(shown) :])
        print_lines(f"  {len(groups) - len(shown)} more panels, of {rest} samples: see --csv")
    print_lines("")


def _place(places: dict[str, str], marker: str, first: dict[str, str] | None) -> str:
    """Return where a marker is; a sign of repetition where that is as in the first group."""
    if marker not in places:
        return "–"
    here = places[marker] or "missing"
    return '"' if first is not None and here == first.get(marker) else here


def _print_findings(title: str, findings: Iterable[tuple[str, str, str]]) -> None:
    """Print findings by code: how many samples, and the first messages."""
    by_code: dict[str, dict[str, list[str]]] = {}
    for code, sample_id, message in findings:
        by_code.setdefault(code, {}).setdefault(message, []).append(sample_id)
    if not by_code:
        return
    print_lines(title)
    for code, messages in by_code.items():
        n = len({sample_id for ids in messages.values() for sample_id in ids})
        print_lines(f"  {code}, {n} sample{'s' if n > 1 else ''}")
        for message, ids in list(messages.items())[:_MOST_TOLD]:
            first, *more = message.split("\n")
            print_lines(f"    {name_some(ids)}: {first}", *(f"      {line.strip()}" for line in more))
        if len(messages) > _MOST_TOLD:
            print_lines(f"    and {len(messages) - _MOST_TOLD} more like these: see --json")
    print_lines("")
