"""`cytoproc templates`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytoproc.cli.screen import of_the_system, print_error, print_json, print_lines, print_table
from cytoproc.errors import CompensationError, OutputError, PanelError, Problem, TemplateError

if TYPE_CHECKING:
    from cytoproc.fcs import FCSDataset
    from cytoproc.templates.template import GatingTemplate

app = typer.Typer(help="List, copy, check and start gating templates.", no_args_is_help=True)


@app.command("list")
def list_templates(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """List the templates that come with cytoproc."""
    from cytoproc.templates.reading import read_template
    from cytoproc.templates.shipped import shipped_templates

    read = {name: read_template(path) for name, path in shipped_templates().items()}
    if as_json:
        print_json([{"name": n, "version": t.version, "description": t.description} for n, t in read.items()])
    else:
        print_table(["template", "version", "what for"], [[n, t.version, t.description] for n, t in read.items()])


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="A shipped template, or a file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print its name and text as JSON.")] = False,
) -> None:
    """Print a template."""
    from cytoproc.templates.shipped import find_template

    text = find_template(name, Path()).read_text(encoding="utf-8")
    if as_json:
        print_json({"template": name, "text": text})
    else:
        typer.echo(text, nl=False)


@app.command("copy")
def copy(
    name: Annotated[str, typer.Argument(help="A shipped template.")],
    to: Annotated[Path | None, typer.Argument(help="The new file; my_NAME.yaml here if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the name of the new file as JSON.")] = False,
) -> None:
    """Copy a shipped template, to make it your lab's own. It is called like its file, so results tell them apart."""
    from cytoproc.templates.shipped import copy_template

    target = to if to is not None else Path(f"my_{name}.yaml")
    _write_new(target, copy_template(name, target.stem))
    if as_json:
        print_json({"template": name, "file": str(target)})
    else:
        print_lines(f"{target}: edit the cuts, then run: cytoproc templates check {target}")


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="Templates: YAML files, or names of shipped ones.")],
    fcs: Annotated[Path | None, typer.Option("--fcs", help="Also bind each template to this FCS file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Check templates and list everything that is wrong, with line and column."""
    from cytoproc.templates.reading import read_template
    from cytoproc.templates.shipped import shipped_templates

    dataset = None
    if fcs is not None:
        from cytoproc.fcs import read_dataset

        dataset = read_dataset(fcs)
    reports, exit_code = [], 0
    for file in files:
        problems: list[dict[str, object]] = []
        try:
            template = read_template(file if file.exists() else shipped_templates().get(str(file), file))
            _bind(template, dataset)
        except TemplateError as e:
            problems, message, exit_code = [_as_dict(p) for p in e.problems], str(e), 2
        except OSError as e:
            message, exit_code = of_the_system(e), 2
            problems = [_as_dict(Problem(message))]
        except (PanelError, CompensationError) as e:
            message, exit_code = f"{file}: does not fit {fcs}: {e}", max(exit_code, 1)
            problems = [_as_dict(Problem(str(e)))]
        else:
            bound = f", and {fcs} has all it needs" if fcs is not None else ""
            message = (
                f"{file}: {template.name} {template.version}, {len(template.steps)} populations, no problems{bound}"
            )
        reports.append({"file": str(file), "ok": not problems, "problems": problems})
        if not as_json:
            (print_error if problems else print_lines)(message)
    if as_json:
        print_json(reports)
    if exit_code:
        raise typer.Exit(exit_code)


def _bind(template: GatingTemplate, dataset: FCSDataset | None) -> None:
    from cytoproc.templates.binding import bind_template

    if dataset is not None:
        bind_template(template, dataset.panel, dataset.keywords)


def _as_dict(problem: object) -> dict[str, object]:
    return {key: getattr(problem, key) for key in ("line", "column", "where", "message")}


@app.command("new")
def new(
    to: Annotated[Path, typer.Argument(help="The new file.")],
    source: Annotated[Path, typer.Option("--from", help="An FCS file of the tube the template is for.")],
    name: Annotated[str, typer.Option("--name", help="The template's name; the new file's name if left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the name of the new file as JSON.")] = False,
) -> None:
    """Start a template from an FCS file: its markers, scales, and first gates to be moved into place."""
    from cytoproc.fcs import read_dataset
    from cytoproc.templates.starting import start_template

    named = name or to.stem
    text = start_template(read_dataset(source), named)
    _write_new(to, text.encode("utf-8"))
    if as_json:
        print_json({"template": named, "file": str(to)})
    else:
        print_lines(f"{to}: set the gates, then run: cytoproc templates check {to} --fcs {source}")


def _write_new(path: Path, content: bytes) -> None:
    from cytoproc.writing import write_whole

    if path.exists():
        msg = f"{path} exists already; choose another name or remove it"
        raise OutputError(msg)
    write_whole(path, content)
