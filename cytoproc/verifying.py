"""One verification of an assay, from its plan to a folder of tables and figures."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from cytoproc.errors import OutputError, UsageError
from cytoproc.export.delimited import format_csv
from cytoproc.export.verification import findings_table, format_summary, heading_of, limits_table
from cytoproc.study.assay import Goals, Series, Statistic, verify
from cytoproc.study.assay_findings import Finding, LimitsRow, find, limits_for_studies
from cytoproc.study.assay_plan import AssayPlan, read_plan
from cytoproc.study.assay_run import measure
from cytoproc.study.finished import FinishedRun, read_run
from cytoproc.version import __version__
from cytoproc.writing import write_whole

__all__ = ["Verification", "verify_assay"]

_RECORDED = ("numpy", "scipy", "matplotlib")


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification gave: every number as a row, the limits for studies, and the folder with the files."""

    series: tuple[Series, ...]
    findings: tuple[Finding, ...]
    limits: tuple[LimitsRow, ...]
    goals: Goals
    folder: Path


def verify_assay(
    plan: str | Path,
    out: str | Path,
    *,
    run: str | Path | None = None,
    populations: Sequence[str] = (),
    percent_of: str = "",
    goals: Goals | None = None,
) -> Verification:
    """Verify an assay by its blanks, dilutions and replicates; write tables, figures and a summary into a folder.

    The files are `verification.csv`, `limits.csv`, `verification.md`, figures as SVG, and `record.json`. They depend on
    the plan, the run's record and the versions alone.

    Parameters
    ----------
    plan
        A CSV file, as :func:`~cytoproc.study.assay_plan.read_plan` reads it.
    out
        A folder that is absent or empty.
    run
        The folder of a finished run that has the numbers; without it, the plan has them.
    populations
        Names or paths of what to verify; all if none is given.
    percent_of
        What percentages are of, if not of the population's parent; only with a run.
    goals
        The most that CV and bias may be, 25 % each if not given.

    Raises
    ------
    DocumentError, UsageError, OutputError
        If the plan, what is asked for, or the folder cannot be used.
    """
    goals, folder = goals or Goals(), Path(out)
    _check_folder(folder)
    finished = None if run is None else read_run(run)
    read = read_plan(plan, counted_elsewhere=finished is not None)
    if finished is not None:
        measurements = measure(read, finished, populations=populations, percent_of=percent_of)
    else:
        if percent_of:
            msg = "percent_of picks a percentage of a run; without one, the plan's n_parent says what it is of"
            raise UsageError(msg)
        measurements = read.measurements
        there = dict.fromkeys(m.population for m in measurements)
        if unknown := [name for name in populations if name not in there]:
            msg = f"there is no population {unknown[0]!r} in {read.name}; there are: {', '.join(there)}"
            raise UsageError(msg)
        measurements = tuple(m for m in measurements if not populations or m.population in populations)
    series = tuple(verify(measurements, goals=goals))
    found = tuple(find(series, goals))
    limits = tuple(limits_for_studies(series, source=f"verify-assay {read.name} {read.digest[:12]}"))
    verification = Verification(series, found, limits, goals, folder)
    _write(verification, read, finished)
    return verification


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; give --out a folder"
        raise OutputError(msg)
    if folder.is_dir() and any(folder.iterdir()):
        msg = f"{folder} is not empty; give --out another folder, or empty this one"
        raise OutputError(msg)


def _write(verification: Verification, plan: AssayPlan, run: FinishedRun | None) -> None:
    """Write all files, the record last."""
    folder = verification.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        msg = f"cannot make the folder {folder}: {e.strerror or e}"
        raise OutputError(msg) from None
    digests = {}
    for name, content in _files(verification, plan, run):
        write_whole(folder / name, content)
        digests[name] = hashlib.sha256(content).hexdigest()
    record = {
        "cytoproc": __version__,
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in _RECORDED},
        "plan": {"name": plan.name, "sha256": plan.digest},
        "run_record_sha256": run.digest if run else None,
        "goals": asdict(verification.goals),
        "populations": [{"population": x.population, "percent_of": x.percent_of} for x in verification.limits],
        "outputs": digests,
    }
    write_whole(folder / "record.json", (json.dumps(record, indent=2, ensure_ascii=True) + "\n").encode())


def _files(verification: Verification, plan: AssayPlan, run: FinishedRun | None) -> Iterator[tuple[str, bytes]]:
    """Yield each file by its name, the summary last: it names the figures."""
    yield "verification.csv", format_csv(findings_table(verification.findings))
    yield "limits.csv", format_csv(limits_table(verification.limits))
    plots: dict[str, list[str]] = {}
    for of, name, content in _figures(verification):
        plots.setdefault(heading_of(of), []).append(name)
        yield name, content
    facts = {
        "plan": f"{plan.name}, SHA-256 {plan.digest}",
        "numbers": f"a run whose record.json has SHA-256 {run.digest}" if run else "in the plan",
        "goals": f"CV within {verification.goals.cv:g} %, bias within {verification.goals.bias:g} %",
        "made by": f"cytoproc {__version__}; all numbers are in verification.csv",
    }
    yield (
        "verification.md",
        format_summary(
            verification.series,
            verification.findings,
            verification.goals,
            title="Verification of an assay",
            facts=facts,
            plots=plots,
        ),
    )


def _figures(verification: Verification) -> Iterator[tuple[Series, str, bytes]]:
    """Yield each figure with its series and its file name."""
    from cytoproc.plots.verification import (  # noqa: PLC0415 - matplotlib takes half a second, which a wrong plan saves
        plot_blanks,
        plot_linearity,
        plot_precision,
    )

    stems = _stems([limits.population for limits in verification.limits])
    for of in verification.series:
        if of.statistic is Statistic.COUNT:
            drawn = {"blanks": plot_blanks(of)}
        else:
            drawn = {"precision": plot_precision(of, verification.goals), "linearity": plot_linearity(of)}
        for kind, content in drawn.items():
            if content is not None:
                yield of, f"{stems[of.population]}_{of.statistic.lower()}_{kind}.svg", content


def _stems(populations: Sequence[str]) -> dict[str, str]:
    """Return how the files of each population begin: its name, as far as every file system takes it."""
    plain = {name: re.sub(r"[^A-Za-z0-9+-]+", "_", name)[-40:].strip("_") or "population" for name in populations}
    folded = [stem.casefold() for stem in plain.values()]
    return {
        name: f"{stem}_{i}" if folded.count(stem.casefold()) > 1 else stem
        for i, (name, stem) in enumerate(plain.items(), start=1)
    }
