"""Files that name units: what they would do, what they did, and what of them is not taken."""

from decimal import Decimal

import pytest
from django.utils import timezone

from counting.exporting import Layout, Which, export_lines
from counting.importing import NothingToImport
from counting.models import Sighting, UnitScan
from counting.review import ask_recount, mark_counted
from counting.unit_differences import differences
from tests.counting.people import counter, supervisor
from tests.counting.test_importing import (
    export,
    faults,
    given_blind,
    hand_in,
    imported,
    listed,
    outcomes,
)
from tests.counting.unit_counts import given_count, given_shelves, scan
from tests.factories import BinFactory, ItemFactory, RfidItemFactory, SerialItemFactory, given_stock, move, post_lines
from tests.pages import text_of
from warehouse.models import ItemReference, Unit
from warehouse.tags import tag_of

pytestmark = pytest.mark.django_db

SERIALS = "Bin,Item,Serial numbers,Counted"


@pytest.fixture
def room():
    """Drills D1, D2 and D3 in T-1, D4 and D5 in T-2, and 10 bolts in T-3; all of it is being counted."""
    first = BinFactory(code="T-1")
    second, third = (BinFactory(code=code, location=first.location) for code in ("T-2", "T-3"))
    drill = SerialItemFactory(number="DRILL")
    for bin, codes in ((first, ["D1", "D2", "D3"]), (second, ["D4", "D5"])):
        receive(bin, drill, codes)
    given_stock(10, bin=third, item=ItemFactory(number="BOLT"))
    return given_count(first, second, third)


@pytest.fixture
def lena(room):
    return supervisor(room.location).person


def receive(bin, item, codes, **numbers):
    """`numbers`: the manufacturer's, by code."""
    lines = ({"bin": bin.pk, "item": item.pk, "quantity": Decimal(1), "unit": code,
              "manufacturer_number": numbers.get(code, "")} for code in codes)  # fmt: skip
    post_lines(bin.location, *lines)


def bin_of(session, code):
    return session.location.bins.get(code=code)


def line_in_bin(session, code, item="DRILL"):
    return session.lines.select_related("quant").get(quant__bin__code=code, quant__item__number=item)


def seen(session):
    """{bin: codes that stand on its lines}"""
    rows = Sighting.objects.filter(line__session=session).order_by("code").values_list("line__quant__bin__code", "code")
    found = {}
    for bin, code in rows:
        found.setdefault(bin, []).append(code)
    return found


def verdicts(session):
    return {difference.code: str(difference.verdict) for difference in differences(session)}


# By their codes


@pytest.mark.parametrize(
    "rows",
    [
        ['T-1,DRILL,"D1, D3",', "T-2,DRILL,D5,"],
        ["T-1,DRILL,D1,1", "T-1,DRILL,D3,1", "T-2,DRILL,D5,1"],
        ['T-1,DRILL,"D1;D3",99', "T-2,DRILL,D5,99"],
    ],
)
def test_units_are_taken_by_their_codes_whatever_the_count_beside_them_says(room, lena, rows):
    handed_in = imported(room, listed(*rows, header=SERIALS), lena)

    assert handed_in.status == "applied"
    assert seen(room) == {"T-1": ["D1", "D3"], "T-2": ["D5"]}
    drills = line_in_bin(room, "T-1")
    assert (drills.counted_quantity, drills.book_quantity, drills.counted_by) == (2, 3, lena)
    assert verdicts(room) == {"D2": "write_off", "D4": "write_off"}


def test_ranges_are_written_as_on_the_page(room, lena):
    imported(room, listed("T-1,DRILL,D1..D3,", header=SERIALS), lena)

    assert seen(room) == {"T-1": ["D1", "D2", "D3"]}


def test_what_stands_in_another_bin_or_is_unknown_is_seen_where_the_file_says(room, lena):
    imported(room, listed('T-2,DRILL,"D1, D9",', header=SERIALS), lena)

    assert seen(room) == {"T-2": ["D1", "D9"]}
    assert verdicts(room) == {"D1": "transfer", "D4": "write_off", "D5": "write_off", "D9": "unknown"}


def test_codes_join_what_was_scanned_and_are_in_conflict_with_nobody(room, lena):
    scan(room, bin_of(room, "T-2"), "D4")

    handed_in = imported(room, listed("T-2,DRILL,D5,", header=SERIALS), lena)

    assert outcomes(handed_in) == {2: "counted"}
    assert seen(room) == {"T-2": ["D4", "D5"]}


