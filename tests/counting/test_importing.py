"""Counts that come back in a spreadsheet: what a file says, what it would do, and what it did."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from counting.exporting import Layout, Which, export_lines
from counting.importing import (
    ConflictsLeft,
    NothingToImport,
    ask_to_import,
    carry_out,
    decide,
    hand_in_counts,
    left_behind,
)
from counting.models import CountEntry, CountImport, CountLine, CountSession, Take
from counting.opening import NotInDraft, Scope, open_session
from counting.recording import add_to_count
from counting.review import ask_recount, mark_counted
from ledger.importing import NotReady
from ledger.imports import apply_import, plan_import
from ledger.models import ImportStatus
from ledger.models.imports import WrongImportStatus
from tests.counting.given import clear, count, given_line, given_lines, given_session
from tests.counting.people import counter, supervisor
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UserFactory,
    given_stock,
    move,
)
from tests.ledger.test_import import needs_openboxes, openboxes
from tests.properties import rolled_back
from warehouse.exporting import Format, download
from warehouse.models import BinHold, ItemVariant, Location, Lot, Quant
from warehouse.spreadsheets import SourceFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    return given_shelf()


def given_shelf():
    """10 bolts and 20 nuts in A-1, 8 of a lot of resin in A-2."""
    location = LocationFactory(code="LH", name="Lindhafen")
    first, second = BinFactory(location=location, code="A-1", name="Rack 1"), BinFactory(location=location, code="A-2")
    given_stock(10, bin=first, item=ItemFactory(number="BOLT"))
    given_stock(20, bin=first, item=ItemFactory(number="NUT"))
    given_stock(8, bin=second, lot=LotFactory(item=LotItemFactory(number="RESIN"), number="00392"))
    return given_session(location)


@pytest.fixture
def lena(shelf):
    return supervisor(shelf.location).person


def line_of(session, item):
    return session.lines.select_related("quant", "session").get(quant__item__number=item)


def export(session, by, *, format=Format.CSV, layout=Layout.TRUECOUNT):
    """The lines as a file: (header, rows), each row a list of cells as they would be read."""
    made = export_lines(session, layout=layout, which=Which.ALL, by=by, at=timezone.now())
    content = b"".join(download("x", format, made.header, list(made.rows)).streaming_content)
    return SourceFile("lines.csv", content)


def filled(session, by, **counts):
    """The export with these counts written into it, by the numbers of items."""
    made = export_lines(session, layout=Layout.TRUECOUNT, which=Which.ALL, by=by, at=timezone.now())
    rows = [dict(zip(made.header, row, strict=True)) for row in made.rows]
    for row in rows:
        row["Counted"] = counts.get(row["Item"], row["Counted"])
    return table(made.header, [[row[heading] for heading in made.header] for row in rows])


def table(header, rows, name="lines.csv"):
    cells = [["" if cell is None else str(cell) for cell in row] for row in [header, *rows]]
    return SourceFile(name, "\n".join(",".join(row) for row in cells).encode())


def listed(*rows, header="Bin,Item,Lot,Counted", name="list.csv"):
    return SourceFile(name, "\n".join([header, *rows]).encode())


def hand_in(session, file, by):
    return hand_in_counts(session, file, by=by, at=timezone.now())


def imported(session, file, by):
    """Handed in and, where nothing is in the way, taken."""
    handed_in = hand_in(session, file, by)
    ask_to_import(handed_in, at=timezone.now())
    return handed_in


def outcomes(handed_in):
    return dict(handed_in.rows.values_list("row", "outcome"))


def faults(handed_in):
    return [(problem["row"], problem["code"]) for problem in handed_in.problems]


def counted(session):
    rows = session.lines.order_by("pk").values_list("quant__item__number", "counted_quantity")
    return {item: quantity for item, quantity in rows if quantity is not None}


def given_blind(session):
    CountSession.objects.filter(pk=session.pk).update(blind=True)
    session.refresh_from_db()


# The round trip


def test_counts_on_the_export_are_taken_and_remembered(shelf, lena):
    handed_in = imported(shelf, filled(shelf, lena, BOLT=9, RESIN="7.5"), lena)

    assert handed_in.status == ImportStatus.APPLIED
    assert counted(shelf) == {"BOLT": 9, "RESIN": Decimal("7.5")}
    assert line_of(shelf, "BOLT").counted_by == lena
    deed = shelf.activities.get(deed="imported")
    assert (deed.by, deed.lines, deed.note) == (lena, 2, "lines.csv")


def test_handing_in_a_file_counts_nothing_yet(shelf, lena):
    handed_in = hand_in(shelf, filled(shelf, lena, BOLT=9), lena)

    assert handed_in.status == ImportStatus.CHECKED
    assert handed_in.summary["blank"] == 2
    assert counted(shelf) == {}


@pytest.mark.parametrize("format", Format.values)
def test_an_export_that_comes_back_unchanged_changes_nothing(shelf, lena, format):
    count(line_of(shelf, "BOLT"), Decimal("9.125"))
    before = CountLine.objects.order_by("pk").values()[:]

    handed_in = hand_in(shelf, export(shelf, lena, format=format), lena)

    assert list(outcomes(handed_in).values()) == ["same"]
    with pytest.raises(NothingToImport):
        ask_to_import(handed_in, at=timezone.now())
    assert list(CountLine.objects.order_by("pk").values()) == list(before)
    assert CountEntry.objects.count() == 1


def test_a_blank_count_is_not_counted_and_zero_is_zero(shelf, lena):
    imported(shelf, filled(shelf, lena, BOLT=0), lena)

    assert counted(shelf) == {"BOLT": 0}


def test_the_same_file_is_taken_once(shelf, lena):
    file = filled(shelf, lena, BOLT=9)
    imported(shelf, file, lena)
    count(line_of(shelf, "BOLT"), 10)

    second = hand_in(shelf, file, lena)

    assert list(outcomes(second).values()) == ["taken"]
    with pytest.raises(NothingToImport):
        ask_to_import(second, at=timezone.now())
    assert counted(shelf) == {"BOLT": 10}


def test_two_people_who_hand_in_the_same_file_count_once(shelf, lena):
    file = filled(shelf, lena, BOLT=9)
    first, second = hand_in(shelf, file, lena), hand_in(shelf, file, UserFactory(is_superuser=True))

    ask_to_import(first, at=timezone.now())
    ask_to_import(second, at=timezone.now())

    assert CountEntry.objects.count() == 1
    assert second.summary["recorded"] == 0


def test_stock_that_moved_since_the_export_marks_the_line(shelf, lena):
    file = filled(shelf, lena, BOLT=9)
    move(line_of(shelf, "BOLT").quant, -2)

    handed_in = imported(shelf, file, lena)

    line = line_of(shelf, "BOLT")
    assert handed_in.summary["moved"] == 1
    assert (line.disturbed, line.book_quantity) == (True, 8)


def test_whoever_saw_a_count_in_the_export_may_change_it(shelf, lena):
    count(line_of(shelf, "BOLT"), 8)

    handed_in = imported(shelf, filled(shelf, lena, BOLT=7), lena)

    assert list(outcomes(handed_in).values()) == ["changed"]
    assert counted(shelf) == {"BOLT": 7}


# Conflicts


def given_conflict(session, by, **counts):
    """A file with counts for lines that Ama counted after it was made."""
    file = filled(session, by, **counts)
    ama = UserFactory(username="ama")
    for item in counts:
        count(line_of(session, item), 8, by=ama)
    return file


def test_a_line_that_was_counted_meanwhile_waits_for_a_decision(shelf, lena):
    handed_in = hand_in(shelf, given_conflict(shelf, lena, BOLT=7), lena)

    row = handed_in.rows.get()
    assert (row.outcome, row.was, row.quantity) == ("conflict", 8, 7)
    with pytest.raises(ConflictsLeft):
        ask_to_import(handed_in, at=timezone.now())
    assert counted(shelf) == {"BOLT": 8}


def test_each_conflict_is_decided_by_itself_or_with_all_others(shelf, lena):
    handed_in = hand_in(shelf, given_conflict(shelf, lena, BOLT=7, NUT=19), lena)
    rows = dict(handed_in.rows.values_list("item", "row"))

    decide(handed_in, {rows["BOLT"]: Take.FILE}, others=Take.THEIRS)
    ask_to_import(handed_in, at=timezone.now())

    assert counted(shelf) == {"BOLT": 7, "NUT": 8}


def test_the_same_count_by_two_people_is_no_conflict(shelf, lena):
    handed_in = hand_in(shelf, given_conflict(shelf, lena, BOLT=8), lena)

    assert list(outcomes(handed_in).values()) == ["same"]


def test_a_decision_holds_for_the_count_that_it_was_about(shelf, lena):
    handed_in = hand_in(shelf, given_conflict(shelf, lena, BOLT=7), lena)
    decide(handed_in, {}, others=Take.FILE)
    count(line_of(shelf, "BOLT"), 6)

    ask_to_import(handed_in, at=timezone.now())

    assert (handed_in.status, handed_in.problems) == (ImportStatus.CHECKED, [])
    assert handed_in.rows.undecided().get().was == 6
    assert counted(shelf) == {"BOLT": 6}


def test_a_count_that_came_between_the_dry_run_and_the_import_is_asked_about(shelf, lena):
    handed_in = hand_in(shelf, filled(shelf, lena, BOLT=7), lena)
    count(line_of(shelf, "BOLT"), 6)

    ask_to_import(handed_in, at=timezone.now())

    assert handed_in.status == ImportStatus.CHECKED
    assert list(outcomes(handed_in).values()) == ["conflict"]
    assert counted(shelf) == {"BOLT": 6}


def test_a_count_that_was_cleared_meanwhile_is_no_conflict(shelf, lena):
    line = count(line_of(shelf, "BOLT"), 8)
    file = filled(shelf, lena, BOLT=7)
    clear(line)

    assert list(outcomes(hand_in(shelf, file, lena)).values()) == ["counted"]


# Recounts


def given_recount(session, item):
    mark_counted(session, by=UserFactory(), at=timezone.now())
    ask_recount(session, [line_of(session, item).pk], by=UserFactory(), at=timezone.now(), why="Look again")
    session.refresh_from_db()


def test_lines_that_are_closed_in_a_recount_are_named(shelf, lena):
    for item in ("BOLT", "NUT"):
        count(line_of(shelf, item), 8)
    given_recount(shelf, "BOLT")

    handed_in = hand_in(shelf, filled(shelf, lena, BOLT=7, NUT=19), lena)

    assert [code for _row, code in faults(handed_in)] == ["line_closed"]
    assert counted(shelf)["BOLT"] == 8


def test_a_recount_on_the_export_is_taken(shelf, lena):
    count(line_of(shelf, "BOLT"), 8)
    given_recount(shelf, "BOLT")

    imported(shelf, filled(shelf, lena, BOLT=7), lena)

    line = line_of(shelf, "BOLT")
    assert (line.counted_quantity, line.recount_asked, line.counted_round) == (7, False, 2)


def test_a_file_from_before_the_recount_was_asked_for_is_not_taken_for_it(shelf, lena):
    count(line_of(shelf, "BOLT"), 8)
    file = filled(shelf, lena)
    given_recount(shelf, "BOLT")

    handed_in = hand_in(shelf, file, lena)

    assert list(outcomes(handed_in).values()) == ["asked_again"]
    with pytest.raises(ConflictsLeft):
        ask_to_import(handed_in, at=timezone.now())


# Rows that name bins and items


def test_rows_without_lines_find_them_by_bin_item_and_lot(shelf, lena):
    imported(shelf, listed("A-1,BOLT,,9", "rack 1,nut,,19", "A-2,RESIN,00392,7"), lena)

    assert counted(shelf) == {"BOLT": 9, "NUT": 19, "RESIN": 7}


def test_what_nobody_expected_is_added_with_its_lot(shelf, lena):
    handed_in = imported(shelf, listed("A-2,BOLT,,3", "A-1,RESIN,NEW-1,4"), lena)

    assert list(outcomes(handed_in).values()) == ["found", "found"]
    found = shelf.lines.filter(found=True).order_by("counted_quantity")
    assert [(line.system_quantity, line.counted_quantity) for line in found] == [(0, 3), (0, 4)]
    assert Lot.objects.get(number="NEW-1").item.number == "RESIN"


def test_what_is_added_to_a_count_that_stops_movements_stops_too():
    quant = given_stock(5, item=ItemFactory(number="BOLT"))
    session = given_session(quant.location, policies={"guard": "block"})
    bin = BinFactory(location=quant.location)

    imported(session, listed(f"{bin.code},BOLT,,3"), UserFactory(is_superuser=True))

    assert BinHold.objects.get(bin=bin).held_by == session.number


def test_items_that_have_no_line_can_be_left_out(shelf, lena):
    handed_in = hand_in(shelf, listed("A-1,BOLT,,9", "A-2,BOLT,,3"), lena)

    decide(handed_in, {}, found=False)
    ask_to_import(handed_in, at=timezone.now())

    assert counted(shelf) == {"BOLT": 9}
    assert not Quant.objects.filter(bin__code="A-2", item__number="BOLT").exists()


def test_what_another_count_holds_is_counted_there(shelf, lena):
    bin = BinFactory(location=shelf.location, code="B-1")
    given_stock(1, bin=bin, item=ItemFactory(number="SCREW"))
    other = given_session(shelf.location)

    handed_in = hand_in(shelf, listed("B-1,SCREW,,1"), lena)

    assert faults(handed_in) == [(2, "counted_elsewhere")]
    assert other.number in handed_in.problems[0]["message"]


def test_a_variant_is_named_in_its_column_or_behind_a_slash(shelf, lena):
    bolt = line_of(shelf, "BOLT").quant.item
    ItemVariant.objects.create(item=bolt, code="RED")

    handed_in = imported(shelf, listed("A-1,BOLT/red,2", header="Bin,Item,Counted"), lena)

    assert list(outcomes(handed_in).values()) == ["found"]
    assert shelf.lines.get(found=True).quant.variant.code == "RED"


def test_a_location_without_bins_needs_none():
    quant = given_stock(5, bin=LocationFactory().bins.get(), item=ItemFactory(number="BOLT"))
    session = given_session(quant.location)

    imported(session, listed("BOLT,4", header="Item,Counted"), supervisor(session.location).person)

    assert counted(session) == {"BOLT": 4}


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Location,Product,Lot/Serial Number,Counted Quantity", "WH/Stock/A-1,[BOLT] Bolt M6,,9"),
        ("Item Code,Warehouse,Quantity,Valuation Rate", "BOLT,A-1 - LH,9,2.5"),
        (
            "Product code,Product name,Lot number,Expiration date,Bin location,OB QOH,Physical QOH,Comment",
            "BOLT,Bolt M6,,,Rack 1,10,9,one is bent",
        ),
        ("Location,Bin,Item,Counted", "Lindhafen,A-1,BOLT,9"),
    ],
)
def test_count_files_of_other_systems_are_understood(shelf, lena, header, row):
    imported(shelf, listed(row, header=header), lena)

    assert counted(shelf) == {"BOLT": 9}


@pytest.mark.parametrize("layout", ["openboxes", "odoo", "erpnext"])
def test_what_leaves_for_another_system_can_come_back_from_it(shelf, lena, layout):
    for item, quantity in {"BOLT": 9, "RESIN": 7}.items():
        count(line_of(shelf, item), quantity)

    handed_in = hand_in(shelf, export(shelf, lena, layout=layout), lena)

    assert handed_in.problems == []
    assert list(outcomes(handed_in).values()) == ["same", "same"]


# What is wrong


def test_every_faulty_row_is_named_at_once(shelf, lena):
    lines = {item: line_of(shelf, item).pk for item in ("BOLT", "NUT", "RESIN")}
    elsewhere, far = given_session_at(shelf.location), given_line(1)
    rows = [
        f"{lines['BOLT']},A-2,BOLT,,1",
        f"{lines['NUT']},A-1,BOLT,,1",
        f"{lines['RESIN']},A-2,RESIN,392,1",
        f"{lines['RESIN']},A-2,RESIN,00392,1",
        f"{elsewhere.pk},,,,1",
        f"{far.pk},,,,1",
        "999999,,,,1",
        "12a,,,,1",
        ",A-9,BOLT,,1",
        ",A-1,SCREW,,1",
        ",,BOLT,,1",
        ",A-1,,,1",
        ",A-2,RESIN,,1",
        ",A-1,BOLT,L1,1",
        ",A-1,BOLT,,NaN",
        ",A-1,BOLT,,-1",
        ",A-1,BOLT,,0.000001",
        ",A-1,BOLT,,2026-01-31",
        ",A-1,BOLT,,1e999",
    ]

    handed_in = hand_in(shelf, listed(*rows, header="Line,Bin,Item,Lot,Counted"), lena)

    assert faults(handed_in) == [
        (2, "bin_changed"),
        (3, "item_changed"),
        (4, "lot_changed"),
        (5, "line_twice"),
        (6, "line_elsewhere"),
        (7, "line_unknown"),
        (8, "line_unknown"),
        (9, "not_a_line"),
        (10, "unknown_bin"),
        (11, "unknown_item"),
        (12, "bin_missing"),
        (13, "item_missing"),
        (14, "lot_missing"),
        (15, "lot_not_expected"),
        (16, "not_a_number"),
        (17, "negative"),
        (18, "quantity_too_precise"),
        (19, "not_a_number"),
        (20, "not_a_number"),
    ]
    assert handed_in.problems[0]["column"] == "Bin"
    with pytest.raises(NotReady):
        ask_to_import(handed_in, at=timezone.now())


def given_session_at(location):
    given_stock(1, bin=BinFactory(location=location), item=ItemFactory())
    return given_session(location).lines.get()


@pytest.mark.parametrize(
    "rows",
    [
        ["A-1,BOLT,,1", "A-1,BOLT,,1"],
        ["Rack 1,BOLT,,1", "A-1,bolt,,2"],
        ["A-2,BOLT,,1", "A-2,BOLT,,2"],
    ],
)
def test_one_item_in_one_bin_is_counted_once_in_a_file(shelf, lena, rows):
    handed_in = hand_in(shelf, listed(*rows), lena)

    assert faults(handed_in) == [(3, "line_twice")]
    assert "Row 2" in handed_in.problems[0]["message"]


def test_a_line_and_its_bin_and_item_are_one_line(shelf, lena):
    line = line_of(shelf, "BOLT").pk

    handed_in = hand_in(shelf, listed(f"{line},,,1", ",A-1,BOLT,2", header="Line,Bin,Item,Counted"), lena)

    assert faults(handed_in) == [(3, "line_twice")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"Bin,Item\nA-1,BOLT\n", "unknown_kind"),
        (b"Counted\n5\n", "unknown_kind"),
        (b"Location,Bin,Item,Counted\nOslo,A-1,BOLT,1\n", "location_elsewhere"),
        (b"Line,Version,Counted\n1,yesterday,1\n", "not_a_version"),
        (b"Bin,Item,Variant,Counted\nA-1,BOLT,BLUE,1\n", "unknown_variant"),
    ],
)
def test_a_file_that_is_no_count_of_this_session_says_why(shelf, lena, content, code):
    handed_in = hand_in(shelf, SourceFile("x.csv", content), lena)

    assert [problem["code"] for problem in handed_in.problems] == [code]


def test_the_expiration_date_of_a_known_lot_is_held_against_it(shelf, lena):
    Lot.objects.filter(number="00392").update(expiration_date="2027-01-31")

    handed_in = hand_in(shelf, listed("A-2,RESIN,00392,2028-01-31,1", header="Bin,Item,Lot,Expires,Counted"), lena)

    assert faults(handed_in) == [(2, "lot_expires_otherwise")]


def test_a_session_that_is_not_counted_any_more_takes_no_file(shelf, lena):
    count(line_of(shelf, "BOLT"), 8)
    file = filled(shelf, lena, BOLT=7)
    handed_in = hand_in(shelf, file, lena)
    mark_counted(shelf, by=lena, at=timezone.now())

    ask_to_import(handed_in, at=timezone.now())

    shelf.refresh_from_db()
    assert [problem["code"] for problem in handed_in.problems] == ["not_in_draft"]
    assert counted(shelf) == {"BOLT": 8}
    with pytest.raises(NotInDraft):
        hand_in(shelf, file, lena)


# Blind counts


def test_a_blind_dry_run_compares_the_file_with_nobody_elses_count(shelf):
    given_blind(shelf)
    person = counter(shelf.location).person
    file = given_conflict(shelf, person, BOLT=8)

    handed_in = hand_in(shelf, file, person)

    assert list(outcomes(handed_in).values()) == ["conflict"]


def test_a_blind_counter_may_change_their_own_count(shelf):
    given_blind(shelf)
    person = counter(shelf.location).person
    count(line_of(shelf, "BOLT"), 8, by=person)

    imported(shelf, filled(shelf, person, BOLT=7), person)

    assert counted(shelf) == {"BOLT": 7}


def test_what_others_added_to_is_nobodys_own_count(shelf):
    given_blind(shelf)
    person = counter(shelf.location).person
    line = count(line_of(shelf, "BOLT"), 8)
    add_to_count(line, Decimal(2), by=person, client_id=uuid4())

    handed_in = hand_in(shelf, listed("A-1,BOLT,,10"), person)

    assert list(outcomes(handed_in).values()) == ["conflict"]


def test_a_blind_export_that_comes_back_unchanged_changes_nothing(shelf):
    given_blind(shelf)
    person = counter(shelf.location).person
    count(count(line_of(shelf, "BOLT"), 8), 7, by=person)
    count(line_of(shelf, "NUT"), 19)

    handed_in = hand_in(shelf, export(shelf, person), person)

    assert list(outcomes(handed_in).values()) == ["same"]


# Whatever a file holds

CELLS = st.sampled_from(
    ["", "A-1", "Rack 1", "BOLT", "RESIN", "00392", "5", "-1", "1.5", "NaN", "r1m0c0", "1", "=1+1", "x" * 99]
)
HEADINGS = ["Line", "Version", "Bin", "Item", "Variant", "Lot", "Expires", "Counted"]


@given(
    header=st.permutations(HEADINGS).map(lambda names: names[:6]),
    rows=st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=6),
)
def test_no_table_breaks_the_import_or_counts_in_a_dry_run(header, rows):
    with rolled_back():
        handed_in = hand_in(given_shelf(), table(header, rows), UserFactory(is_superuser=True))

        assert handed_in.status == ImportStatus.CHECKED
        assert handed_in.problems or handed_in.rows.count() + handed_in.summary["blank"] == len(list(filter(any, rows)))
        assert not CountEntry.objects.exists()


@given(
    counts=st.lists(st.none() | st.decimals(0, 10**6, places=3), min_size=3, max_size=3),
    format=st.sampled_from(Format.values),
)
def test_what_is_exported_comes_back_unchanged_whatever_was_counted(counts, format):
    with rolled_back():
        shelf, lena = given_shelf(), UserFactory(is_superuser=True)
        for line, quantity in zip(shelf.lines.select_related("quant", "session"), counts, strict=True):
            if quantity is not None:
                count(line, quantity)

        handed_in = hand_in(shelf, export(shelf, lena, format=format), lena)

        assert handed_in.problems == []
        assert set(outcomes(handed_in).values()) <= {"same"}
        assert len(outcomes(handed_in)) == sum(quantity is not None for quantity in counts)


@needs_openboxes
def test_the_count_sheet_of_openboxes_is_a_count_of_what_it_was_stock_of():
    files = openboxes("locations", "binLocations", "products", "bostonWarehouseInventory")
    apply_import(plan_import(files, location="Boston Warehouse"), by=None, at=TODAY)
    scope = Scope(places_that_held_it=True)
    boston = Location.objects.get(name="Boston Warehouse")
    session = open_session(boston, by=UserFactory(), at=timezone.now(), request_id=uuid4(), scope=scope).session

    handed_in = imported(session, files[-1], UserFactory(is_superuser=True))

    assert handed_in.summary["recorded"] == 57
    assert session.lines.off().count() == 0
    assert session.lines.uncounted().count() == 0


# Large files and lost workers


def test_a_large_file_is_checked_and_imported_by_a_worker(shelf, lena, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("counting.importing.SMALL_FILE", 10)
    monkeypatch.setattr("counting.importing.SMALL_IMPORT", 0)

    with django_capture_on_commit_callbacks(execute=True) as sent:
        handed_in = hand_in(shelf, filled(shelf, lena, BOLT=9), lena)
    waiting = handed_in.status
    checked = carry_out(handed_in.pk, at=timezone.now())
    handed_in.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True) as sent_again:
        ask_to_import(handed_in, at=timezone.now())
    done = carry_out(handed_in.pk, at=timezone.now()), carry_out(handed_in.pk, at=timezone.now())

    assert (waiting, checked, done) == ("checking", "checked", ("imported", "nothing to do"))
    assert (len(sent), len(sent_again)) == (1, 1)
    assert counted(shelf) == {"BOLT": 9}


def test_a_decision_withdraws_nothing_from_a_worker(shelf, lena, monkeypatch):
    monkeypatch.setattr("counting.importing.SMALL_FILE", 10)
    monkeypatch.setattr("counting.importing.SMALL_IMPORT", 0)

    handed_in = hand_in(shelf, filled(shelf, lena, BOLT=9), lena)
    with pytest.raises(WrongImportStatus):
        decide(handed_in, {}, found=False)
    checked = carry_out(handed_in.pk, at=timezone.now())
    handed_in.refresh_from_db()
    ask_to_import(handed_in, at=timezone.now())
    with pytest.raises(WrongImportStatus):
        decide(handed_in, {}, found=False)

    assert (checked, carry_out(handed_in.pk, at=timezone.now())) == ("checked", "imported")
    assert counted(shelf) == {"BOLT": 9}


def test_an_import_that_a_worker_left_behind_is_picked_up(shelf, lena):
    handed_in = hand_in(shelf, filled(shelf, lena, BOLT=9), lena)
    minutes_ago = timezone.now() - timedelta(minutes=2)

    CountImport.objects.update(status=ImportStatus.ASKED, asked_at=minutes_ago)

    assert list(left_behind(timezone.now())) == [handed_in]


def test_an_import_takes_as_many_statements_for_many_rows_as_for_few(django_assert_max_num_queries):
    lena = UserFactory(is_superuser=True)
    for lines in (given_lines(1, 2), given_lines(*range(1, 61))):
        session = lines[0].session
        file = filled(session, lena, **{line.quant.item.number: 5 for line in lines})
        with django_assert_max_num_queries(60):
            imported(session, file, lena)
        assert session.lines.filter(counted_quantity=5).count() == len(lines)
