"""Files as people have them: every dialect of CSV that we met, workbooks, and broken ones."""

import io
import random
from datetime import date, datetime
from decimal import Decimal
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from warehouse import spreadsheets
from warehouse.cells import Cells, date_of, is_day_first
from warehouse.spreadsheets import SourceFile, Table, read_table


def read(content, name="stock.csv"):
    return read_table(SourceFile(name, content.encode() if isinstance(content, str) else content))


def workbook(*rows):
    book, content = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def codes(table):
    return [error.code for error in table.errors]


@pytest.mark.parametrize(
    "content",
    [
        b"Bin,Name\nA-1,Shelf",
        b"Bin,Name\r\nA-1,Shelf\r\n",
        b"\xef\xbb\xbfBin,Name\nA-1,Shelf\n",
        b"Bin;Name\nA-1;Shelf\n",
        b"Bin\tName\nA-1\tShelf\n",
        b' Bin , Name \n"A-1", Shelf \n',
        b"\n\nBin,Name\nA-1,Shelf\n",
        "Bin\tName\nA-1\tShelf\n".encode("utf-16"),
    ],
)
def test_every_dialect_of_csv_gives_the_same_rows(content):
    table = read(content)

    assert table.header == ["Bin", "Name"]
    assert [cells for _row, cells in table.rows] == [["A-1", "Shelf"]]
    assert table.errors == []


def test_rows_have_the_numbers_that_a_spreadsheet_shows():
    table = read('Bin,Name\nA-1,"two\nlines"\n\n,,\nA-2,x\n')

    assert [row for row, _cells in table.rows] == [2, 5]


def test_text_that_is_not_utf_8_is_read_as_windows_does():
    table = read("Bin,Name\nA-1,K\u00fcche".encode("cp1252"))

    assert table.rows[0][1] == ["A-1", "Küche"]


def test_commas_and_quotes_inside_quotes_stay():
    table = read('Name,Lot\n"Camera, ""EOS"", Canon",1\n')

    assert table.rows[0][1][0] == 'Camera, "EOS", Canon'


def test_short_rows_are_filled_up_and_long_ones_refused():
    table = read("Bin,Name,Zone\nA-1\nA-2,x,y,z\nA-3,x,y,,\n")

    assert [cells for _row, cells in table.rows] == [["A-1", "", ""], ["A-3", "x", "y"]]
    assert [(error.row, error.code) for error in table.errors] == [(3, "too_many_cells")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n \n", "file_empty"),
        (b",,\n,,\n", "file_empty"),
        (b"\xd0\xcf\x11\xe0rest of a workbook", "file_old_excel"),
        (b"PK\x03\x04 not a workbook", "file_unreadable"),
        (b"Bin,Name\nA\x00,1\n", "file_unreadable"),
        (b"Bin,Name\n\x81\x8d\x8f\xff\n", "file_unreadable"),
        (b'Bin,Name\nA-1,1\n"A-2,1\n', "broken_quotes"),
        (b"Bin," + b"x," * 200 + b"\n", "too_many_columns"),
        (b"Bin,bin\nA-1,A-2\n", "duplicate_column"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(content, code):
    assert codes(read(content)) == [code]


def test_limits_are_told(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MAX_ROWS", 2)
    monkeypatch.setattr(spreadsheets, "MAX_BYTES", 30)

    assert codes(read("Bin\n1\n2\n3\n")) == ["file_too_long"]
    assert codes(read("Bin\n" + "1" * 40)) == ["file_too_large"]


def test_a_file_that_is_wrong_from_top_to_bottom_is_not_read_to_its_end(monkeypatch):
    monkeypatch.setattr(spreadsheets, "MAX_FAULTS", 2)

    table = read("Bin\n" + "1,2\n" * 10)

    assert codes(table) == ["too_many_cells"] * 3 + ["too_many_faults"]
    assert table.errors[-1].row == 4


def test_a_workbook_is_read_as_it_is_shown():
    content = workbook(
        ["Bin", "Quantity", "Expires", "Active"],
        [],
        ["A-1", 3000.0, datetime(2025, 1, 31), True],  # noqa: DTZ001 (spreadsheets have no time zones)
        [17, 0.1 + 0.2, date(2025, 2, 28), False],
    )

    table = read(content)

    assert table.rows == [(3, ["A-1", "3000", "2025-01-31", "TRUE"]), (4, ["17", "0.3", "2025-02-28", "FALSE"])]


def test_formulas_and_errors_in_a_workbook_are_refused_with_their_place():
    table = read(workbook(["Bin", "Quantity"], ["A-1", "=1+1"], ["A-2", "#N/A"], ["A-3", 5]))

    assert [(error.row, error.column, error.code) for error in table.errors] == [
        (2, "Quantity", "formula"),
        (3, "Quantity", "error_value"),
    ]


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: workbook(["Bin"], ["A"])[:-30] + tail))
def test_no_content_breaks_the_reader(content):
    table = read(content)

    assert table.header or table.errors


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("2025-01-31", None, date(2025, 1, 31)),
        ("2025-01-31T00:00:00", None, date(2025, 1, 31)),
        ("2025-01-31 00:00:00", None, date(2025, 1, 31)),
        ("01/31/2025", None, date(2025, 1, 31)),
        ("1/3/2025", None, date(2025, 1, 3)),
        ("1/3/2025", True, date(2025, 3, 1)),
        ("1/31/25", None, date(2025, 1, 31)),
        ("31.12.2025", None, date(2025, 12, 31)),
        ("31-Jan-2025", None, date(2025, 1, 31)),
        ("31 January 2025", None, date(2025, 1, 31)),
        ("31/01/2025", None, None),
        ("02/30/2025", None, None),
        ("0025-01-31", None, None),
        ("soon", None, None),
    ],
)
def test_dates_are_read_or_refused_never_guessed(text, day_first, expected):
    assert date_of(text, day_first=day_first) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["01/31/2025", "02/03/2025"], False),
        (["31/01/2025", "02/03/2025"], True),
        (["02/03/2025", "", "2025-12-31"], None),
        (["31/01/2025", "01/31/2025"], False),
    ],
)
def test_one_column_of_dates_has_one_order(texts, expected):
    assert is_day_first(texts) is expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-5", "negative"),
        ("NaN", "not_a_number"),
        ("1e999", "not_a_number"),
        ("4 + 3", "not_a_number"),
        ("1,000", "quantity_ambiguous"),
        ("0.000001", "quantity_too_precise"),
        ("99999999999999", "quantity_too_large"),
    ],
)
def test_a_number_that_cannot_be_used_is_noted_and_reading_goes_on(text, code):
    table = Table(SourceFile("stock.csv", b""), header=["Quantity"], rows=[(2, [text]), (3, ["7"])])
    cells = Cells(table, {"quantity": 0})

    numbers = [cells.number(row, values, "quantity") for row, values in table.rows]

    assert numbers == [None, 7]
    assert [(error.row, error.column, error.code) for error in table.errors] == [(2, "Quantity", code)]


