"""The command line: each command parses, calls one library function, prints, and gives an exit code.

0 all done · 1 a file could not be processed · 2 wrong usage or a wrong document · 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, NoReturn

import typer

from cytoproc.cli import calc, check, explain, gate, inspect, run, simulate, templates, verify_assay
from cytoproc.cli.screen import of_the_system, print_error
from cytoproc.errors import CompensationError, CytoprocError, FCSError, PanelError, UsageError
from cytoproc.model.text import clean_text
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
app.command("check")(check.check)
app.command("gate")(gate.gate)
app.command("explain")(explain.explain)
app.command("inspect")(inspect.inspect)
app.command("simulate")(simulate.simulate)
app.command("verify-assay")(verify_assay.verify_assay)
app.add_typer(templates.app, name="templates")
app.add_typer(calc.app, name="calc")


_WrongArguments: Any = typer.BadParameter.__base__  # what all its usage errors share; typer does not hand it out


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
    as_json = "--json" in given
    is_plain = all(clean_text(argument) == argument for argument in given)
    try:
        # Left to itself, typer prints its own errors: for a person only, and with what was typed as it was.
        ended = app(args=given, prog_name="cytoproc", standalone_mode=is_plain and not as_json)
    except _WrongArguments as e:
        _fail(UsageError.code, e.format_message(), 2, as_json=as_json)
    except CytoprocError as e:
        _fail(e.code, str(e), 1 if isinstance(e, FCSError | PanelError | CompensationError) else 2, as_json=as_json)
    except OSError as e:
        _fail("FILE_UNREADABLE", of_the_system(e), 2, as_json=as_json)
    raise SystemExit(ended)


def _fail(code: str, message: str, exit_code: int, *, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"error": {"code": code, "message": message}}))
    print_error(message)
    raise SystemExit(exit_code)
