"""The one way in which XML is read: no DOCTYPE, no entities, nothing fetched, nothing unpacked, everything counted.

The document is first walked by Expat, which builds nothing, and only then made a tree by lxml. Both see the same UTF-8,
so that no encoding hides from one of them what the other reads.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote
from xml.parsers import expat

from lxml import etree

from cytoproc.confinement import why_not_inside
from cytoproc.errors import Problem, XMLError

__all__ = ["local_path", "parse_xml", "read_xml"]

_LARGEST_BYTES = 50_000_000
_MOST_PARTS = 2_000_000
_DEEPEST = 200
_LONGEST_VALUE = 1_000_000
_XINCLUDE = "http://www.w3.org/2001/XInclude"
_KNOWN_AS = {
    "utf-8": "utf-8",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_DECLARATION = re.compile(r"<\?xml\s[^>]*?\?>", re.ASCII)
_ENCODING = re.compile(r"""\sencoding\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.ASCII)
_STARTS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", ""),
    (b"\x00\x00\xfe\xff", ""),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\x00\x00\x00", ""),
    (b"<\x00", "utf-16-le"),
    (b"\x00<", "utf-16-be"),
)
_OTHER_KINDS = (
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"BZh", "compressed (bzip2)"),
    (b"\xfd7zXZ", "compressed (xz)"),
    (b"PK\x03\x04", "a ZIP archive"),
)


def read_xml(path: str | Path) -> etree._Element:
    """Return the root of an XML file; see :func:`parse_xml` for what is refused.

    Raises
    ------
    XMLError
        Also if the path is that of no ordinary file, or the file cannot be read.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            _refuse(str(path), "this is no file; name an XML file")
        if status.st_size > _LARGEST_BYTES:
            _refuse_size(str(path), status.st_size)
        content = path.read_bytes()
    except OSError as e:
        raise XMLError(str(path), [Problem(f"cannot be read: {e.strerror or e}")]) from None
    return parse_xml(content, str(path))


def parse_xml(content: bytes, document: str) -> etree._Element:
    """Return the root of an XML document.

    Parameters
    ----------
    content
        At most 50,000,000 bytes of UTF-8, UTF-16, ISO-8859-1 or Windows-1252, not compressed.
    document
        What it is called in messages.

    Raises
    ------
    XMLError
        With the line: not well-formed; a DOCTYPE, so any entity but the five of XML; an element of XInclude; more than
        2,000,000 elements and attributes, 200 levels, or 1,000,000 characters in one attribute.

    Examples
    --------
    >>> parse_xml(b"<gate min='1'/>", "gates.xml").get("min")
    '1'
    """
    if len(content) > _LARGEST_BYTES:
        _refuse_size(document, len(content))
    plain = _as_utf8(content, document)
    _Walk(document).over(plain)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        return etree.fromstring(plain, parser)
    except etree.XMLSyntaxError as e:
        _refuse(document, f"not well-formed XML: {e.msg}; save it again", e.lineno or 1, e.offset or 1)


def local_path(uri: str, folder: Path, *, allow_outside: bool = False) -> Path:
    """Return the file that a document's reference stands for: in `folder`, by its path or `file:` address.

    Nothing is opened, and nothing but a `file:` address without a host is followed. A path with a drive, as an address
    from another computer has, is refused as any other path that leaves the folder: look for the file by its name.

    Raises
    ------
    ValueError
        If it stands for a place outside the folder, an address, a device or a folder.

    Examples
    --------
    >>> local_path("file:tube%201.fcs", Path("study")).as_posix()
    'study/tube 1.fcs'
    """
    name = uri
    if uri[:5].lower() == "file:":
        name = unquote(uri[5:])
        name = name.removeprefix("//") if name.startswith("///") else name
    if why := why_not_inside(name, folder, allow_outside=allow_outside):
        raise ValueError(why)
    return folder / name


def _as_utf8(content: bytes, document: str) -> bytes:
    """Return the document in UTF-8, with a declaration that names no encoding."""
    if not content.strip():
        _refuse(document, "the file is empty; it should hold an XML document")
    for start, kind in _OTHER_KINDS:
        if content.startswith(start):
            _refuse(document, f"this is {kind}, not XML; unpack it first")
    encoding = next((e for start, e in _STARTS if content.startswith(start)), None)
    if encoding == "":
        _refuse(document, "written in UTF-32; save it as UTF-8")
    if encoding is None:
        declared = _ENCODING.search(_declaration(content[:1000].decode("latin-1")))
        name = (declared.group(1) or declared.group(2) or "") if declared else "utf-8"
        if name.lower() not in _KNOWN_AS:
            _refuse(document, f"written in {name!r}, which is not read; save it as UTF-8")
        encoding = _KNOWN_AS[name.lower()]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as e:
        line = content.count(b"\n", 0, e.start) + 1
        _refuse(document, f"not {encoding.removesuffix('-sig').upper()} text, as it says; save it as UTF-8", line)
    declaration = _declaration(text)
    return (_ENCODING.sub("", declaration, count=1) + text[len(declaration) :]).encode("utf-8", "surrogatepass")


def _declaration(text: str) -> str:
    found = _DECLARATION.match(text)
    return found.group() if found else ""


class _Walk:
    """Goes once through a document and refuses what is never read; keeps nothing of it."""

    def __init__(self, document: str) -> None:
        self._document = document
        self._n_parts = 0
        self._depth = 0
        self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype
        self._parser.ProcessingInstructionHandler = lambda *_: self._count(1)
        self._parser.CommentHandler = lambda *_: self._count(1)
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def over(self, content: bytes) -> None:
        """Go through all of it."""
        try:
            self._parser.Parse(content, True)
        except expat.ExpatError as e:
            words = expat.ErrorString(e.code)
            self._refuse(f"not well-formed XML: {words}; save it again with the program that wrote it")

    def _refuse(self, message: str) -> NoReturn:
        _refuse(self._document, message, self._parser.ErrorLineNumber, self._parser.ErrorColumnNumber + 1)

    def _doctype(self, *_: Any) -> NoReturn:
        self._refuse("holds a DOCTYPE, which may name other files; remove it and the entities it declares")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count(1 + len(attributes))
        if self._depth > _DEEPEST:
            self._refuse(f"more than {_DEEPEST} elements inside each other; this is no file of gates or a table")
        if name.startswith(f"{_XINCLUDE} "):
            self._refuse("takes in another file (XInclude); write its content here")
        if attributes and (longest := _longest(attributes.values())) > _LONGEST_VALUE:
            self._refuse(f"an attribute has {longest:,} characters; at most {_LONGEST_VALUE:,} are read")

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _count(self, more: int) -> None:
        self._n_parts += more
        if self._n_parts > _MOST_PARTS:
            self._refuse(f"more than {_MOST_PARTS:,} elements and attributes; save fewer samples in one file")


def _longest(values: Iterable[str]) -> int:
    return max(map(len, values))


def _refuse_size(document: str, n_bytes: int) -> NoReturn:
    message = f"the file has {n_bytes:,} bytes; at most {_LARGEST_BYTES:,} are read. Save fewer samples in one file"
    _refuse(document, message)


def _refuse(document: str, message: str, line: int = 1, column: int = 1) -> NoReturn:
    raise XMLError(document, [Problem(message, line=line, column=column)])
