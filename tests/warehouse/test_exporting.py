"""Files that leave: read by spreadsheet programs, evaluated by none, and lossless on their way back."""

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from warehouse.exporting import Format, download
from warehouse.spreadsheets import SourceFile, guarded, read_table, unguarded

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", "''+1", "\n-1", "=HYPERLINK(1)")
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("=+-@'\"; ,"), max_size=12).map(
    str.strip
)


def content_of(response):
    return b"".join(response.streaming_content)


def written(rows, *, format=Format.CSV, header=("Item", "Quantity")):
    return content_of(download("lines", format, header, rows))


def read_back(rows, *, format, header=("Item", "Quantity")):
    return [cells for _row, cells in read_table(SourceFile("x", written(rows, format=format, header=header))).rows]


def cells_of(content):
    return list(load_workbook(io.BytesIO(content)).active.iter_rows())


def test_a_csv_file_opens_in_excel_with_its_letters_and_numbers():
    content = written([("Küche", Decimal("2.50000"))])

    assert content == b"\xef\xbb\xbf" + "Item,Quantity\r\nKüche,2.5\r\n".encode()


def test_where_a_comma_is_decimal_the_columns_are_parted_by_semicolons():
    content = written([("A", Decimal("2.5")), ("B", Decimal("-1.125"))], format=Format.CSV_SEMICOLON)

    assert content.decode("utf-8-sig").splitlines()[1:] == ["A;2,5", "B;-1,1250"]


def test_other_programs_get_no_byte_order_mark():
    assert written([], format=Format.CSV_PLAIN).startswith(b"Item")


def test_a_workbook_holds_numbers_dates_and_texts_as_what_they_are():
    moment = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.get_current_timezone())
    content = written(
        [("00392", Decimal("-2.50000"), date(2027, 1, 31), moment, True, None)],
        format=Format.XLSX,
        header=["Lot", "Quantity", "Expires", "At", "Found", "Note"],
    )

    row = [cell.value for cell in cells_of(content)[1]]

    assert row == ["00392", -2.5, datetime(2027, 1, 31), datetime(2026, 11, 21, 9, 30), True, None]  # noqa: DTZ001


def test_a_number_with_more_digits_than_a_workbook_keeps_leaves_as_text():
    number = Decimal("1234567890123.12345")

    assert read_back([("A", number)], format=Format.XLSX) == [["A", "1234567890123.12345"]]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("format", Format.values)
def test_no_text_leaves_as_a_formula(format, text):
    content = written([(text, Decimal(-3))], format=format, header=("=A1", "Quantity"))

    if format == Format.XLSX:
        texts = [cell.value for row in cells_of(content) for cell in row if cell.data_type != "n"]
        numbers = [cell.value for row in cells_of(content) for cell in row if cell.data_type == "n"]
        assert numbers == [-3]
    else:
        table = content.decode("utf-8-sig")
        texts = [table.splitlines()[0], table.split("\r\n", 1)[1].lstrip('"')]
    assert all(text.startswith(("'", "Q")) for text in texts)


@given(st.text(max_size=12))
def test_an_apostrophe_that_was_put_in_front_is_taken_away_again_and_no_other(text):
    assert unguarded(guarded(text)) == text


@given(
    st.lists(st.tuples(WORDS.filter(bool), st.decimals(0, 10**9, places=5)), max_size=5), st.sampled_from(Format.values)
)
def test_what_leaves_comes_back(rows, format):
    read = read_back(rows, format=format)

    assert [item for item, _quantity in read] == [item for item, _quantity in rows]
    assert [Decimal(quantity.replace(",", ".")) for _item, quantity in read] == [quantity for _item, quantity in rows]


def test_characters_that_a_workbook_cannot_hold_do_not_break_it():
    assert read_back([("A\x00B", Decimal(1))], format=Format.XLSX) == [["A\ufffdB", "1"]]


def test_rows_are_read_as_they_are_written():
    taken = []

    def rows():
        for number in range(5000):
            taken.append(number)
            yield (f"item {number}", number)

    stream = download("lines", Format.CSV, ["Item", "Quantity"], rows()).streaming_content
    next(stream), next(stream)

    assert len(taken) < 1000
