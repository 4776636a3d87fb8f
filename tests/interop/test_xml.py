"""XML is read in one way: nothing declared, nothing fetched, nothing unpacked, everything counted."""

import bz2
import gzip
import os
import resource
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from cytoproc.errors import XMLError
from cytoproc.interop.xml import local_path, parse_xml, read_xml

DOCTYPE = "<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"


def refused(content):
    with pytest.raises(XMLError) as caught:
        parse_xml(content, "g.xml")
    [problem] = caught.value.problems
    assert str(caught.value).startswith("g.xml: 1 problem(s)\n  g.xml:")
    return problem.line, problem.message


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", ""),
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", ""),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", ""),
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
    ],
)
def test_the_encodings_that_programs_write_give_one_tree(encoding, declared):
    said = f' encoding="{declared}"' if declared else ""
    text = f'<?xml version="1.0"{said} standalone="yes"?>\n<a><b name="Müller µ &lt;&#955;"/></a>'

    root = parse_xml(text.encode(encoding), "g.xml")

    assert [b.get("name") for b in root] == ["Müller µ <λ"]
    assert root[0].sourceline == 2


@pytest.mark.parametrize(
    "content",
    [
        f"<?xml version='1.0'?>\n{DOCTYPE}<r>&x;</r>".encode(),
        f"\n{DOCTYPE}<r/>".encode(),
        f"<?xml version='1.0' encoding='UTF-16'?>\n{DOCTYPE}<r/>".encode("utf-16"),
        f"\n{DOCTYPE}<r/>".encode("utf-16-be"),
        f"\n{DOCTYPE}<r/>".encode("utf-16-le"),
        b"\n<!DOCTYPE r><r/>",
        b"\n<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/d'><r/>",
        b"\n<!DOCTYPE r PUBLIC '-//x' 'http://127.0.0.1:9/d'><r/>",
        b"\n<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/d'> %p;]><r/>",
        b"\n<!DOCTYPE r [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><r>&b;</r>",
        b"\n<!DOCTYPE r [<!ATTLIST r id CDATA 'x'>]><r/>",
    ],
)
def test_a_doctype_is_refused_in_every_encoding(content):
    line, message = refused(content)

    assert line == 2
    assert message == "holds a DOCTYPE, which may name other files; remove it and the entities it declares"


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", 1, "the file is empty"),
        (b" \n", 1, "the file is empty"),
        (b"hello", 1, "not well-formed XML: syntax error"),
        (b"<a>\n<b></a>", 2, "not well-formed XML: mismatched tag"),
        (b"<a>\n&nbsp;</a>", 2, "not well-formed XML: undefined entity"),
        (b"<a/><b/>", 1, "not well-formed XML: junk after document element"),
        (b"<a>\n<x:b/></a>", 2, "not well-formed XML: unbound prefix"),
        (b"<a b='1' b='2'/>", 1, "not well-formed XML: duplicate attribute"),
        (b"<a>\0</a>", 1, "not well-formed XML"),
        (b"<a>\n\xff</a>", 2, "not UTF-8 text, as it says"),
        (b"<?xml version='1.0' encoding='UTF-7'?>\n<r/>", 1, "written in 'UTF-7', which is not read"),
        (b"<?xml version='1.0' encoding='IBM037'?>\n<r/>", 1, "written in 'IBM037'"),
        (b"<?xml version='1.0' encoding='UTF-16'?>\n<r/>x", 2, "not UTF-16 text, as it says"),
        ("<r/>".encode("utf-32"), 1, "written in UTF-32"),
        ("<r/>".encode("utf-32-le"), 1, "written in UTF-32"),
        (gzip.compress(b"<a/>", mtime=0), 1, "this is compressed (gzip), not XML; unpack it first"),
        (bz2.compress(b"<a/>"), 1, "this is compressed (bzip2)"),
        (b"PK\x03\x04", 1, "this is a ZIP archive"),
        (
            b"<a xmlns:xi='http://www.w3.org/2001/XInclude'>\n<xi:include href='/etc/hostname' parse='text'/></a>",
            2,
            "takes in another file (XInclude)",
        ),
        (b"<a>" * 201 + b"</a>" * 201, 1, "more than 200 elements inside each other"),
        (b"<a>\n<b c='" + b"x" * 1_000_001 + b"'/></a>", 2, "an attribute has 1,000,001 characters"),
        (b"<a>\n" + b"<b/>" * 2_000_000 + b"</a>", 2, "more than 2,000,000 elements and attributes"),
        (b"<a/>" + b" " * 50_000_000, 1, "the file has 50,000,004 bytes; at most 50,000,000 are read"),
    ],
)
def test_what_is_no_plain_xml_is_refused_with_the_line(content, line, said):
    found, message = refused(content)

    assert found == line
    assert said in message