def test_the_same_file_of_units_is_taken_once(room, lena):
    file = listed('T-1,DRILL,"D1, D2",', header=SERIALS)
    imported(room, file, lena)

    again = hand_in(room, file, lena)

    assert outcomes(again) == {2: "taken"}
    assert UnitScan.objects.filter(session=room).count() == 2


def test_units_on_the_export_come_back_as_they_are(room, lena):
    scan(room, bin_of(room, "T-1"), "D1", "D2")

    again = hand_in(room, export(room, lena), lena)

    assert outcomes(again) == {2: "same"}


def test_units_added_to_the_export_are_taken_on_its_lines(room, lena):
    made = export_lines(room, layout=Layout.TRUECOUNT, which=Which.ALL, by=lena, at=timezone.now())
    rows = [dict(zip(made.header, row, strict=True)) for row in made.rows]
    written = [
        f'{row["Line"]},{row["Version"]},"D1, D2"' for row in rows if (row["Bin"], row["Item"]) == ("T-1", "DRILL")
    ]
    move(line_in_bin(room, "T-3", "BOLT").quant, 1)

    imported(room, listed(*written, header="Line,Version,Serial numbers"), lena)

    assert seen(room) == {"T-1": ["D1", "D2"]}
    assert not line_in_bin(room, "T-1").disturbed


def test_units_that_came_since_the_export_are_not_missing(room, lena):
    file = export(room, lena)
    receive(bin_of(room, "T-1"), line_in_bin(room, "T-1").quant.item, ["D7"])
    header, *rows = file.content.decode("utf-8-sig").splitlines()
    at = header.split(",").index("Serial numbers")
    cells = next(row for row in rows if "T-1,DRILL" in row).split(",")
    cells[at] = "D1"

    imported(room, listed(",".join(cells), header=header), lena)

    missing = {each.code for each in differences(room, verdicts=["write_off"])}
    assert "D2" in missing and "D7" not in missing


def test_a_code_that_is_there_twice_counts_where_it_is_first_and_is_told(room, lena):
    handed_in = imported(room, listed('T-1,DRILL,"D1, D2",', 'T-2,DRILL,"D4, D2",', header=SERIALS), lena)

    assert seen(room) == {"T-1": ["D1", "D2"], "T-2": ["D4"]}
    assert handed_in.summary["named_again"] == {"count": 1, "first": [[3, "D2"]]}


def test_a_unit_with_the_count_zero_was_not_seen(room, lena):
    handed_in = imported(room, listed("T-1,DRILL,D1,1", "T-1,DRILL,D2,0", header=SERIALS), lena)

    assert seen(room) == {"T-1": ["D1"]}
    assert handed_in.summary["blank"] == 1


def test_units_of_an_item_that_has_no_line_in_the_bin_add_one(room, lena):
    laser = SerialItemFactory(number="LASER")
    receive(BinFactory(code="T-9", location=room.location), laser, ["L1"])

    handed_in = imported(room, listed("T-1,LASER,L1,", header=SERIALS), lena)

    assert outcomes(handed_in) == {2: "found"}
    assert line_in_bin(room, "T-1", "LASER").serialized
    assert verdicts(room) == {"L1": "transfer"}


def test_tags_are_read_in_any_spelling(room, lena):
    harness = RfidItemFactory(number="HARNESS")
    ItemReference.objects.create(item=harness, code="4006381333931")
    tag = tag_of("4006381333931", "260117").code
    bin = BinFactory(code="T-4", location=room.location)
    receive(bin, harness, [tag])
    session = given_count(bin)

    imported(session, listed(f"T-4,HARNESS,{tag.lower()},", header=SERIALS), lena)

    assert seen(session) == {"T-4": [tag]}


@pytest.mark.parametrize("layout", ["odoo", "erpnext"])
def test_units_that_leave_for_another_system_can_come_back_from_it(room, lena, layout):
    scan(room, bin_of(room, "T-1"), "D1", "D2")

    handed_in = hand_in(room, export(room, lena, layout=layout), lena)

    assert handed_in.problems == []
    assert set(outcomes(handed_in).values()) == {"same"}


def test_serial_numbers_of_what_has_none_are_refused(room, lena):
    rows = listed("T-3,BOLT,D1,5", f"T-1,DRILL,{'D' * 81},", "T-1,DRILL,D9..D1,", header=SERIALS)

    assert faults(hand_in(room, rows, lena)) == [
        (2, "codes_not_expected"),
        (3, "code_too_long"),
        (4, "range_backwards"),
    ]


# By quantities


