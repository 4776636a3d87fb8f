"""`cytoproc run`."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.inputs import read_inputs
from cytoproc.cli.screen import name_some, print_error, print_json, print_lines, print_table
from cytoproc.model.paths import ROOT, split_path
from cytoproc.model.text import one_line

if TYPE_CHECKING:
    from cytoproc.model.results import SampleResult
    from cytoproc.running import Run
    from cytoproc.study.definition import Study
    from cytoproc.study.results import ResultRow
    from cytoproc.templates.template import GatingTemplate

_STOPPED = 130
_MOST_COLUMNS = 6
_MOST_TOLD = 20
_PAGE = 120
_MEANINGS = {
    "ND": "ND (n): n events, fewer than the {row.lod_events} it takes to call a population detected",
    "BLQ": "BLQ (n): n events, fewer than the {row.lloq_events} it takes to give a number",
    "NOT_EVALUABLE": "NOT_EVALUABLE (n): n events, out of too few for a percentage",
}


def run(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="STUDY | FILES...",
            help="A study (YAML file, or a folder with study.yaml), or FCS files and folders of them.",
        ),
    ],
    template: Annotated[
        str | None,
        typer.Option("--template", "-t", help="Template for bare files: a YAML file or the name of a shipped one."),
    ] = None,
    dataset: Annotated[
        int | None,
        typer.Option("--dataset", min=1, help="Which data set, counted from 1, of bare files that hold several."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a file that could only be read with a repair.")
    ] = False,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder for the results: absent, empty, or of a run that was stopped.")
    ] = Path("results"),
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=0,
            help="Processes that share the files; 0: none but this one. [default: one a core, fewer for small batches]",
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, help="Seconds after which a file is given up.")
    ] = 600.0,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was stopped, or update a finished one: what changed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Gate every sample of a study, or bare FCS files, with a template and write the tables.

    One file that cannot be read is one row of the table; the others are done all the same, and the exit code is 1.
    Finished samples are kept in the folder, so a run that was stopped goes on where it was.
    """
    from cytoproc.running import run_study
    from cytoproc.study.executors import Workers

    study = read_inputs(inputs, template, dataset, strict=strict)
    supervised = Workers(_usual_workers(study) if workers is None else workers, timeout)
    with _Progress(len(study.manifest.samples), shown=not (quiet or as_json)) as progress:
        try:
            finished = run_study(study, out, workers=supervised, resume=resume, done=progress.step)
        except KeyboardInterrupt:
            print_error(f"stopped; the samples that were finished are kept in {out}. To go on, run the command again")
            raise typer.Exit(_STOPPED) from None
    if as_json:
        print_json(_summary(finished, finished.study))
    else:
        _print_summary(finished, finished.study)
    if finished.failed:
        raise typer.Exit(1)


def _usual_workers(study: Study) -> int:
    from cytoproc.study.executors import usable_cores, usual_count

    sizes = (s.path.stat().st_size for s in study.manifest.samples if s.path.is_file())
    return usual_count(sum(sizes), cores=usable_cores())