# Decimals, as they are written where a file comes from


def numbers(texts, delimiter=","):
    table = Table(SourceFile("x", b""), delimiter, header=["Quantity"], rows=[(n, [t]) for n, t in enumerate(texts, 2)])
    cells = Cells(table, {"quantity": 0})
    return [cells.number(row, values, "quantity") for row, values in table.rows], codes(table)


@pytest.mark.parametrize(
    ("texts", "delimiter", "expected", "faults"),
    [
        (["1.000", "2.5"], ",", ["1", "2.5"], []),
        (["1,000", "2.5"], ",", ["1000", "2.5"], []),
        (["1.000", "2,5"], ";", ["1000", "2.5"], []),
        (["1.234,5", "1.000"], ";", ["1234.5", "1000"], []),
        (["1,125", "2,5"], ";", ["1.125", "2.5"], []),
        (["1.125", "2.5"], ";", ["1.125", "2.5"], []),
        (["1.000"], ";", [None], ["quantity_ambiguous"]),
        (["1,000"], ";", [None], ["quantity_ambiguous"]),
        (["1,000"], ",", [None], ["quantity_ambiguous"]),
        (["1,000", "2.5", "2,5"], ",", [None, "2.5", "2.5"], ["quantity_ambiguous"]),
        (["1.000.000", "1.000"], ";", ["1000000", "1000"], []),
        (["0,125", "7"], ";", ["0.125", "7"], []),
    ],
)
def test_one_column_of_numbers_has_one_decimal_mark(texts, delimiter, expected, faults):
    assert numbers(texts, delimiter) == ([number and Decimal(number) for number in expected], faults)


def test_the_numbers_of_a_workbook_have_points_whatever_its_texts_have():
    table = read(workbook(["Quantity"], [1.125], ["2,5"], [1000]))
    cells = Cells(table, {"quantity": 0})

    assert [cells.number(row, values, "quantity") for row, values in table.rows] == [
        Decimal("1.125"),
        Decimal("2.5"),
        1000,
    ]


def test_a_first_line_that_names_the_delimiter_is_none_of_the_rows():
    table = read("sep=;\r\nBin;Name, long\r\nA-1;x\r\n")

    assert (table.header, table.rows) == (["Bin", "Name, long"], [(2, ["A-1", "x"])])


# Workbooks that unpack to more than anybody can hold


def packed(name, content):
    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as parts, ZipFile(io.BytesIO(workbook(["Bin"], ["A-1"]))) as good:
        for part in good.namelist():
            parts.writestr(part, content if part == name else good.read(part))
        if name not in good.namelist():
            parts.writestr(name, content)
    return archive.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        (SHEET, b"0" * 25_000_000, "file_too_large"),
        ("xl/sharedStrings.xml", random.Random(1).randbytes(1000) * 70_000, "file_too_large"),
        (SHEET, b"<worksheet><sheetData><row>" + b"<c/>" * 300_000, "too_many_columns"),
        (SHEET, b"<worksheet>" + b"<x/>" * 300_000, "too_many_columns"),
        (SHEET, b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>', "file_unreadable"),
    ],
)
def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(name, content, code):
    assert codes(read(packed(name, content), "stock.xlsx")) == [code]


def test_a_long_sheet_of_equal_rows_is_no_bomb():
    table = read(workbook(["Bin", "Item", "Quantity"], *[["A-01-01", "HW-1001", 0]] * 3000), "stock.xlsx")

    assert (len(table.rows), table.errors) == (3000, [])
