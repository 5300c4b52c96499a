"""Bad input: a clear sentence at the right place, what was typed is kept, and nothing that was counted is lost."""

import io
import struct
import zipfile
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from counting.opening import LotNeeded
from counting.recording import BelowZero, CountedByUnits, SaidElsewhere, TooMuch
from counting.review import AcceptedTooMuch, ReasonNeeded, ask_recount, cancel, mark_counted
from counting.scanning import UnitNotKnown
from ledger.importing import MAX_FILES, NamesTwice, TooManyFiles
from tests.bad_input import COUNTED, EPOXY, FNC1, PADLOCK, PARKED, SCANNED, TAG, Case, Warehouse, difference, everything
from tests.counting.given import complete, count
from tests.factories import move
from tests.pages import HTMX, text_of
from tests.properties import rolled_back
from warehouse.barcodes import ScanEmpty, ScanTooLong, ScanUnreadable
from warehouse.finding import BinUnknown, ItemUnknown, LotNotExpected
from warehouse.models import Quant
from warehouse.quantities import (
    QuantityNegative,
    QuantityTooLarge,
    QuantityTooLong,
    QuantityTooPrecise,
    QuantityUnreadable,
    UnknownUnit,
)
from warehouse.spreadsheets import SENTENCES

pytestmark = pytest.mark.django_db