class _Progress:
    """A bar on a terminal, nothing elsewhere; a failed sample is told at once."""

    def __init__(self, total: int, *, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._shown = shown
        console = Console(stderr=True)
        columns = (TextColumn("gating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal))
        self._task = self._bar.add_task("gating", total=total)
        self._n_told = 0

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, result: Any) -> None:
        """Count one sample."""
        self._bar.advance(self._task)
        if not result.error_code or not self._shown:
            return
        self._n_told += 1
        if self._n_told <= _MOST_TOLD:
            print_error(f"{result.sample_id}: {result.error_code}: {result.error}")
        elif self._n_told == _MOST_TOLD + 1:
            print_error("more files fail; they are summed up at the end, and each has its row in results.csv")


def _print_summary(finished: Run, study: Study) -> None:
    from cytoproc.cli.visits import format_visits, shown_by_visit

    samples = {s.sample_id: s for s in study.manifest.samples}
    percents = {(r.sample_id, r.population_id, r.denominator_id): r for r in finished.rows if r.statistic == "PCT"}
    shown = shown_by_visit(finished.rows, study)
    if shown:
        print_lines(*format_visits(finished.rows, study, width=_room()))
    groups: dict[str, list[SampleResult]] = {}
    for result in finished.results:
        groups.setdefault(samples[result.sample_id].get("template"), []).append(result)
    for reference, results in groups.items():
        if reference in shown:
            continue
        template = study.templates[reference]
        title = f"{template.name} {template.version}" if len(groups) > 1 else ""
        _print_results(results, template, percents, title)
    failed, n_files = len(finished.failed), sum(not r.pooled_from for r in finished.results)
    refused = [r for r in finished.results if r.pooled_from and r.error_code]
    for tube in refused:
        print_error(f"{tube.sample_id}: {tube.error_code}: {tube.error}")
    done = f"{n_files - failed} of {n_files} samples done"
    done += f", {failed} could not be processed (see the comment column of results.csv)" if failed else ""
    print_lines(
        "",
        *_failures(finished.failed),
        *_kept(finished),
        done + (f"; {len(refused)} could not be added up, and has no numbers as a whole" if refused else ""),
        f"for Excel:          {finished.folder / 'results.xlsx'}",
        f"all numbers:        {finished.folder / 'results.csv'}, .parquet",
        f"one line a sample:  {finished.folder / 'wide.csv'}, .parquet",
        f"how they were made: {finished.folder / 'record.json'}",
    )


def _failures(failed: Sequence[SampleResult]) -> list[str]:
    """Return how many samples failed of what, the most frequent first, if they are too many to be told one by one."""
    if len(failed) <= _MOST_TOLD:
        return []
    by_code: dict[str, list[str]] = {}
    for result in failed:
        by_code.setdefault(result.error_code, []).append(one_line(result.sample_id))
    most_first = sorted(by_code.items(), key=lambda item: -len(item[1]))
    return [f"{len(ids)} failed, {code}: {name_some(ids)}" for code, ids in most_first]


def _kept(finished: Run) -> list[str]:
    """Return what was taken from an earlier run in the folder, and what was not, and why."""
    if not finished.kept and not finished.again:
        return []
    n = len(finished.kept)
    told = "1 sample was" if n == 1 else f"{n} samples were"
    lines = [f"{told} finished by an earlier run in the folder and not changed since"]
    reasons: dict[str, list[str]] = {}
    for sample_id, why in finished.again:
        reasons.setdefault(why, []).append(sample_id)
    for why, ids in reasons.items():
        lines.append(f"computed again, as {why}: {name_some(ids)}")
    return lines


def _print_results(
    results: list[SampleResult],
    template: GatingTemplate,
    percents: Mapping[tuple[str, str, str], ResultRow],
    title: str,
) -> None:
    """Print one line a sample, with the percentages that the template's report asks for, as many as fit on a screen."""
    wanted = _percentages(template)
    rows = [[percents.get((r.sample_id, *pair)) for r in results] for pair in wanted]
    inner = [[heading, *map(_percent, column)] for heading, column in zip(_headings(wanted), rows, strict=True)]
    before = [["sample", *(r.sample_id for r in results)], ["events", *(_n_events(r) for r in results)]]
    after = [["quality", *(_quality(r) for r in results)]]
    n = _how_many_fit(inner, before + after)
    header, *lines = zip(*before, *inner[:n], *after, strict=True)
    print_table(header, lines, title=title, right=range(1, n + 2))
    if n < len(wanted):
        print_lines(f"{len(wanted) - n} more percentages are in wide.csv")
    print_lines(*_legend([row for column in rows[:n] for row in column if row is not None]))


def _n_events(result: SampleResult) -> str:
    return "" if result.error_code else f"{result.n_events}"


def _quality(result: SampleResult) -> str:
    codes = [f.code for f in result.flags] + [p.code for p in result.repairs]
    return result.error_code or "; ".join(dict.fromkeys(codes)) or "ok"


def _how_many_fit(inner: list[list[str]], others: list[list[str]]) -> int:
    """Return how many of the inner columns the terminal has room for; at least one, and at most `_MOST_COLUMNS`."""
    if not sys.stdout.isatty():
        return min(len(inner), _MOST_COLUMNS)
    room = _room() - sum(_width(column) for column in others)
    used = accumulate(_width(column) for column in inner[:_MOST_COLUMNS])
    return min(len(inner), max(1, sum(width <= room for width in used)))


def _room() -> int:
    """Return how wide the terminal is; a pipe has as much as a page."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PAGE


def _width(column: list[str]) -> int:
    """Return how much of a line a column takes, the space between columns included."""
    return max(len(line) for cell in column for line in cell.split("\n")) + 3


def _legend(rows: list[ResultRow]) -> list[str]:
    """Return what each status that is printed means."""
    by_status = {row.status: row for row in rows}
    return [text.format(row=by_status[status]) for status, text in _MEANINGS.items() if status in by_status]


def _percentages(template: GatingTemplate) -> list[tuple[str, str]]:
    """Return the (population, of) pairs that the report asks for, headlines first; or all of their parents."""
    asked = [
        (item.population, of)
        for item in sorted(template.report, key=lambda item: not item.headline)
        for of in item.percent_of or ([template.step(item.population).parent] if item.population != ROOT else [])
    ]
    return list(dict.fromkeys(asked or [(s.path, s.parent) for s in template.steps]))


def _headings(columns: list[tuple[str, str]]) -> list[str]:
    """Return `T cells` above `% of Lymphocytes`: without their paths, unless two columns would look the same."""
    short = [f"{split_path(path)[-1]}\n% of {split_path(of)[-1]}" for path, of in columns]
    return [f"{path}\n% of {of}" if short.count(s) > 1 else s for s, (path, of) in zip(short, columns, strict=True)]


def _percent(row: ResultRow | None) -> str:
    """Return the percentage, or why there is none, with the events that were seen."""
    if row is None:
        return ""
    return f"{row.value_raw:.4g}" if row.status == "QUANT" else f"{row.status} ({row.n_events:g})"


def _summary(finished: Run, study: Study) -> dict[str, Any]:
    controls = {s.sample_id: s.get("control") for s in study.manifest.samples}
    percents: dict[str, list[dict[str, Any]]] = {}
    concentrations: dict[str, list[dict[str, Any]]] = {}
    for r in finished.rows:
        if r.statistic == "PCT":
            percents.setdefault(r.sample_id, []).append(_percent_as_dict(r))
        elif r.statistic == "ABS":
            concentrations.setdefault(r.sample_id, []).append(_concentration_as_dict(r))
    return {
        "study": study.name,
        "folder": str(finished.folder),
        "n_samples": sum(not r.pooled_from for r in finished.results),
        "n_failed": len(finished.failed),
        "n_kept": len(finished.kept),
        "computed_again": [{"sample_id": sample_id, "why": why} for sample_id, why in finished.again],
        "samples": [
            {
                "sample_id": r.sample_id,
                "file": r.file,
                "n_events": r.n_events,
                "template": r.template,
                "counts": {c.path: c.n_events for c in r.counts},
                "control": controls[r.sample_id],
                "pooled_from": r.pooled_from,
                "percents": percents.get(r.sample_id, []),
                "concentrations": concentrations.get(r.sample_id, []),
                "intensities": [
                    {
                        "population": i.path,
                        "marker": i.marker,
                        "statistic": i.statistic,
                        "value": _known(i.value),
                    }
                    for i in r.intensities
                ],
                "flags": [{"code": f.code, "message": f.message} for f in r.flags],
                "repairs": [{"code": p.code, "message": p.message} for p in r.repairs],
                "error": {"code": r.error_code, "message": r.error} if r.error_code else None,
            }
            for r in finished.results
        ],
    }


def _percent_as_dict(row: ResultRow) -> dict[str, Any]:
    return {
        "population": row.population_id,
        "of": row.denominator_id,
        "value": _known(row.value_raw),
        "ci_low": _known(row.ci_low),
        "ci_high": _known(row.ci_high),
        "status": row.status,
    }


def _concentration_as_dict(row: ResultRow) -> dict[str, Any]:
    """Return cells/µL; `lloq` is the limit from which there is a number to report."""
    return {
        "population": row.population_id,
        "value": _known(row.value_raw),
        "ci_low": _known(row.ci_low),
        "ci_high": _known(row.ci_high),
        "lloq": _known(row.lloq_value),
        "status": row.status,
        "count_method": row.count_method,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
