"""The discrepancy report: what it says before and after a count is completed, in which order, and to whom."""

import io
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from counting.misplaced import move_misplaced
from counting.models import Activity, CountSession, Deed
from counting.reporting import Order, Report
from counting.reversing import reverse_session
from counting.review import mark_counted
from counting.views.report import AT_ONCE
from tests.counting.given import complete, count, given_session
from tests.counting.people import READS, auditor, counter, supervisor
from tests.factories import (
    BinFactory,
    CategoryFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UserFactory,
    ZoneFactory,
    given_stock,
    post_lines,
)
from tests.pages import HTMX, is_page, signed_in, text_of
from warehouse.models import Lot

pytestmark = pytest.mark.django_db


@pytest.fixture
def location():
    return LocationFactory(code="LH1", name="Lindhafen")


@pytest.fixture
def session(location):
    """Discrepancies in two zones and in none, a line that matches, and one that nobody counted."""
    a, b = (ZoneFactory(location=location, code=code, name="") for code in "AB")
    bins = [
        BinFactory(location=location, code="A-01", zone=a, walking_order=2),
        BinFactory(location=location, code="A-02", zone=a, walking_order=4),
        BinFactory(location=location, code="B-01", zone=b, walking_order=1),
        BinFactory(location=location, code="Z-01", walking_order=3),
    ]
    locks, bolts = CategoryFactory(name="Locks"), CategoryFactory(name="Bolts")
    padlock = ItemFactory(number="HW-2", name="Padlock", category=locks, unit_cost=Decimal("4.00"))
    bolt = ItemFactory(number="HW-1", name="Bolt", category=bolts, unit_cost=Decimal("0.50"))
    glue = ItemFactory(number="HW-3", name="=Glue", unit_cost=Decimal(3))
    shelf = [(bins[0], padlock), (bins[1], bolt), (bins[2], padlock), (bins[3], glue)]
    quants = [given_stock(10, bin=bin, item=item, unit_cost=item.unit_cost) for bin, item in shelf]
    matching, _uncounted = (given_stock(10, bin=bins[0], item=ItemFactory(number=f"M-{n}")) for n in (1, 2))
    session = given_session(location)
    for quant, counted in zip([*quants, matching], (12, 7, 9, 11, 10), strict=True):
        count(session.lines.get(quant=quant), counted)
    return session


def address(session):
    return reverse("count-report", args=[session.number])


def shown(session, order, **options):
    """{group: the discrepancies in it}, as the report has them."""
    report = Report(session, order, **options)
    keys = report.lines.values_list("pk", flat=True)
    groups = report.groups(report.with_names(keys))
    return {group.name: [line.discrepancy for line in group.lines] for group in groups}


# Orders and sums


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.ZONE, {"A": [2, -3], "B": [-1], "No zone": [1]}),
        (Order.BIN, {"B-01": [-1], "A-01": [2], "Z-01": [1], "A-02": [-3]}),
        (Order.CATEGORY, {"Bolts": [-3], "Locks": [-1, 2], "No category": [1]}),
        (Order.ITEM, {"HW-1 Bolt": [-3], "HW-2 Padlock": [-1, 2], "HW-3 =Glue": [1]}),
    ],
)
def test_lines_are_sorted_and_grouped(session, order, expected):
    groups = shown(session, order)

    assert groups == expected
    assert list(groups) == list(expected)


def test_lines_that_match_or_that_nobody_counted_are_added_on_request(session):
    assert shown(session, Order.BIN, zero=True)["A-01"] == [2, 0]
    assert shown(session, Order.BIN, uncounted=True)["A-01"] == [2, None]
    assert shown(session, Order.BIN, zero=True, uncounted=True)["A-01"] == [2, 0, None]


def test_groups_and_all_are_added_up(session):
    report = Report(session, Order.ZONE)
    groups = report.groups(report.with_names(report.lines.values_list("pk", flat=True)))

    sums = {group.name: (group.totals.lines, group.totals.net, group.totals.value) for group in groups}

    assert sums == {
        "A": (2, -1, Decimal("6.50")),
        "B": (1, -1, Decimal("-4.00")),
        "No zone": (1, 1, Decimal("3.00")),
    }
    assert (report.totals.lines, report.totals.plus, report.totals.minus) == (4, 3, -4)
    assert report.totals.value == sum(value for _lines, _net, value in sums.values())


def test_a_group_is_added_up_as_a_whole_although_a_part_of_it_is_shown(session):
    report = Report(session, Order.ZONE)

    (group,) = report.groups(report.with_names(report.lines.values_list("pk", flat=True)[:1]))

    assert (len(group.lines), group.totals.lines) == (1, 2)


# The page


def test_reviewers_and_auditors_read_it_and_counters_do_not(session, location):
    for client in (supervisor(location), auditor(location)):
        page, part = client.get(address(session)), client.get(address(session), headers=HTMX)
        assert (page.status_code, is_page(page), is_page(part)) == (200, True, False)
    assert counter(location).get(address(session)).status_code == 403
    assert counter(location).post(address(session)).status_code == 403
    assert signed_in(location=location).get(address(session)).status_code == 403
    assert supervisor(LocationFactory()).get(address(session)).status_code == 404


