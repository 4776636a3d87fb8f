"""How the documentation is built. Nothing is fetched from the network."""

from pathlib import Path
from typing import Any

import typer
from sphinx.application import Sphinx

from cytoproc.cli import app as commands
from cytoproc.version import __version__

project = "cytoproc"
author = "The cytoproc developers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

default_role = "literal"  # a docstring's `word` is code
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = True
autosummary_ignore_module_all = False
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"cytoproc {release}"


def write_commands(app: Sphinx) -> None:
    """Write the page of all commands from their own help."""

    def section(command: Any, name: str, level: int) -> list[str]:
        context = command.context_class(command, info_name=name)
        lines = [f"{'#' * level} {name}", "", command.get_short_help_str(500) if level > 1 else "", ""]
        if hasattr(command, "commands"):
            for child, inner in command.commands.items():
                lines += section(inner, f"{name} {child}", level + 1)
            return lines
        rows = [r for p in command.get_params(context) if (r := _row(p, context))]
        return [*lines, f"`{command.get_usage(context).removeprefix('Usage: ')}`", "", *rows, ""]

    page = Path(app.srcdir) / "reference" / "api" / "commands.md"
    page.parent.mkdir(exist_ok=True)
    text = "\n".join(section(typer.main.get_command(commands), "cytoproc", 1))
    page.write_text(text.replace("# cytoproc\n", "# Commands\n", 1), encoding="utf-8")


def _row(parameter: Any, context: Any) -> str:
    record = parameter.get_help_record(context)
    if record is None:
        name, text = parameter.make_metavar(context), getattr(parameter, "help", None) or ""
        return f"- `{name}`: {text}"
    return f"- `{record[0]}`: {record[1]}"


def setup(app: Sphinx) -> None:
    """Have the page written before the pages are read."""
    app.connect("builder-inited", write_commands)
