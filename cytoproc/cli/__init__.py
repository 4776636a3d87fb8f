"""The command line: each command parses, calls one library function, prints, and gives an exit code.

0 all done · 1 a file could not be processed · 2 wrong usage or a wrong document.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cytoproc.cli import gate, inspect, run, templates
from cytoproc.cli.screen import print_error
from cytoproc.errors import CompensationError, CytoprocError, FCSError, PanelError
from cytoproc.version import __version__

__all__ = ["app", "main"]

app = typer.Typer(
    name="cytoproc",
    help="Flow cytometry exports into gated counts and percentages, the same every time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("gate")(gate.gate)
app.command("inspect")(inspect.inspect)
app.add_typer(templates.app, name="templates")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cytoproc {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Flow cytometry exports into gated counts and percentages, the same every time."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends with SystemExit."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(args=given, prog_name="cytoproc")
    except (CytoprocError, OSError) as e:
        code = e.code if isinstance(e, CytoprocError) else "FILE_UNREADABLE"
        message = str(e) if isinstance(e, CytoprocError) else _of_the_system(e)
        if "--json" in given:
            typer.echo(json.dumps({"error": {"code": code, "message": message}}))
        print_error(message)
        raise SystemExit(1 if isinstance(e, FCSError | PanelError | CompensationError) else 2) from None


def _of_the_system(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)
