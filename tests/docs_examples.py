"""Runs the examples of the documentation, so that a page cannot say what is not so.

A page's `python` blocks share one namespace and run from top to bottom; its `console` blocks hold commands behind `$ `
and, if the page shows it, their output. Both run in a folder of their own, which holds copies of the repository's
`example_fcs` and `gating_templates`.

A command must end with exit code 0, the last one of a block with the code of a comment before it: `<!-- exit: 1 -->`.
Output is compared if there is any; `...` stands for any text, also over several lines.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

REPOSITORY = Path(__file__).resolve().parents[1]
COPIED = ("example_fcs", "gating_templates")

_EXIT = re.compile(r"<!-- exit: (\d+) -->\s*\Z")
_COMMAND = re.compile(r"^\$ (?P<command>(?:.*\\\n)*.*)\n?(?P<output>(?:(?!\$ ).*\n?)*)", re.MULTILINE)


def examples(path: Path = REPOSITORY) -> Sybil:
    """Return what finds and runs the examples of the Markdown pages in the folder `path`."""
    return Sybil(
        parsers=[
            CodeBlockParser("console", run_console),
            PythonCodeBlockParser(doctest_optionflags=doctest.ELLIPSIS),
            SkipParser(),
        ],
        path=str(path),
        patterns=["*.md"],
        setup=_enter_folder,
        teardown=_leave_folder,
    )


def _enter_folder(namespace: dict) -> None:
    folder = Path(tempfile.mkdtemp(prefix="cytoproc-docs-"))
    for name in COPIED:
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, folder / name)
    namespace["_came_from"], namespace["_folder"] = Path.cwd(), folder
    os.chdir(folder)


def _leave_folder(namespace: dict) -> None:
    os.chdir(namespace["_came_from"])
    shutil.rmtree(namespace["_folder"])


def run_console(example: Example) -> str | None:
    """Run the commands of a block in turn; return what is wrong with the first that does not do as the page says."""
    said = _EXIT.search(example.document.text[: example.region.start])
    last_code = int(said[1]) if said else 0
    steps = list(_COMMAND.finditer(str(example.parsed)))
    if not steps:
        return "a console block without a command: commands begin with '$ '"
    for step in steps:
        wanted_code = last_code if step is steps[-1] else 0
        if wrong := _check_command(step["command"], step["output"], wanted_code):
            return wrong
    return None


def _check_command(command: str, wanted: str, wanted_code: int) -> str | None:
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "COLUMNS": "100", "NO_COLOR": "1"},
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != wanted_code:
        return f"$ {command}\nexit code {done.returncode}, but the page says {wanted_code}; it printed:\n{done.stdout}"
    if not wanted.strip():
        return None
    checker, flags = doctest.OutputChecker(), doctest.ELLIPSIS | doctest.DONT_ACCEPT_BLANKLINE
    want, got = _tidy(wanted), _tidy(done.stdout)
    if checker.check_output(want, got, flags):
        return None
    return f"$ {command}\n{checker.output_difference(doctest.Example(command, want), got, flags)}"


def _tidy(text: str) -> str:
    """Return text without white space at the ends of its lines, and without empty lines at its end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip() + "\n"