def test_what_is_as_deep_and_as_long_as_it_may_be_is_read():
    root = parse_xml(b"<a>" * 200 + b"<!-- x --><?x y?>" + b"</a>" * 200, "g.xml")

    assert len(list(root.iter("a"))) == 200
    assert len(parse_xml(b"<a b='" + b"x" * 1_000_000 + b"'/>", "g.xml").get("b")) == 1_000_000


@given(st.binary(max_size=200))
@example(b"\xfe\xff")
@example(b"<?xml version='1.0' encoding='undefined'?><a/>")
@example(b"<?xml version='1.0' encoding=''?><a/>")
def test_any_bytes_are_xml_or_refused(content):
    with suppress(XMLError):
        assert isinstance(parse_xml(content, "g.xml").tag, str)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20).filter(
    lambda s: not set(s) & set("\ufffe\uffff")
)


@given(TEXT, TEXT, st.sampled_from(["UTF-8", "UTF-16"]))
def test_what_lxml_writes_is_read_back(name, text, encoding):
    element = etree.Element("gate", name=name)
    element.text = text

    back = parse_xml(etree.tostring(element, encoding=encoding, xml_declaration=True), "g.xml")

    assert (back.get("name"), back.text or "") == (name, text)


def test_a_file_is_read_and_one_that_is_none_is_refused(tmp_path):
    (tmp_path / "g.xml").write_bytes(b"<a/>")
    os.mkfifo(tmp_path / "pipe.xml")

    assert read_xml(tmp_path / "g.xml").tag == "a"
    for path, said in (
        (tmp_path, "this is no file"),
        (tmp_path / "pipe.xml", "this is no file"),
        ("/dev/zero", "no file"),
    ):
        with pytest.raises(XMLError, match=said):
            read_xml(path)
    with pytest.raises(XMLError, match="cannot be read: No such file or directory"):
        read_xml(tmp_path / "absent.xml")


@pytest.mark.slow
def test_the_largest_document_that_is_read_fits_into_half_a_gigabyte():
    code = (
        "from cytoproc.interop.xml import parse_xml\n"
        "n = 660_000\n"
        "assert len(parse_xml(b'<a>' + b'<c r=\"AB12345\" s=\"1\"/>' * n + b'</a>', 'g.xml')) == n"
    )
    limit = 512 << 20

    done = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
    )

    assert done.returncode == 0


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("a.fcs", "a.fcs"),
        ("day7/a.fcs", "day7/a.fcs"),
        ("file:day7/tube%201.fcs", "day7/tube 1.fcs"),
        ("file:%C3%A9.fcs", "é.fcs"),
    ],
)
def test_a_reference_to_a_file_in_the_folder_is_followed(uri, path, tmp_path):
    assert local_path(uri, tmp_path) == tmp_path / path


def test_an_address_of_a_file_in_the_folder_is_followed(tmp_path):
    (tmp_path / "a b.fcs").touch()

    assert local_path((tmp_path / "a b.fcs").as_uri(), tmp_path) == tmp_path / "a b.fcs"


@pytest.mark.parametrize(
    "uri",
    [
        "file:///etc/passwd",
        "file:/etc/passwd",
        "FILE:///etc/passwd",
        "file://server/share/a.fcs",
        "file:../a.fcs",
        "file:%2e%2e/a.fcs",
        "file:..%2Fa.fcs",
        "file:%2Fetc%2Fpasswd",
        "file:a.fcs%00.xml",
        "file:///C:/data/a.fcs",
        "file:C:%5Cdata%5Ca.fcs",
        "http://127.0.0.1:9/a.fcs",
        "\\\\server\\share\\a.fcs",
        "",
    ],
)
def test_a_reference_to_anything_else_is_refused(uri, tmp_path):
    with pytest.raises(ValueError, match=r"outside|address|forward slashes|folder|cannot be seen"):
        local_path(uri, tmp_path)
