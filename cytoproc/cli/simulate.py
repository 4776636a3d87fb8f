"""`cytoproc simulate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cytoproc.cli.screen import print_json, print_lines

if TYPE_CHECKING:
    from cytoproc.simulate.study import SimulatedStudy


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the study: absent or empty.")],
    *,
    scenario: Annotated[
        str,
        typer.Option(
            help="autologous, allogeneic, no_expansion, early_b_return, cd19_escape or lupus_flare.", metavar="NAME"
        ),
    ] = "autologous",
    patients: Annotated[int, typer.Option(help="How many patients.", metavar="N")] = 1,
    visits: Annotated[
        str, typer.Option(help="Visits: BL,D0,D3,D7,D10,D14,D21,D28,M2,M3,M4,M6,M9,M12.", metavar="LIST")
    ] = "BL,D14,M6",
    tubes: Annotated[
        str, typer.Option(help="T: T, NK and CAR-T cells; B: subsets of B cells.", metavar="LIST")
    ] = "T,B",
    volume_ul: Annotated[float, typer.Option(help="Blood analysed of each tube, µL.", metavar="UL")] = 80.0,
    events: Annotated[
        int | None,
        typer.Option(help="Stop each tube when so many events are stored; less blood is analysed then.", metavar="N"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives other events.", metavar="N")] = 1,
    counting: Annotated[
        str, typer.Option(help="beads (in tube T) or volumetric ($VOL in both tubes).", metavar="NAME")
    ] = "beads",
    drift: Annotated[
        float, typer.Option(help="Gains are off by up to so many decades, anew each visit.", metavar="DECADES")
    ] = 0.0,
    dead: Annotated[float, typer.Option(help="Share of dead cells.", metavar="SHARE")] = 0.03,
    doublets: Annotated[float, typer.Option(help="Share of doublets.", metavar="SHARE")] = 0.04,
    debris: Annotated[float, typer.Option(help="Share of debris.", metavar="SHARE")] = 0.15,
    car_brightness: Annotated[
        float, typer.Option(help="How many times as bright CAR-T cells are on CAR.", metavar="TIMES")
    ] = 1.0,
    controls: Annotated[
        str, typer.Option(help="Controls to add: fmo, fmo:MARKER, single, unstained.", metavar="LIST")
    ] = "",
    fault: Annotated[
        str,
        typer.Option(
            help="What goes wrong with tube T of the first patient's last visit: clog, surge, drift, air, "
            "stale_matrix, mislabelled, swapped.",
            metavar="LIST",
        ),
    ] = "",
    storage_gate: Annotated[
        bool, typer.Option("--storage-gate", help="Store little more than lymphocytes, monocytes and beads.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON.")] = False,
) -> None:
    """Write a synthetic study with known truth: FCS files, manifest, study file. Its numbers are assumptions."""
    from rich.console import Console
    from rich.progress import Progress

    from cytoproc.simulate.measurement import measurements_of
    from cytoproc.simulate.plan import StudyPlan
    from cytoproc.simulate.study import simulate_study

    plan = StudyPlan(
        scenario=scenario,
        patients=patients,
        visits=_names(visits),
        tubes=_names(tubes),
        volume_ul=volume_ul,
        events=events,
        seed=seed,
        counting=counting,
        drift=drift,
        dead=dead,
        doublets=doublets,
        debris=debris,
        car_brightness=car_brightness,
        controls=_names(controls),
        faults=_names(fault),
        storage_gate=storage_gate,
    )
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("simulating", total=len(measurements_of(plan)))
        study = simulate_study(plan, out, done=lambda _: bar.advance(task))
    if as_json:
        print_json(_description(study))
        return
    n_events = sum(f.n_events for f in study.files)
    print_lines(
        f"{study.plan.name}: {len(study.files)} files, {n_events} events, in {out}",
        f"what is truly in them: {out / 'truth.csv'}",
        f"run it: cytoproc run {out} --out results",
    )


def _names(text: str) -> tuple[str, ...]:
    """Return the names in a list with commas."""
    return tuple(name.strip() for name in text.split(",")) if text.strip() else ()


def _description(study: SimulatedStudy) -> dict[str, Any]:
    return {
        "study": study.plan.name,
        "folder": str(study.folder),
        "command": study.plan.command,
        "n_events": sum(f.n_events for f in study.files),
        "files": [{"sample_id": f.sample_id, "file": f.file, "n_events": f.n_events} for f in study.files],
    }