def test_a_quantity_of_units_is_taken_only_where_it_is_that_of_the_book(room, lena):
    handed_in = imported(room, listed("T-1,DRILL,,3", "T-2,DRILL,,1", header=SERIALS), lena)

    assert outcomes(handed_in) == {2: "counted", 3: "left"}
    assert seen(room) == {"T-1": ["D1", "D2", "D3"]}
    assert verdicts(room) == {}


def test_whoever_counts_blind_is_not_told_whether_a_quantity_is_that_of_the_book(room):
    given_blind(room)
    person = counter(room.location).person

    handed_in = hand_in(room, listed("T-1,DRILL,,3", "T-2,DRILL,,1", "T-2,DRILL,D4,", header=SERIALS), person)

    assert list(outcomes(handed_in).values()) == ["left", "left", "counted"]


@pytest.fixture
def hire():
    """The bin of the specification: 1000, 1001 (AAA), 1002, 1003 (BBB), 1004, with numbers that we give."""
    bin = BinFactory(code="H-1")
    gun = SerialItemFactory(number="GUN", auto_serialized=True)
    receive(bin, gun, ["1000", "1001", "1002", "1003", "1004"], **{"1001": "AAA", "1003": "BBB"})
    return given_count(bin)


@pytest.mark.parametrize(
    ("quantity", "allotted"),
    [
        (1, None),
        (2, ["1001", "1003"]),
        (3, ["1000", "1001", "1003"]),
        (4, ["1000", "1001", "1002", "1003"]),
        (5, ["1000", "1001", "1002", "1003", "1004"]),
        (6, ["1000", "1001", "1002", "1003", "1004"]),
    ],
)
def test_a_quantity_of_what_we_number_allots_units(hire, quantity, allotted):
    person = supervisor(hire.location).person
    file = listed(f"H-1,GUN,,{quantity}", header=SERIALS)

    if allotted is None:
        with pytest.raises(NothingToImport):
            imported(hire, file, person)
        return
    imported(hire, file, person)

    assert seen(hire) == {"H-1": allotted}
    assert hire.lines.get().counted_quantity == quantity
    new = [difference for difference in differences(hire) if difference.verdict == "new"]
    assert sum(difference.quantity for difference in new) == max(0, quantity - 5)


def test_a_manufacturers_number_is_found_here_or_else_in_another_bin(hire):
    other = BinFactory(code="H-2", location=hire.location)
    gun = hire.lines.get().quant.item
    receive(other, gun, ["2000", "2001"], **{"2000": "AAA", "2001": "CCC"})

    imported(hire, listed('H-1,GUN,"AAA, CCC",', header=SERIALS), supervisor(hire.location).person)

    assert seen(hire) == {"H-1": ["1001", "2001"]}
    assert verdicts(hire)["2001"] == "transfer"


# Rounds


def test_units_of_a_file_from_before_a_recount_wait_for_a_decision(room, lena):
    scan(room, bin_of(room, "T-1"), "D1")
    file = export(room, lena)
    mark_counted(room, by=lena, at=timezone.now())
    ask_recount(room, [line_in_bin(room, "T-1").pk], why="Look again", by=lena, at=timezone.now())
    room.refresh_from_db()

    assert list(outcomes(hand_in(room, file, lena)).values()) == ["asked_again"]


# On the page


def test_the_dry_run_shows_the_first_codes_and_what_is_named_again(room, client, lena):
    rows = ['T-1,DRILL,"D1, D2, D3, D9",', "T-2,DRILL,D2,", "T-2,DRILL,,7"]
    handed_in = hand_in(room, listed(*rows[:2], header=SERIALS), lena)
    left = hand_in(room, listed(rows[2], header=SERIALS), lena)
    client.force_login(lena)

    page, page_of_left = (text_of(client.get(each.get_absolute_url())) for each in (handed_in, left))

    assert "4 D1, D2, D3 …" in page
    assert "1 unit is named again and counts where it stands first: D2 in row 3." in page
    assert "give their serial numbers" in page_of_left


# How much


def test_an_import_of_many_units_takes_as_many_statements_as_of_few(django_assert_max_num_queries):
    counts = {}
    for number in (2, 60):
        item, bins = given_shelves(*([f"N{number}-{bin}-{code}" for code in range(5)] for bin in range(number)))
        session = given_count(*bins)
        person = supervisor(session.location).person
        rows = [f'{bin.code},{item.number},"{", ".join(f"N{number}-{at}-{code}" for code in range(5))}",'
                for at, bin in enumerate(bins)]  # fmt: skip
        with django_assert_max_num_queries(200) as queries:
            imported(session, listed(*rows, header=SERIALS), person)
        counts[number] = len(queries)
        assert Unit.objects.filter(sightings__line__session=session).count() == 5 * number

    assert counts[2] == counts[60]