LABEL = f"01{EPOXY}17991130"  # epoxy with the expiration date of its fresh lot
MARKUP = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def warehouse(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield Warehouse()
        transaction.set_rollback(True)


# Quantities


def typed(text, **said):
    return lambda warehouse: warehouse.say(text, **said)


def unreadable(name, text):
    return Case(f"quantity: {name}", typed(text), QuantityUnreadable(typed=text), keeps=text)


QUANTITIES = [
    unreadable("not a number", "NaN"),
    unreadable("infinity", "Infinity"),
    unreadable("an exponent", "1e999"),
    unreadable("Arabic digits", "٣٤"),
    unreadable("full-width digits", "５１"),
    unreadable("a superscript", "5²"),
    unreadable("an emoji", "5️⃣"),
    unreadable("two signs", "--"),
    unreadable("three parts", "1.2.3"),
    unreadable("groups that are none", "1,00,000"),
    unreadable("division by zero", "10/0"),
    unreadable("a difference", "51-3"),
    unreadable("half a sum", "4 x"),
    unreadable("a formula", "=1+1"),
    unreadable("markup", MARKUP),
    unreadable("SQL", "1'; DELETE FROM counting_countline; --"),
    unreadable("another count glued to it", "5 1"),
    Case("quantity: hexadecimal", typed("0x1F"), UnknownUnit(typed="F"), keeps="0x1F"),
    Case("quantity: less than nothing", typed("-1"), QuantityNegative(), keeps="-1"),
    Case("quantity: a typographic minus", typed("−1"), QuantityNegative(), keeps="−1"),
    Case("quantity: six decimals", typed("0.000001"), QuantityTooPrecise(decimals=5), keeps="0.000001"),
    Case("quantity: thirty digits", typed("9" * 30), QuantityTooLarge(digits=13), keeps="9" * 30),
    Case(
        "quantity: a product with thirty digits",
        typed("999999999 x 999999999"),
        QuantityTooLarge(digits=13),
        keeps="999999999 x 999999999",
    ),
    Case("quantity: a blank that groups", typed("1 000,5"), "1,000.5 each", status=200, writes=COUNTED),
    Case("quantity: thousands, where people write them so", typed("1,000"), "1,000 each", status=200, writes=COUNTED),
    Case("quantity: a unit of measure of something else", typed("12 crates"), UnknownUnit(typed="crates")),
    Case("quantity: 4,000 characters", typed("5" * 4000), QuantityTooLong(limit=60)),
    Case("quantity: fewer than nothing by buttons", lambda w: w.post("count-step", w.line(w.hinges).pk, step="-1"),
         BelowZero()),
    Case("quantity: more than a count holds by adding", typed("9999999999999", mode="add"), TooMuch()),
    Case("quantity: none in an adjustment", lambda w: w.adjusts(quantity=" "), "This field is required."),
    Case("quantity: nonsense in an adjustment", lambda w: w.adjusts(quantity="1e3"), QuantityUnreadable(typed="1e3"),
         keeps="1e3"),
    Case("quantity: nonsense in a receipt", lambda w: w.receives(quantity="NaN"), QuantityUnreadable(typed="NaN"),
         keeps="NaN"),
    Case("quantity: nothing in a receipt", lambda w: w.receives(quantity="0"), "give a quantity greater than zero",
         keeps="0"),
    Case("cost: not a number", lambda w: w.receives(unit_cost="NaN"), QuantityUnreadable(typed="NaN"), keeps="NaN"),
    Case("cost: an exponent", lambda w: w.receives(unit_cost="1e999"), QuantityUnreadable(typed="1e999"),
         keeps="1e999"),
    Case("cost: less than nothing", lambda w: w.receives(unit_cost="-2"), QuantityUnreadable(typed="-2"), keeps="-2"),
    Case("decision: a part that is no number", lambda w: w.decides("accept", quantity="some"),
         QuantityUnreadable(typed="some"), keeps="some", given=lambda w: mark(w)),
    Case("decision: more than was missing", lambda w: w.decides("accept", quantity="-4"), AcceptedTooMuch(),
         keeps="-4", given=lambda w: mark(w)),
    Case("decision: left out without a word", lambda w: w.decides("leave_out"), ReasonNeeded(),
         given=lambda w: mark(w)),
]  # fmt: skip


def mark(warehouse):
    mark_counted(warehouse.session, by=warehouse.lena.person, at=timezone.now())


# Scans


def scanned(code, **said):
    return lambda warehouse: warehouse.post("count-scan", code=code, **said)


def understood(name, code, says):
    return Case(f"scan: {name}", scanned(code), says, status=200, writes=COUNTED)


def unknown(name, code):
    return Case(f"scan: {name}", scanned(code), "is unknown. It is put aside", status=200, writes=PARKED)


SCANS = [
    Case("scan: nothing", scanned(" \r\n"), ScanEmpty()),
    Case("scan: 4,000 characters", scanned("7" * 4000, htmx=False),
         ScanTooLong(limit=200, length=4000), keeps="7" * 200),
    Case("scan: NUL in the middle", scanned("HW\0-1"), ScanUnreadable()),
    Case("scan: a terminal escape", scanned("HW\x1b[31m-1"), ScanUnreadable()),
    Case("scan: turned around", scanned("HW-1\u202e"), ScanUnreadable()),
    understood("NUL, STX and ETX around it", "\0\x02HW-1\x03\r\n", "Padlock +1"),
    understood("in small letters", "hw-1", "Padlock +1"),
    understood("an AIM symbology prefix", f"]E0{PADLOCK}", "Padlock +1"),
    understood("GS1 with its separator", f"]C1{LABEL}10E25-347{FNC1}3012", "Epoxy, E25-347 +12"),
    understood("GS1 with the separator in front", f"{FNC1}{LABEL}10E25-347{FNC1}3012", "Epoxy, E25-347 +12"),
    understood("GS1 with the separator spelled out", f"]d2{LABEL}10E25-347{{GS}}3012", "Epoxy, E25-347 +12"),
    understood("GS1 that lost its separator", f"01{EPOXY}10E25-34717991130", "Epoxy, E25-347 +1"),
    understood("GS1 with another expiration date", f"01{EPOXY}1728013110E25-347", "The label says it expires on"),
    understood("an expired lot is counted, and said", f"(01){EPOXY}(10)E19-001", "expired 31 Jan 2020"),
    Case("scan: a wrong check digit", scanned("4006381333932"), "Its last digit does not fit the others: scan it once",
         status=200),
    Case("scan: bytes that are no text", lambda w: w.ama.post(
        reverse("count-scan", args=[w.session.number]), f"code=HW%ED%B2%80-1&bin=A-01-01&client_id={uuid4()}",
        content_type="application/x-www-form-urlencoded"), "is unknown. It is put aside", status=200, writes=PARKED),
    unknown("two scans run together", PADLOCK + PADLOCK),
    unknown("two bins run together", "A-01-01A-01-02"),
    unknown("markup", MARKUP),
    unknown("SQL", "' OR 1=1 --"),
    Case("scan: a bin of another location", scanned("S-01"), "is a bin of Lindhafen South. This count is at Lindhafen.",
         status=200),
    unknown("a bin where one does not work", "F-01"),
    Case("scan: a lot of another item", scanned(f"(01){EPOXY}(10)H-77"), "Put it aside", status=200),
    Case("scan: an item that nobody expects here", scanned("HW-2"), "It belongs in A-01-02", status=200),
    Case("scan: a weight of what is counted in pieces", scanned(f"(01){EPOXY}(3103)001250(10)E25-347"),
         UnitNotKnown(quantity="1.25", unit="kg", item="Epoxy")),
    Case("scan: more than a count holds", lambda w: w.post("count-scan", code=f"(01){EPOXY}(10)E25-347(30)99999999"),
         TooMuch(), given=lambda w: count(w.line(w.fresh_epoxy), 10**13 - 1)),
    Case("scan: in a bin that is not there", scanned("HW-1", bin="A-99"), "There is nothing at this address",
         status=404),
    Case("found: a quantity that is none", lambda w: w.finds(quantity="NaN"), QuantityUnreadable(typed="NaN")),
    Case("found: without its lot", lambda w: w.finds(item=w.epoxy.pk, lot=" "), LotNeeded(item="Epoxy")),
    Case("found: a lot with another date", lambda w: w.finds(item=w.epoxy.pk, lot="E25-347", expiry="2030-01-01"),
         "Lot E25-347 expires on"),
    Case("found: a date that is none", lambda w: w.finds(item=w.epoxy.pk, lot="E25-347", expiry="2026-02-30"),
         "Enter a valid date", status=400),
]  # fmt: skip


# Codes of units


def read(name, codes, says, *, status=200, writes=SCANNED, on_line=True, **details):
    return Case(
        f"units: {name}", lambda w: w.reads(codes, on_line=on_line), says, status=status, writes=writes, **details
    )


def refused(name, codes, says):
    return read(name, codes, says, status=422, writes=frozenset())


UNITS = [
    refused("nothing", " \r\n,;", ScanEmpty()),
    read("NUL, STX and ETX around them", "\0\x02D-1\x03\r\n\x02D-2\x03", "2 here"),
    refused("4,000 characters", "D" * 4000, "A code has at most 80 characters"),
    refused("NUL in the middle", "D\0-1", "characters that no label has"),
    refused("turned around", "D-1\u202e", "characters that no label has"),
    refused("a range of a million", "D000001..D999999", "At most 10000 codes can be given at once."),
    refused("a range of two lengths", "D8..D12", "Write a range as A100..A120"),
    refused("a range that runs backwards", "D12..D10", "A range begins with its smaller number"),
    refused("20,000 codes", "\n".join(f"D-{n}" for n in range(20_000)), "At most 10000 codes can be given at once."),
    read("an emoji", "🔧", "is unknown. It stays on the line"),
    read("a formula", "=1+1", "is unknown. It stays on the line"),
    read("markup", MARKUP, "is unknown. It stays on the line"),
    read("an odd number of digits", TAG[:-1], "is unknown. It is put aside", on_line=False, writes=PARKED),
    read("a tag of another scheme", "3114257BF4499602D2000000", "is unknown. It is put aside", on_line=False,
         writes=PARKED),
    read("a tag of another item, in another bin", TAG, "It is counted here",
         writes={*SCANNED, "warehouse.Quant"}),
    read("the same code five times", "D-1\nD-1,d-1;D-1 \n D-1", "D-1"),
    Case("units: a single code of 4,000 characters", lambda w: w.reads("", code="D" * 4000),
         "is too long, or holds characters", status=200),
    Case("units: not a UUID", lambda w: w.reads("D-1", client_id="1; DROP TABLE"), "Enter a valid UUID.", status=400),
    Case("units: begun before the beginning", lambda w: w.reads("D-1", begun="-1"), "greater than or equal to 0",
         status=400),
    Case("units: on a line of another count", lambda w: w.post("count-burst", codes="D-1", line=foreign_line(w).pk),
         "There is nothing at this address", status=404),
    Case("units: on a line of goods without units", lambda w: w.post("count-burst", codes="D-9", line=w.line().pk),
         "is unknown. It is put aside", status=200, writes=PARKED),
    Case("units: 20,001 fields", lambda w: w.reads("", code=["D-1"] * 20_001), "could not be understood", status=400),
    Case("units: half a drill", lambda w: w.post("count-units-quantity", w.line(w.drills).pk, quantity="0.5"),
         "whole numbers"),
    Case("units: as many as nobody expects", lambda w: w.post("count-units-quantity", w.line(w.drills).pk,
         quantity="3"), CountedByUnits()),
    Case("units: a quantity on their line", lambda w: w.say("2", quant=w.drills), CountedByUnits()),
    Case("units: taken back without being there", lambda w: w.post(
        "count-take-back", w.line(w.drills).pk, code=["D-9", "x" * 4000, "\0"]), "Drill", status=200,
         writes={"counting.UnitScan"}),
    Case("units: a page of forty digits", lambda w: w.get("count-line-units", w.line(w.drills).pk, page="9" * 40),
         "D-1", status=200),
    Case("units: after the count is over", lambda w: w.reads("D-1"), "is not being counted any more",
         given=lambda w: cancelled(w)),
]  # fmt: skip


# Documents


DOCUMENTS = [
    Case("document: an item that is none", lambda w: w.receives(item="HW-9"), ItemUnknown(typed="HW-9"), keeps="HW-9"),
    Case("document: a bin that is none", lambda w: w.receives(bin="A-99"),
         BinUnknown(typed="A-99", location="Lindhafen"), keeps="A-99"),
    Case("document: a bin of another location", lambda w: w.receives(bin="S-01"),
         BinUnknown(typed="S-01", location="Lindhafen"), keeps="S-01"),
    Case("document: a location where one does not work", lambda w: w.receives(location="LH3"),
         "Select a valid choice."),
    Case("document: a lot of what has none", lambda w: w.receives(lot="L1"), LotNotExpected(item="HW-1 Padlock"),
         keeps="L1"),
    Case("document: a lot with another date",
         lambda w: w.receives(item="CH-1", lot="E25-347", expiration_date="2030-01-01"), "Lot E25-347 expires on",
         keeps="2030-01-01"),
    Case("document: tomorrow", lambda w: w.receives(posting_date=timezone.localdate() + timedelta(days=1)),
         "The posting date is today or earlier."),
    Case("document: the thirtieth of February", lambda w: w.receives(posting_date="2026-02-30"), "Enter a valid date.",
         keeps="2026-02-30"),
    Case("document: a note of 4,000 characters", lambda w: w.receives(note="n" * 4000), "at most 200 characters",
         keeps="n" * 4000),
    Case("document: markup in the item", lambda w: w.receives(item=MARKUP), ItemUnknown(typed=MARKUP), keeps=MARKUP),
    Case("document: NUL in the note", lambda w: w.receives(note="a\0b"), "Null characters are not allowed."),
    Case("document: 999,999 lines", lambda w: w.receives(lines=999_999), "200"),
    Case("document: no number of lines", lambda w: w.receives(lines="x"),
         "ManagementForm data is missing"),
]  # fmt: skip


# Files


def foreign_line(warehouse):
    return warehouse.session_elsewhere.lines.get()


def workbook(*rows, then=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if then:
        then(book.active)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def zip_bomb():
    """A workbook that says of itself that its sheet unpacks to 2 GB."""
    content = workbook(HEADER)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    start = content.rindex(b"PK\x01\x02", 0, content.rindex(sheet.filename.encode()))
    return content[: start + 24] + struct.pack("<L", 2**31 - 1) + content[start + 28 :]


def handed_in(name, content, file="lindhafen.csv"):
    return lambda warehouse: warehouse.hands_in((file, content() if callable(content) else content))


def file(name, content, says, *, file="lindhafen.csv", **details):
    """What is wrong in a file is said by the dry run, and nothing but the dry run is kept."""
    writes = {"ledger.StockImport", "ledger.ImportFile"}
    return Case(f"file: {name}", handed_in(name, content, file), says, status=200, writes=writes, **details)


def counts(name, content, says, *, file="counts.csv"):
    """As a file of stock, but of counts: nothing is taken from it."""
    send = lambda w: w.hands_in_counts(content(w) if callable(content) else content, name=file)  # noqa: E731
    writes = {"counting.CountImport", "counting.ImportRow"}
    return Case(f"counts: {name}", send, says, status=200, writes=writes)


COUNTS = b"Bin,Item,Lot,Counted\n"
HEADER = ["Bin", "Item number", "Lot", "Quantity"]
HEAD = b"Bin,Item number,Lot,Quantity\n"
GOOD = b"A-01-02,HW-1,,5\n"

FILES = [
    file("empty", b"", SENTENCES["file_empty"]),
    file("blank lines", b"\n\n \n", SENTENCES["file_empty"]),
    file("a byte that no encoding has", HEAD + b"A-01-02,HW-1,\x81\x8d,5\n", SENTENCES["file_unreadable"]),
    file("UTF-16 without a mark", (HEAD + GOOD).decode().encode("utf-16-le"), SENTENCES["file_unreadable"]),
    file("a byte order mark is no part of a name", b"\xef\xbb\xbf" + HEAD + GOOD, "Import all of this"),
    file("semicolons", (HEAD + GOOD).replace(b",", b";"), "Import all of this"),
    file("UTF-16 with a mark", (HEAD + GOOD).decode().encode("utf-16"), "Import all of this"),
    file("NUL", HEAD + b"A-01-02,HW\0-1,,5\n", SENTENCES["file_unreadable"]),
    file("quotes that never close", HEAD + b'A-01-02,"HW-1,,5\n', SENTENCES["broken_quotes"]),
    file("duplicate headings", b"Bin,Item number,Quantity,QUANTITY\n" + GOOD,
         "Two columns are named QUANTITY. Rename or remove one"),
    file("more cells than headings", HEAD + b"A-01-02,HW-1,,5,6\n", SENTENCES["too_many_cells"]),
    file("200 columns", b",".join(b"c%d" % n for n in range(200)), SENTENCES["too_many_columns"]),
    file("a million rows", lambda: HEAD + b"a,b,c,1\n" * 1_000_000, SENTENCES["file_too_long"]),
    file("a renamed PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Type/Catalog>>\n", "1 problem.",
         file="lindhafen.xlsx"),
    file("a renamed picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", SENTENCES["file_unreadable"], file="stock.xlsx"),
    file("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, SENTENCES["file_old_excel"]),
    file("a zip that is no workbook", b"PK\x03\x04" + b"\0" * 60, SENTENCES["file_unreadable"], file="stock.xlsx"),
    file("a zip bomb", zip_bomb, SENTENCES["file_too_large"], file="stock.xlsx"),
    file("a formula", lambda: workbook(HEADER, ["A-01-02", "HW-1", None, "=2+3"]), SENTENCES["formula"],
         file="lindhafen.xlsx"),
    file("an error for a value", lambda: workbook(HEADER, ["A-01-02", "HW-1", None, "#REF!"]),
         "This cell holds the error #REF!", file="lindhafen.xlsx"),
    file("merged cells", lambda: workbook(
        HEADER, ["A-01-02", "HW-1", None, 5], [None, "CH-1", None, 5], then=lambda sheet: sheet.merge_cells("A2:A3")
    ), "The cells A2:A3 are merged", file="lindhafen.xlsx"),
    file("a quantity that is none", HEAD + b"A-01-02,HW-1,,1e3\n", "“1e3” is not a number."),
    file("thousands or decimals?", HEAD + b'A-01-02,HW-1,,"1,000"\n', "“1,000” can mean 1000 or"),
    file("a quantity below nothing", HEAD + b"A-01-02,HW-1,,-5\n", "“-5” is less than zero."),
    file("an item that nobody knows", HEAD + b"A-01-02,HW-9,,5\n", "HW-9"),
    file("stock where some lies already", HEAD + b"A-01-01,HW-1,,5\n", "A-01-01 has entries of HW-1 already"),
    file("markup", HEAD + b"A-01-02,<script>alert(1)</script>,,5\n", "<script>alert(1)</script>"),
    counts("a quantity that is none", COUNTS + b"A-01-01,HW-1,,1e3\n", "“1e3” is not a number."),
    counts("a quantity below nothing", COUNTS + b"A-01-01,HW-1,,-1\n", "“-1” is less than zero."),
    counts("thousands or decimals?", COUNTS + b'A-01-01,HW-1,,"1,000"\n', "“1,000” can mean 1000 or"),
    counts("a bin of another location", COUNTS + b"S-01,HW-1,,5\n", "S-01"),
    counts("an item that nobody knows", COUNTS + b"A-01-01,HW-9,,5\n", "There is no item HW-9."),
    counts("a lot of what has none", COUNTS + b"A-01-01,HW-1,L1,5\n", "leave the lot blank"),
    counts("no lot of what needs one", COUNTS + b"A-01-01,CH-1,,5\n", "is tracked by lot: fill in the lot."),
    counts("a line twice", COUNTS + b"A-01-02,HW-2,,5\nA-01-02,HW-2,,6\n", "Row 2 counts this already."),
    counts("a line of another count", lambda w: b"Line,Counted\n%d,5\n" % foreign_line(w).pk, "no such line"),
    counts("a line that is no number", b"Line,Counted\nx,5\n", "is not the number of a line"),
    counts("a formula", workbook(["Bin", "Item", "Counted"], ["A-01-02", "HW-2", "=1+1"]), SENTENCES["formula"],
           file="counts.xlsx"),
    counts("merged cells", workbook(
        ["Bin", "Item", "Counted"], ["A-01-02", "HW-2", 5], [None, "HW-1", 5],
        then=lambda sheet: sheet.merge_cells("A2:A3")), "The cells A2:A3 are merged", file="counts.xlsx"),
    counts("a zip bomb", zip_bomb(), SENTENCES["file_too_large"], file="counts.xlsx"),
    counts("empty", b"", SENTENCES["file_empty"]),
    Case("counts: after the count is over", lambda w: w.hands_in_counts(COUNTS + b"A-01-01,HW-1,,5\n"),
         "is not being counted any more", given=mark),
    Case("file: none", lambda w: w.lena.post(reverse("import-stock")), "This field is required."),
    Case("file: two of one name", lambda w: w.hands_in(("a.csv", HEAD), ("a.csv", HEAD + GOOD)),
         NamesTwice(name="a.csv")),
    Case("file: forty at once", lambda w: w.hands_in(*[(f"{n}.csv", HEAD) for n in range(40)]),
         TooManyFiles(limit=MAX_FILES)),
    Case("file: a name of 300 characters", lambda w: w.hands_in(("n" * 300 + ".csv", HEAD)), "at most 200 characters"),
]  # fmt: skip


# Requests


def twice(send):
    """Done before the case begins; the case does it again."""
    once = uuid4()
    return {"given": lambda warehouse: send(warehouse, once), "send": lambda warehouse: send(warehouse, once)}


def goes(name, *args, **query):
    return lambda warehouse: warehouse.lena.get(reverse(name, args=args), query)


def completed(warehouse):
    count(warehouse.line(warehouse.hinges), 240)
    complete(warehouse.session)


def recounted(warehouse):
    """The hinges are out for recount, the padlocks are closed."""
    count(warehouse.line(warehouse.hinges), 200)
    mark(warehouse)
    lines = [warehouse.line(warehouse.hinges).pk]
    ask_recount(warehouse.session, lines, by=warehouse.lena.person, at=timezone.now(), why="It was dark")


def cancelled(warehouse):
    cancel(warehouse.session, by=warehouse.lena.person, at=timezone.now())


def without_token(warehouse, **headers):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(warehouse.ama.person)
    return warehouse.say("7", client=browser, **headers)


NOWHERE = "There is nothing at this address"
CLOSED = "asks for other lines to be counted again, or is no longer counted."

REQUESTS = [
    Case("request: a line of somebody else's count", lambda w: w.post("count-set", foreign_line(w).pk, quantity="7"),
         NOWHERE, status=404),
    Case("request: somebody else's count", lambda w: w.ama.get(w.session_elsewhere.get_absolute_url()), NOWHERE,
         status=404),
    Case("request: to cancel somebody else's count",
         lambda w: w.lena.post(reverse("count-cancel", args=[w.session_elsewhere.number])), NOWHERE, status=404),
    Case("request: a line that never was", lambda w: w.post("count-set", 10**12, quantity="7"), NOWHERE, status=404),
    Case("request: a key that no database has", lambda w: w.post("count-set", 10**30, quantity="7"), NOWHERE,
         status=404),
    Case("request: an item that never was", lambda w: w.finds(item=10**12), "item", status=400),
    Case("request: a variant of another item", lambda w: w.finds(variant=10**12), "item", status=400),
    Case("request: a quant of another location", lambda w: w.lena.get(
        reverse("adjust", args=[foreign_line(w).quant_id])), NOWHERE, status=404),
    Case("request: a bin of another location to put something into",
         lambda w: w.post("count-put-aside", code="X", belongs_in=w.foreign_bin.pk), NOWHERE, status=404),
    Case("request: a decision about a line of another count", lambda w: w.lena.post(
        reverse("count-review", args=[w.session.number]), {"do": f"accept:{foreign_line(w).pk}"}), NOWHERE,
        status=404, given=mark),
    Case("request: a decision that nobody knows", lambda w: w.decides("burn"), "could not be understood", status=400,
         given=mark),
    Case("request: chosen lines that never were", lambda w: w.lena.post(
        reverse("count-review", args=[w.session.number]), {"do": "accept", "line": ["9" * 30, "9" * 5000, "-1", "x"]}),
        "Choose at least one line", given=mark),
    Case("request: a decision while it is counted", lambda w: w.decides("accept"), "is not in review"),
    Case("request: the same count again", **twice(lambda w, once: w.say("7", client_id=once)), status=200,
         says="7 each"),
    Case("request: the same scan again", **twice(lambda w, once: w.post("count-scan", code="HW-1", client_id=once)),
         status=200, says="52 each"),
    Case("request: a count that was for another line", lambda w: w.say("7", quant=w.hinges, client_id=uuid4_of(w)),
         SaidElsewhere()),
    Case("request: the same receipt again", **twice(lambda w, once: w.receives(request_id=once)), status=302, says=""),
    Case("request: a quantity that is not the book's any more", lambda w: w.adjusts(), "moved while you looked",
         given=lambda w: move(Quant.objects.get(pk=w.padlocks.pk), 6), keeps="50"),
    Case("request: a line completed meanwhile", typed("7"), CLOSED, given=completed),
    Case("request: a scan after completion", scanned("HW-1"), CLOSED, given=completed),
    Case("request: a line of the wrong round", typed("7"), CLOSED, given=recounted),
    Case("request: a line of a cancelled count", typed("7"), CLOSED, given=cancelled),
    Case("request: to mark a cancelled count", lambda w: w.steps("count-mark"), "is cancelled, so it cannot become",
         given=cancelled),
    Case("request: to cancel a completed count", lambda w: w.steps("count-cancel"),
         "is completed, so it cannot become", given=completed),
    Case("request: to complete without figures", lambda w: w.steps("count-complete"), "Confirm again.", given=mark),
    Case("request: to complete with other figures", lambda w: w.steps(
        "count-complete", lines=9, plus="9", minus="0", value="0"), "", given=mark),
    Case("request: to complete with figures that are none", lambda w: w.steps(
        "count-complete", lines="NaN", plus="NaN", minus="Infinity", value="1e999"), "Confirm again.", given=mark),
    Case("request: not a UUID", typed("7", client_id="1; DROP TABLE"), "Enter a valid UUID.", status=400),
    Case("request: begun before the beginning", typed("7", begun="-1"), "greater than or equal to 0", status=400),
    Case("request: begun beyond the end", typed("7", begun=str(2**63)), "less than or equal to", status=400),
    Case("request: a step of a thousand", lambda w: w.post("count-step", w.line().pk, step="1000"), "Select a valid",
         status=400),
    Case("request: JSON where a form is asked for", lambda w: w.ama.post(
        reverse("count-set", args=[w.session.number, w.line().pk]), {"quantity": "7"}, "application/json"),
        "This field is required.", status=400),
    Case("request: 20,001 fields", lambda w: w.post("count-scan", code="HW-1", **{f"f{n}": n for n in range(20_001)}),
         "could not be understood", status=400),
    Case("request: 6 MB of text", lambda w: w.post("count-scan", code="x" * 6_000_000, bin="A-01-01"),
         "could not be understood", status=400),
    Case("request: GET where something changes", lambda w: w.get("count-set", w.line().pk), "", status=405),
    Case("request: DELETE", lambda w: w.lena.delete(w.session.get_absolute_url()), "", status=405),
    Case("request: GET that says it is POST", lambda w: w.ama.get(
        reverse("count-scan", args=[w.session.number]), headers={"X-HTTP-Method-Override": "POST"}), "", status=405),
    Case("request: from another site", without_token, "This page was too old", status=403),
    Case("request: without a right", lambda w: w.ama.post(reverse("count-cancel", args=[w.session.number])),
         "You may not do this", status=403),
    Case("request: the page before the first", goes("counts", page="-1"), "Counts", status=200),
    Case("request: a page of forty digits", goes("stock", page="9" * 40), "HW-1", status=200),
    Case("request: a sort that is none", goes("stock", sort="evil"), "HW-1", status=200),
    Case("request: a sort through other tables", goes("items", sort="quants__entries__register__by__password"), "HW-1",
         status=200),
    Case("request: SQL in a search", goes("search", q="'; DROP TABLE warehouse_item; --"), "Nothing", status=200),
    Case("request: markup in a search", goes("search", q=MARKUP), MARKUP, status=200, keeps=MARKUP),
    Case("request: NUL in a filter", goes("stock", q="HW\0-1"), "HW-1", status=200),
    Case("request: a number of 4,000 characters", goes("count-detail", "S" * 4000), NOWHERE, status=404),
    Case("request: a number with a quote", goes("item-detail", "HW-1' OR '1'='1"), NOWHERE, status=404),
    Case("request: a path out of the samples", lambda w: w.lena.get("/stock/import/samples/..%2F..%2Fmanage.py"),
         NOWHERE, status=404),
    Case("request: another host", lambda w: w.lena.get("/", headers={"Host": "evil.example"}),
         "could not be understood", status=400),
    Case("request: a target of 5,000 digits", lambda w: w.lena.get(
        reverse("count-review", args=[w.session.number]),
        headers={**HTMX, "HX-Target": "line-" + "9" * 5000}), NOWHERE, status=404),
    Case("request: a page from nowhere", lambda w: w.lena.get(
        "/", headers={**HTMX, "HX-Current-URL": "javascript:alert(1)", "HX-Boosted": "maybe"}), "", status=200),
    Case("request: cookies from nowhere", lambda w: Client(headers={"Cookie": "theme=\"><b>; sessionid=' OR 1=1"}).get(
        "/login/"), "Log in", status=200),
]  # fmt: skip


def uuid4_of(warehouse):
    """The client_id of the entry that is there."""
    return warehouse.line().entries.get().client_id


CASES = QUANTITIES + SCANS + UNITS + DOCUMENTS + FILES + REQUESTS


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_is_answered_where_it_arose_and_nothing_is_lost(warehouse, case):
    case.given(warehouse)
    before = everything()

    answer = case.send(warehouse)

    assert answer.status_code == case.status, text_of(answer)
    assert str(case.sentence) in text_of(answer)
    assert "<script>alert" not in answer.content.decode()
    assert not case.keeps or case.field in answer.content.decode()
    assert difference(before, everything()) <= case.writes


def test_cases_have_names_of_their_own():
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


# Anything at all


FIELDS = {
    "quantity": lambda w, text: w.say(text),
    "quantity to add": lambda w, text: w.say(text, mode="add", unit=text[:20]),
    "scan": lambda w, text: w.post("count-scan", code=text),
    "codes of units": lambda w, text: w.reads(text),
    "codes of units, anywhere": lambda w, text: w.reads(text, on_line=False, meant=text),
    "one unit": lambda w, text: w.reads("", code=text),
    "units taken back": lambda w, text: w.post("count-take-back", w.line(w.drills).pk, code=text),
    "number of units": lambda w, text: w.post("count-units-quantity", w.line(w.drills).pk, quantity=text),
    "units looked for": lambda w, text: w.get("count-line-units", w.line(w.drills).pk, find=text, page=text),
    "unit": lambda w, text: w.lena.get(f"/units/{quote(text)}/"),
    "scan, meant": lambda w, text: w.post("count-scan", code="HW-1", meant=text),
    "found": lambda w, text: w.finds(item=w.epoxy.pk, lot=text, code=text),
    "put aside": lambda w, text: w.post("count-put-aside", code=text, note=text),
    "bin": lambda w, text: w.post("count-finish", bin=text, **{f"none-{text}": "1"}),
    "undone line": lambda w, text: w.post("count-undo", line=text, last=uuid4()),
    "seen lines": lambda w, text: w.get("count-lines", bin="A-01-01", seen=text),
    "received item": lambda w, text: w.receives(item=text),
    "received lot": lambda w, text: w.receives(item="CH-1", lot=text, quantity=text),
    "cost": lambda w, text: w.receives(unit_cost=text, posting_date=text),
    "adjusted quantity": lambda w, text: w.adjusts(quantity=text, note=text, seen_entry=text),
    "decision": lambda w, text: w.decides("leave_out", note=text, quantity=text, reason=text),
    "search": lambda w, text: w.lena.get(reverse("search"), {"q": text}),
    "filters": lambda w, text: w.lena.get(reverse("stock"), {"q": text, "page": text, "sort": text, "bin": text}),
    "scope": lambda w, text: w.lena.get(reverse("count-new"), {"bins": text, "items": text, "location": text}),
    "name of a file": lambda w, text: w.hands_in((text, HEAD + GOOD)),
    "file": lambda w, text: w.hands_in(("a.csv", text.encode())),
    "address": lambda w, text: w.lena.get(f"/items/{quote(text)}/"),
}


@settings(max_examples=settings.default.max_examples * 2)
@given(
    field=st.sampled_from(sorted(FIELDS)),
    text=st.text(max_size=300)
    | st.text("0123456789.,x+-() ]C1dA\x1d\0", max_size=80)
    | st.sampled_from(["²", "٣", "9" * 5000]),
)
def test_whatever_is_sent_is_answered_and_what_is_refused_changes_nothing(warehouse, field, text):
    with rolled_back():
        before = everything()
        answer = FIELDS[field](warehouse, text)
        changed = difference(before, everything())

    assert answer.status_code in (200, 302, 400, 404, 422)
    assert answer.status_code < 400 or not changed