def test_costs_and_values_are_for_those_who_may_see_money(session, location):
    poor = signed_in(*(right for right in READS if right != "ledger.view_valueentry"), location=location)

    assert "+8.00" in text_of(auditor(location).get(address(session), {"costs": "on"}))
    assert "+8.00" not in text_of(auditor(location).get(address(session)))
    hidden = poor.get(address(session), {"costs": "on"})
    assert "8.00" not in text_of(hidden)
    assert "Costs and values" not in text_of(hidden)
    assert "8.00" not in poor.post(f"{address(session)}?costs=on", {"format": "csv"}).getvalue().decode()


def test_it_says_whether_the_figures_are_posted(session, location):
    client = supervisor(location)
    assert "Nothing is posted." in text_of(client.get(address(session)))

    mark_counted(session, by=UserFactory(), at=timezone.now())
    assert "Before posting." in text_of(client.get(address(session)))

    session.refresh_from_db()
    complete(session)
    final = text_of(client.get(address(session)))
    assert f"As posted by {session.adjustment.number}." in final
    assert "Adjusted" in final

    reverse_session(session, by=UserFactory(), at=timezone.now(), note="wrong shelf")
    assert f"As posted by {session.adjustment.number}, and taken back since." in text_of(client.get(address(session)))


def test_what_was_posted_as_a_movement_is_told_apart(location):
    item = ItemFactory(number="HW-1")
    quants = [given_stock(10, bin=BinFactory(location=location), item=item) for _each in range(2)]
    session = given_session(location)
    for quant, counted in zip(quants, (7, 13), strict=True):
        count(session.lines.get(quant=quant), counted)
    mark_counted(session, by=UserFactory(), at=timezone.now())
    move_misplaced(session, None, by=UserFactory(), at=timezone.now())
    complete(session)

    page = text_of(supervisor(location).get(address(session)))

    assert f"As posted by {session.transfer.number}." in page
    assert "−3 −3 by movement" in page


def test_where_nothing_differs_that_is_said(location):
    given_stock(10, bin=BinFactory(location=location))
    session = given_session(location)

    page = supervisor(location).get(address(session))

    assert "Nothing differs so far" in text_of(page)


def test_an_order_that_there_is_not_is_refused(session, location):
    page = supervisor(location).get(address(session), {"order": "weight"})

    assert page.status_code == 422
    assert supervisor(location).post(f"{address(session)}?order=weight", {"format": "csv"}).status_code == 422


def test_the_session_and_its_review_lead_to_it(session, location):
    client = supervisor(location)

    assert address(session) in client.get(reverse("count-review", args=[session.number])).content.decode()
    complete(session)
    assert address(session) in client.get(session.get_absolute_url()).content.decode()


# The file


def test_the_csv_file_has_all_lines_and_evaluates_nothing(session, location):
    answer = supervisor(location).post(f"{address(session)}?order=item&zero=on", {"format": "csv"})

    lines = answer.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Zone,Bin,Category,Item,Name,")
    assert [line.split(",")[3] for line in lines[1:]] == ["HW-1", "HW-2", "HW-2", "HW-3", "M-1"]
    assert "'=Glue" in lines[4]
    assert "Value" not in lines[0]


def test_the_workbook_has_numbers_and_costs_on_request(session, location):
    answer = supervisor(location).post(f"{address(session)}?order=item&costs=on", {"format": "xlsx"})

    sheet = load_workbook(io.BytesIO(answer.getvalue())).active
    header, first = ([cell.value for cell in row] for row in sheet.iter_rows(max_row=2))
    row = dict(zip(header, first, strict=True))
    assert (row["Item"], row["Discrepancy"], row["Unit cost"], row["Value"]) == ("HW-1", -3, 0.5, -1.5)


def test_taking_it_out_is_remembered_and_looking_is_not(session, location):
    client = auditor(location)

    client.get(address(session))
    assert not Activity.objects.filter(deed=Deed.EXPORTED).exists()
    client.post(address(session), {"format": "xlsx"})

    exported = Activity.objects.get(deed=Deed.EXPORTED)
    assert (exported.by, exported.lines, exported.note) == (client.person, 4, "discrepancy report")


# Large counts


def test_a_long_report_comes_in_parts_with_few_statements(location, django_assert_max_num_queries):
    bins = [BinFactory(location=location) for _each in range(3)]
    lots = Lot.objects.bulk_create(LotFactory.build_batch(AT_ONCE + 5, item=LotItemFactory()))
    keys = [{"bin": bins[n % 3].pk, "item": lot.item_id, "lot": lot.pk} for n, lot in enumerate(lots)]
    post_lines(location, *({**key, "quantity": Decimal(7)} for key in keys))
    session = given_session(location)
    client = supervisor(location)

    with django_assert_max_num_queries(25):
        page = client.get(address(session), {"uncounted": "on", "order": "bin"})
    rest = client.get(page.context["page"].part.next_url)

    assert f"Part 1 of 2: 1–{AT_ONCE:,} of {AT_ONCE + 5:,}." in text_of(page)
    assert "Total" not in text_of(page)
    assert sum(len(group.lines) for group in rest.context["page"].groups) == 5
    assert f"Total {AT_ONCE + 5:,} lines" in text_of(rest)


def test_a_blind_count_is_closed_to_those_who_count_although_they_read_ledgers(session, location):
    CountSession.objects.update(blind=True)
    reader = signed_in("counting.change_countsession", *READS, location=location)

    assert reader.get(address(session)).status_code == 403
    assert auditor(location).get(address(session)).status_code == 200
