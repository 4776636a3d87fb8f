"""Workbooks for tests: made by openpyxl or XlsxWriter, then changed where no program would."""

import io
import zipfile

import xlsxwriter
from openpyxl import Workbook


def workbook(rows, *, formats=None, title="manifest", change=None):
    """Return a workbook with one sheet; `formats` are the number formats of cells, `change` is called with the book."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for cell, code in (formats or {}).items():
        sheet[cell].number_format = code
    if change:
        change(book)
    return saved(book)


def with_shared_texts(rows):
    """Return a workbook whose texts stand in a part of their own, as Excel writes them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("manifest")
        for i, row in enumerate(rows):
            sheet.write_row(i, 0, row)
    return out.getvalue()


def saved(book):
    """Return the bytes of an openpyxl workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def patched(content, part, old, new):
    """Return a workbook in one part of which a text is another."""
    parts = members(content)
    assert old in parts[part]
    return packed({**parts, part: parts[part].replace(old, new)})


def members(content):
    """Return the parts of a workbook by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(parts):
    """Return the bytes of a package with these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return out.getvalue()
