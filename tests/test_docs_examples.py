"""The evaluator of the documentation's examples notices what is wrong on a page."""

from pathlib import Path

import pytest

from tests.docs_examples import examples


def failure_of(text: str, folder: Path) -> str:
    """Run a page; return what its first failing example says, or nothing."""
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    sybil = examples(folder)
    document = sybil.parse(page)
    sybil.setup(document.namespace)
    try:
        for example in document.examples():
            example.evaluate()
    except AssertionError as error:
        return str(error)
    finally:
        sybil.teardown(document.namespace)
    return ""


def console(*lines: str, before: str = "") -> str:
    return "\n".join((before, "```console", *lines, "```", ""))


@pytest.mark.parametrize(
    "page",
    [
        console("$ echo one"),
        console("$ echo one", "one"),
        console("$ echo one", "one", "$ echo two", "two"),
        console("$ printf 'a  \\nb\\n\\n'", "a", "b"),
        console("$ printf 'a\\nb\\nc\\n'", "a", "...", "c"),
        console("$ echo took 12 s", "took ... s"),
        console("$ echo one \\", "    two", "one two"),
        console("$ false", before="<!-- exit: 1 -->"),
        console("$ true", "$ exit 2", before="<!-- exit: 2 -->\n"),
        console("$ echo hello > note", "$ cat note", "hello"),
        "<!-- skip: next -->\n" + console("$ false"),
        "```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n",
        "```python\n>>> 1 + 1\n2\n\n```\n",
        "```sh\nfalse\n```\n",
    ],
)
def test_a_true_page_passes(page, tmp_path):
    assert failure_of(page, tmp_path) == ""


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (console("$ exit 3"), "exit code 3, but the page says 0"),
        (console("$ true", before="<!-- exit: 1 -->"), "exit code 0, but the page says 1"),
        (console("$ false", "$ false", before="<!-- exit: 1 -->"), "exit code 1, but the page says 0"),
        (console("$ false", before="<!-- exit: 1 -->\n\nAnother thing.\n"), "exit code 1, but the page says 0"),
        (console("$ echo one", "two"), "Got:\n    one"),
        (console("$ echo one", "one", "two"), "Expected:\n    one\n    two"),
        (console("$ echo one >&2", "two"), "Got:\n    one"),
        (console("$ no-such-command"), "exit code 127"),
        (console("one"), "without a command"),
        ("1. step\n\n   ```console\n   $ false\n   ```\n", "exit code 1"),
        ("```python\nassert 1 == 2, 'they differ'\n```\n", "they differ"),
        ("```python\n>>> 1 + 1\n3\n\n```\n", "Got:\n    2"),
    ],
)
def test_a_false_page_fails_and_says_why(page, says, tmp_path):
    assert says in failure_of(page, tmp_path)


def test_the_examples_of_a_page_run_in_a_folder_of_their_own(tmp_path):
    here = Path.cwd()

    assert failure_of(console("$ touch left-behind") + "```python\nopen('also', 'w').close()\n```\n", tmp_path) == ""

    assert Path.cwd() == here
    assert {p.name for p in tmp_path.iterdir()} == {"page.md"}
    assert not (here / "left-behind").exists()


def test_a_page_has_the_shipped_templates_at_hand(tmp_path):
    assert failure_of(console("$ ls gating_templates"), tmp_path) == ""
