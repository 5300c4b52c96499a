"""What reviewers, auditors and paper see of units."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.completing import complete_session, digest
from counting.forms import hidden_figures
from counting.models import CountSession, PutAside, ScanKind, UnitScan
from counting.parked import parked, parked_number
from counting.sheets import ROOM, Blank, draw_sheet, expected_units, with_codes
from counting.unit_differences import differences
from tests.counting.given import given_line, given_session, in_review
from tests.counting.people import COUNTS, READS, REVIEWS, auditor, counter, supervisor
from tests.counting.unit_counts import found, given_count, given_review, given_shelves, line_in, scan
from tests.factories import BinFactory, ItemFactory, UserFactory, given_units
from tests.pages import HTMX, is_page, signed_in, text_of
from warehouse.models import Unit

pytestmark = pytest.mark.django_db


def review(session):
    return reverse("count-review", args=[session.number])


# Codes that nobody knows


def given_scans(line, *codes, by, at):
    """One scan a second of codes that nobody knows, as a count keeps them."""
    place = {"session": line.session, "bin": line.quant.bin, "by": by}
    for second, code in enumerate(codes):
        then = at + timedelta(seconds=second)
        UnitScan.objects.create(
            code=code, kind=ScanKind.SEEN, round=1, scanned_at=then, received_at=then, client_id=uuid4(), **place
        )
        if code.startswith("?"):
            PutAside.objects.create(code=code, at=then, client_id=uuid4(), **place)


def test_a_parked_code_is_told_with_what_the_same_person_scanned_before_and_after_it():
    line = given_line(10)
    ama, kofi, now = UserFactory(), UserFactory(), timezone.now()
    given_scans(line, "A1", "?1", "A2", "A3", "?2", "?3", by=ama, at=now)
    given_scans(line, "B1", "?4", by=kofi, at=now)

    beside = {
        each.code: (each.before and each.before.code, each.after and each.after.code) for each in parked(line.session)
    }

    assert beside == {"?1": ("A1", "A2"), "?2": ("A3", "?3"), "?3": ("?2", None), "?4": ("B1", None)}
    assert parked_number(line.session) == 4


def test_the_neighbours_of_all_parked_codes_are_found_by_one_statement():
    line = given_line(10)
    given_scans(line, "A1", *(f"?{number}" for number in range(20)), by=UserFactory(), at=timezone.now())

    with CaptureQueriesContext(connection) as queries:
        found = parked(line.session)

    assert len(found) == 20
    assert len(queries) == 3


def test_a_code_that_no_unit_has_is_parked_until_it_is_received():
    _item, (shelf,) = given_shelves(["S1"])
    session = given_count(shelf)
    scan(session, shelf, "S1", "S7")
    may_receive = signed_in(*REVIEWS, "ledger.add_register", location=shelf.location)

    assert [(each.code, each.bin) for each in parked(session)] == [("S7", shelf)]
    assert "Receive it" in text_of(may_receive.get(review(session), {"show": "aside"}))

    given_units(shelf, line_in(session, shelf).quant.item, ["S7"])
    assert (parked(session), parked_number(session)) == ([], 0)


def test_the_review_shows_what_was_scanned_around_a_parked_code():
    line = given_line(10)
    given_scans(line, "A1", "?1", "A2", by=UserFactory(), at=timezone.now())

    shown = text_of(supervisor(line.quant.location).get(review(line.session), {"show": "aside"}))

    assert "before: A1" in shown
    assert "after: A2" in shown


# On paper


def given_shelf(*codes, tracking="serial", **item):
    """A fresh count over a bin with these units: its only line."""
    bin = BinFactory()
    given_units(bin, ItemFactory(tracking=tracking, **item), codes)
    return given_session(bin.location).lines.select_related("session", "quant__bin", "quant__item").get()


def sheet_of(line, **options):
    lines = with_codes(line.session.lines.in_walking_order().with_names())
    return draw_sheet(line.session, lines, **{"units": expected_units(lines)} | options)


def rows_of(sheet):
    return [row for page in sheet.pages for group in page.groups for row in group.rows]


def printed(client, session, **asked):
    return text_of(client.get(reverse("count-sheet", args=[session.number]), asked))


def test_a_sheet_lists_the_units_that_are_expected_in_a_bin_to_be_ticked():
    line = given_shelf("A10", "A9", "A100")

    row, units = rows_of(sheet_of(line))

    assert (row.line, units.codes, units.beside) == (line, ("A9", "A10", "A100"), 5)


def test_long_codes_stand_beside_fewer_others_and_pages_know_their_room():
    tags = [f"30360242201D8840{number:08}" for number in range(100)]
    line = given_shelf(*tags, tracking="rfid")

    sheet = sheet_of(line, unit_lines=4)

    rows = rows_of(sheet)
    assert {row.beside for row in rows[1:]} == {3}
    assert [code for row in rows for code in row.codes] == tags
    assert (rows[-1].blank, rows[-1].blanks) == (Blank.UNIT, 4)
    assert all(sum(row.height for group in page.groups for row in group.rows) <= ROOM for page in sheet.pages)


def test_more_units_than_anybody_ticks_on_paper_are_numbered_not_listed():
    line = given_shelf(*(f"A{number:03}" for number in range(203)))

    rows = rows_of(sheet_of(line))

    assert sum(len(row.codes) for row in rows) == 200
    assert rows[-1].more == 3


def test_one_line_a_page_keeps_its_units_with_it():
    line = given_shelf("A1")
    sheet = sheet_of(line, per="line", unit_lines=2)

    (page,) = sheet.pages

    assert [bool(row.line) for group in page.groups for row in group.rows] == [True, False, False]


def test_expected_units_are_printed_when_asked_for_and_never_in_a_blind_count():
    line = given_shelf("TX-4711")
    ama = counter(line.quant.location)

    assert "TX-4711" not in printed(ama, line.session)
    assert "TX-4711" in printed(ama, line.session, units="on")

    CountSession.objects.filter(pk=line.session_id).update(blind=True)
    assert "TX-4711" not in printed(ama, line.session, units="on", unit_lines=3)
    assert "Expected serial numbers" not in printed(ama, line.session)
    assert "Blank serial numbers" in printed(ama, line.session)


def test_a_sheet_of_bulk_goods_offers_nothing_about_units():
    line = given_line(10)

    assert "serial numbers" not in printed(counter(line.quant.location), line.session)


# Serials and tags in the wrong place


@pytest.fixture
def swapped():
    """Two bins whose units were partly swapped, one unit missing, one that nobody knows; in review."""
    _item, (here, there) = given_shelves(["S1", "S2", "S3"], ["S4", "S5"], unit_cost=Decimal(40))
    session = given_count(here, there)
    scan(session, here, "S1", "S4")
    scan(session, there, "S2", "S5", "S9")
    return in_review(session)


def units_url(session, **asked):
    return reverse("count-units", args=[session.number], query=asked)


def panel_of(response):
    return {row.difference.code: (row.word, row.ticked) for row in response.context["panel"].rows}


def key_of(session, code):
    return next(each.key for each in differences(session) if each.code == code)


def test_the_panel_lists_every_unit_that_differs_over_the_whole_count_ticked_by_default(swapped):
    lena = supervisor(swapped.location)

    page = lena.get(review(swapped))

    panel = page.context["page"].units
    assert {row.difference.code: (str(row.word), row.ticked) for row in panel.rows} == {
        "S2": ("Transfer", True),
        "S3": ("Missing, write off", True),
        "S4": ("Transfer", True),
        "S9": ("Unknown", True),
    }
    assert "Serials and tags in the wrong place" in text_of(page)
    assert "−40.00" in text_of(page)


def test_a_box_that_is_cleared_leaves_its_unit_alone_at_once(swapped):
    lena, key = supervisor(swapped.location), key_of(swapped, "S3")

    answer = lena.post(units_url(swapped), {"only": key, "was": [key]}, headers=HTMX)

    assert not is_page(answer)
    assert panel_of(answer)["S3"] == ("Missing, write off", False)
    assert "Left alone" in text_of(answer)
    assert answer.headers["HX-Trigger"].count("units-of-") == 1
    lena.post(units_url(swapped), {"only": key, "unit": [key]}, headers=HTMX)
    assert all(each.ticked for each in differences(swapped))


def test_without_script_a_button_keeps_all_boxes_of_the_page(swapped):
    lena = supervisor(swapped.location)
    keys = {code: key_of(swapped, code) for code in ("S2", "S3", "S4")}

    answer = lena.post(units_url(swapped), {"do": "tick", "was": keys.values(), "unit": [keys["S2"]]})

    assert (answer.status_code, answer.url) == (302, units_url(swapped))
    assert {each.code for each in differences(swapped) if not each.ticked} == {"S3", "S4"}


def test_all_can_be_left_alone_and_ticked_again(swapped):
    lena = supervisor(swapped.location)

    lena.post(units_url(swapped), {"do": "none"})
    assert [each.code for each in differences(swapped) if each.ticked and each.selectable] == []

    lena.post(units_url(swapped), {"do": "all"})
    assert [each.code for each in differences(swapped) if not each.ticked] == []


def test_nothing_changed_is_said_at_the_panel(swapped):
    key = key_of(swapped, "S3")

    answer = supervisor(swapped.location).post(units_url(swapped), {"unit": [key], "was": [key]}, headers=HTMX)

    assert answer.status_code == 422
    assert "No box was changed." in text_of(answer)


def test_the_panel_is_narrowed_by_what_happens_and_read_page_by_page(swapped):
    lena = supervisor(swapped.location)

    assert set(panel_of(lena.get(units_url(swapped, verdict="transfer")))) == {"S2", "S4"}
    assert set(panel_of(lena.get(units_url(swapped, verdict="nonsense", page="x")))) == {"S2", "S3", "S4", "S9"}
    assert is_page(lena.get(units_url(swapped)))
    assert not is_page(lena.get(units_url(swapped), headers=HTMX))


def test_a_long_list_has_pages_of_fifty():
    codes = [f"S{number:03}" for number in range(60)]
    _item, (here, there) = given_shelves(codes, ["T1"])
    session = given_count(here, there)
    scan(session, there, "T1", *codes[:1])
    scan(session, here, codes[1])
    lena = auditor(in_review(session).location)

    first, second = lena.get(units_url(session)), lena.get(units_url(session, page=2))

    assert (len(panel_of(first)), len(panel_of(second))) == (50, 9)
    assert first.context["panel"].next_url == units_url(session, page=2)


def test_what_cannot_be_selected_says_why_and_the_way_out(swapped):
    may_receive = signed_in(*REVIEWS, "ledger.add_register", location=swapped.location)

    answer = may_receive.get(units_url(swapped, verdict="unknown"))

    (row,) = answer.context["panel"].rows
    assert not row.selectable
    assert row.cost == "–"
    assert "Nobody knows this code" in text_of(answer)
    form = may_receive.get(row.way_out[1]).content.decode()
    assert all(value in form for value in (row.difference.item.number, row.difference.line.quant.bin.code, "S9"))
    assert "Receive it" not in text_of(auditor(swapped.location).get(units_url(swapped)))


def test_a_unit_that_was_seen_in_two_bins_asks_in_which_it_lies_and_proposes_the_later():
    _item, (here, there) = given_shelves(["S1"], ["S2"])
    session = given_count(here, there)
    scan(session, here, "S1")
    scan(session, there, "S2", "S1")
    lena = supervisor(in_review(session).location)
    key = key_of(session, "S1")

    asked = lena.get(units_url(session))
    assert f'value="{line_in(session, there).pk}" selected' in asked.content.decode()
    assert "1 serial or tag was seen in two bins" in text_of(lena.get(complete_page(session)))
    lena.post(units_url(session), {"do": f"settle:{key}", f"line:{key}": line_in(session, there).pk})

    assert "1 serial or tag was seen in two bins" not in text_of(lena.get(complete_page(session)))
    assert found(session) == {"S1": "transfer"}
    wrong = lena.post(units_url(session), {"do": f"settle:{key}", f"line:{key}": 0})
    assert wrong.status_code == 404


def test_costs_are_for_those_who_may_see_money(swapped):
    no_money = signed_in(*(right for right in REVIEWS if right != "ledger.view_valueentry"), location=swapped.location)

    for url in (units_url(swapped), review(swapped)):
        assert "40.00" not in text_of(no_money.get(url))


def test_auditors_read_the_panel_counters_do_not_and_strangers_find_nothing(swapped):
    reads = auditor(swapped.location)

    assert not any(row.selectable for row in reads.get(units_url(swapped)).context["panel"].rows)
    assert reads.post(units_url(swapped), {"do": "none"}).status_code == 403
    assert counter(swapped.location).get(units_url(swapped)).status_code == 403
    assert supervisor(BinFactory().location).get(units_url(swapped)).status_code == 404
    assert supervisor(swapped.location).post(units_url(swapped), {"do": "sweep"}).status_code == 400


def test_whoever_counts_blind_sees_no_unit_that_differs_whatever_else_they_may_read(swapped):
    counts_and_reads = signed_in(*COUNTS, *READS, location=swapped.location)
    CountSession.objects.filter(pk=swapped.pk).update(blind=True)

    for page in (units_url(swapped), review(swapped), reverse("count-report", args=[swapped.number])):
        assert counts_and_reads.get(page).status_code == 403
    assert "S3" not in text_of(counts_and_reads.get(swapped.get_absolute_url()))


def test_the_panel_costs_the_same_for_many_units_as_for_few(swapped):
    lena = supervisor(swapped.location)
    lena.get(units_url(swapped))

    with CaptureQueriesContext(connection) as few:
        lena.get(units_url(swapped, verdict="write_off"))
    with CaptureQueriesContext(connection) as many:
        lena.get(units_url(swapped))

    assert len(many) <= len(few) + 3


def test_a_review_costs_the_same_for_one_unit_that_differs_and_for_twenty():
    numbers = []
    for missing in (1, 20):
        _item, (here, there) = given_shelves(range(missing), ["S1"])
        session = given_review(given_count(here, there), (here,), (there, "S1"))
        lena = supervisor(session.location)
        lena.get(review(session))
        with CaptureQueriesContext(connection) as captured:
            lena.get(review(session))
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


def test_a_line_whose_quantity_is_right_and_whose_units_are_not_is_to_be_decided():
    _item, (here, there) = given_shelves(["S1", "S2"], ["S3", "S4"])
    session = given_count(here, there)
    scan(session, here, "S1", "S3")
    scan(session, there, "S2", "S4")
    lena = supervisor(in_review(session).location)

    page = lena.get(review(session), {"show": "todo"})

    assert [row.status[1] for row in page.context["page"].rows] == ["Other units", "Other units"]
    assert "1 transferred in" in text_of(page)


def test_a_line_shows_in_its_detail_what_is_posted_for_its_units(swapped):
    line = line_in(swapped, Unit.objects.get(code="S1").quant.bin)

    page = supervisor(swapped.location).get(review(swapped), {"open": line.pk})

    shown = text_of(page)
    for fact in (
        "Adjustment quantity −1",
        "Adjustment cost 40.00",
        "Adjustment value −40.00",
        "Stock transfer quantity 1",
        "Stock transfer value 40.00",
    ):
        assert fact in shown
    assert f'name="{line.pk}-quantity"' not in page.content.decode()


def test_lines_with_units_that_differ_are_a_choice_of_the_review(swapped):
    page = supervisor(swapped.location).get(review(swapped), {"show": "units"})

    assert len(page.context["page"].rows) == 2
    assert "Serials and tags 2" in text_of(page)


# The discrepancy report


def report_of(client, session, **asked):
    return client.get(reverse("count-report", args=[session.number], query=asked))


def read(response):
    return text_of(response).replace(" ,", ",")


def test_the_report_names_the_units_that_stand_on_one_side_only(swapped):
    reads = auditor(swapped.location)

    assert "S3" not in text_of(report_of(reads, swapped))
    shown = read(report_of(reads, swapped, units="on"))

    assert "Unmatched from system S2, S3 Unmatched from physical count S4" in shown
    assert "Unmatched from system S4 Unmatched from physical count S2, S9" in shown


def test_a_line_with_the_right_number_of_wrong_units_stands_in_the_report():
    _item, (here, there) = given_shelves(["S1", "S2"], ["S3"])
    session = given_count(here, there)
    scan(session, here, "S1", "S3")
    scan(session, there, "S2")

    report = report_of(auditor(in_review(session).location), session).context["page"].report

    assert report.totals.lines == 2


def test_the_spreadsheet_of_the_report_has_the_codes_where_they_are_asked_for(swapped):
    reads = auditor(swapped.location)
    url = reverse("count-report", args=[swapped.number])

    plain = reads.post(url, {"format": "csv"})
    coded = reads.post(f"{url}?units=on", {"format": "csv"})

    assert "Unmatched" not in b"".join(plain).decode()
    assert '"S2, S3",S4' in b"".join(coded).decode()


def test_a_report_of_a_completed_count_names_its_units_as_they_were(swapped):
    lena = supervisor(swapped.location)
    lena.post(complete_page(swapped), dict(hidden_figures(digest(swapped))))
    complete_session(swapped.pk)

    shown = read(report_of(lena, swapped, units="on"))

    assert "Unmatched from system S2, S3 Unmatched from physical count S4" in shown


# Completing


def complete_page(session):
    return reverse("count-complete", args=[session.number])


def test_the_question_before_posting_says_what_becomes_of_units(swapped):
    lena = supervisor(swapped.location)
    lena.post(units_url(swapped), {"only": key_of(swapped, "S4")}, headers=HTMX)

    asked = text_of(lena.get(complete_page(swapped)))

    assert "Transfer 1 serial or tag, 40.00" in asked
    assert "Missing, write off 1 serial or tag, −40.00" in asked
    assert "1 serial or tag that differs is left as it is." in asked


def test_a_completed_count_shows_what_was_done_with_its_units_and_links_to_both_documents(swapped):
    lena = supervisor(swapped.location)
    line = line_in(swapped, Unit.objects.get(code="S1").quant.bin)

    lena.post(complete_page(swapped), dict(hidden_figures(digest(swapped))))
    assert complete_session(swapped.pk) == "completed"

    swapped.refresh_from_db()
    detail = lena.get(swapped.get_absolute_url())
    for document in (swapped.transfer, swapped.adjustment):
        assert document.get_absolute_url() in detail.content.decode()
    assert "Transferred 2 units 80.00" in text_of(detail)
    assert "Written off 1 unit −40.00" in text_of(detail)
    assert "Written off 1 unit" in text_of(lena.get(complete_page(swapped)))
    panel = lena.get(units_url(swapped))
    assert panel_of(panel) == {
        "S2": ("Transferred", True), "S4": ("Transferred", True), "S3": ("Written off", True), "S9": ("Unknown", False),
    }  # fmt: skip
    assert "Adjustment quantity −1" in text_of(lena.get(review(swapped), {"open": line.pk, "show": "units"}))


# The tiles


def test_the_tiles_value_units_at_their_own_costs_and_a_unit_in_another_bin_at_nothing():
    item, here = ItemFactory(tracking="serial", unit_cost=Decimal(1)), BinFactory()
    there = BinFactory(location=here.location)
    given_units(here, item, ["S1"], unit_cost=Decimal(10))
    given_units(here, item, ["S2"], unit_cost=Decimal(30))
    given_units(there, item, ["T1"], unit_cost=Decimal(70))
    session = given_count(here, there)
    scan(session, here, "S1", "T1")
    scan(session, there)
    in_review(session)

    page = supervisor(here.location).get(review(session)).context["page"]

    assert page.sums == {"found": (0, 0), "missing": (-1, -30)}
    assert page.progress.matched == 0
