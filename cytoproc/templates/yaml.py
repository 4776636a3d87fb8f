"""A safe subset of YAML 1.2: mappings, lists, text, numbers, true/false/null, each with its line and column."""

from __future__ import annotations

import re
import stat
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cytoproc.errors import Problem

__all__ = ["Places", "WrittenFloat", "WrittenInt", "YAMLProblem", "decode_yaml", "parse_yaml", "read_content"]

_LARGEST_BYTES = 4_000_000
_LONGEST = 1_000_000
_DEEPEST = 50
_MOST_TOKENS = 60_000
_TAG = "tag:yaml.org,2002:"
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"[-+]?(\.inf|\.nan|(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?)", re.IGNORECASE)


class YAMLProblem(Exception):  # noqa: N818 - it carries a Problem to the reader, which raises the document's own error
    """The text is not in the safe subset."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class WrittenFloat(float):
    """A number that remembers how it was written, for the places that want text (`version: 1.10` is not 1.1)."""

    text: str


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Places:
    """Line and column of every key and item, by the way to it from the top of the document."""

    keys: dict[tuple[Hashable, ...], tuple[int, int]]
    values: dict[tuple[Hashable, ...], tuple[int, int]]

    def of(self, way: Sequence[Hashable], *, key: bool = False) -> tuple[int, int]:
        """Return (line, column) of the value at `way`, or of its key; of the nearest thing above if it is not there."""
        full = tuple(way)
        if key and full in self.keys:
            return self.keys[full]
        while full and full not in self.values:
            full = full[:-1]
        return self.values.get(full, (1, 1))


def read_content(path: Path, what: str) -> bytes:
    """Return the bytes of a file that should be a YAML document; `what` is what it should be, for messages.

    Raises
    ------
    YAMLProblem
        If it is no ordinary file, or too large.
    OSError
        If it cannot be read.
    """
    status = path.stat()
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):  # of a folder the system says what it is
        raise YAMLProblem(Problem(f"this is no file; a {what} is a YAML file"))
    if status.st_size > _LARGEST_BYTES:
        message = f"the file has {status.st_size:,} bytes; a {what} has at most {_LARGEST_BYTES:,}"
        raise YAMLProblem(Problem(message))
    return path.read_bytes()


def decode_yaml(raw: bytes, what: str) -> str:
    """Return the text of a YAML document, which is UTF-8 with or without a byte order mark.

    Raises
    ------
    YAMLProblem
        With line and column, if it is not UTF-8.
    """
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise YAMLProblem(Problem(f"UTF-16 text; save the {what} as UTF-8", line=1, column=1))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        begin = raw.rfind(b"\n", 0, e.start) + 1
        line, column = raw.count(b"\n", 0, e.start) + 1, len(raw[begin : e.start].decode("utf-8-sig")) + 1
        problem = Problem(f"not UTF-8 text; save the {what} as UTF-8", line=line, column=column)
        raise YAMLProblem(problem) from None


def parse_yaml(text: str) -> tuple[Any, Places]:
    """Return the plain data of a YAML document, and where each part stands.

    Raises
    ------
    YAMLProblem
        If the text is not YAML, or uses what the safe subset leaves out: tags, anchors, aliases, merge keys, a key
        given twice, keys that are not text, several documents, control characters, more than 1,000,000 characters or 50
        levels.
    """
    if len(text) > _LONGEST:
        raise YAMLProblem(
            Problem(f"the document has {len(text):,} characters; at most {_LONGEST:,} are read", line=1, column=1)
        )
    if (depth := _bracket_depth(text)) > _DEEPEST:
        raise YAMLProblem(
            Problem(f"nested {depth} brackets deep; at most {_DEEPEST} levels are read", line=1, column=1)
        )
    reader = YAML(typ="rt", pure=True)
    try:
        _refuse_tokens(reader.scan(text))
        node = reader.compose(text)
    except MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        words = " ".join(str(w) for w in (e.context, e.problem) if w)
        if "\\t" in words:
            words = "a tab; indent with spaces"
        raise YAMLProblem(Problem(f"not valid YAML: {words}", line=line, column=column)) from None
    except RecursionError:
        raise YAMLProblem(Problem(f"nested too deeply; at most {_DEEPEST} levels are read", line=1, column=1)) from None
    except (YAMLError, ValueError) as e:
        first = str(e).splitlines()[0]
        raise YAMLProblem(Problem(f"not valid YAML: {first}", line=1, column=1)) from None
    places = Places({}, {})
    if node is None:
        return None, places
    return _plain(node, (), places), places


def _bracket_depth(text: str) -> int:
    """Return the deepest nesting of flow brackets, before a parser that calls itself sees the text."""
    depth = deepest = 0
    for character in text:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}" and depth:
            depth -= 1
    return deepest


def _refuse_tokens(tokens: Iterable[Any]) -> None:
    """Stop at the first token that is not read, while the text is scanned: what comes after it costs no time."""
    starts = depth = 0
    for n, token in enumerate(tokens, start=1):
        kind = type(token).__name__
        if kind.startswith(("Block", "Flow")):
            depth += kind.endswith("StartToken") - kind.endswith("EndToken")
        mark = token.start_mark
        if depth > _DEEPEST + 1:
            raise YAMLProblem(
                Problem(f"nested more than {_DEEPEST} levels deep", line=mark.line + 1, column=mark.column + 1)
            )
        if n > _MOST_TOKENS:
            message = f"the document has more than {_MOST_TOKENS:,} words and signs; no more are read"
            raise YAMLProblem(Problem(message, line=mark.line + 1, column=mark.column + 1))
        name = {"TagToken": "a tag (!...)", "AnchorToken": "an anchor (&...)", "AliasToken": "an alias (*...)"}.get(
            kind
        )
        starts += kind == "DocumentStartToken"
        if kind == "DirectiveToken" and (token.name, token.value) != ("YAML", (1, 2)):
            name = "a directive (%...)"
        if starts > 1:
            name = "a second document (---)"
        if name:
            problem = Problem(
                f"{name} is not allowed here; write the value out", line=mark.line + 1, column=mark.column + 1
            )
            raise YAMLProblem(problem)


def _plain(node: Node, way: tuple[Hashable, ...], places: Places) -> Any:
    here = (node.start_mark.line + 1, node.start_mark.column + 1)
    places.values[way] = here
    if len(way) > _DEEPEST:
        raise YAMLProblem(Problem(f"nested more than {_DEEPEST} levels deep", line=here[0], column=here[1]))
    if isinstance(node, SequenceNode):
        return [_plain(item, (*way, i), places) for i, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(node, way, places)
    return _scalar(node)


def _mapping(node: MappingNode, way: tuple[Hashable, ...], places: Places) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
        if not isinstance(key_node, ScalarNode):
            raise YAMLProblem(Problem("a key must be text", line=line, column=column))
        key = str(key_node.value)
        if str(key_node.tag).endswith(":merge"):
            raise YAMLProblem(
                Problem("a merge key (<<) is not allowed here; write the values out", line=line, column=column)
            )
        if key in out:
            first = places.keys[(*way, key)]
            raise YAMLProblem(Problem(f"{key!r} is given twice, first in line {first[0]}", line=line, column=column))
        places.keys[(*way, key)] = (line, column)
        out[key] = _plain(value_node, (*way, key), places)
        if value_node.start_mark.index == value_node.end_mark.index:  # nothing is written there
            places.values[(*way, key)] = (line, column)
    return out


def _scalar(node: Node) -> Any:
    """Return the value of a scalar by the core schema of YAML 1.2."""
    tag = str(node.tag).removeprefix(_TAG)
    text = str(node.value)
    if tag == "null":
        return None
    if tag == "bool":
        return text.lower() == "true"
    if tag in {"int", "float"}:
        return _number(text)
    return text


def _number(text: str) -> WrittenInt | WrittenFloat | str:
    """Return a number by the core schema; what is written otherwise (0123, 0x1F, 1_000, 12:30) stays text."""
    number: WrittenInt | WrittenFloat
    if _INTEGER.fullmatch(text):
        number = WrittenInt(text)
    elif _FLOAT.fullmatch(text):
        number = WrittenFloat(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    else:
        return text
    number.text = text
    return number
