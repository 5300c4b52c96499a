"""A count keeps what it counts from moving: from its opening on (BLOCK) or from its review on (FREEZE)."""

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse as reverse_url
from django.utils import timezone

from counting.completing import complete_session
from counting.models import CountSession, Deed
from counting.opening import add_found_line
from counting.reconciliation import prove
from counting.recording import count_found
from counting.review import ask_recount, cancel, mark_counted, reopen
from ledger.entering import adjust as adjust_by_page
from ledger.importing import ask_to_apply, carry_out, decide, hand_in
from ledger.models import Kind, Register
from ledger.posting import Line, MayNotOverride, PostingRefused, preview
from ledger.reversing import reverse
from tests.counting.given import ask, complete, count, given_line, given_person, given_session, in_review
from tests.counting.people import supervisor
from tests.factories import (
    TODAY,
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    UserFactory,
    document,
    given_stock,
    move,
    post_lines,
)
from tests.laws import assert_reconciled
from tests.pages import SUPERVISOR, signed_in, text_of
from warehouse.models import BinHold
from warehouse.spreadsheets import SourceFile

pytestmark = pytest.mark.django_db


def guarded_line(guard, system=10, **stock):
    return given_line(system, policies={"guard": guard}, **stock)


def to(status, line):
    """Bring the session of a line to this status."""
    by, session = UserFactory(), line.session
    if status == "cancelled":
        cancel(session, by=by, at=timezone.now())
    elif status != "draft":
        count(line, 10)
        in_review(session)
    if status == "reopened":
        reopen(session, by=by, at=timezone.now())
    if status == "being posted":
        ask(session)
    if status == "completed":
        assert complete(session) == "completed"


def holders_of(line):
    return list(BinHold.objects.filter(bin=line.quant.bin, item=line.quant.item).values_list("held_by", flat=True))


# Every guard, in every status, against every way of posting


def receive(quant):
    move(quant, 3)


def issue(quant):
    move(quant, -3)


def move_away(quant):
    elsewhere = BinFactory(location=quant.location)
    line = {"bin": quant.bin_id, "to_bin": elsewhere.pk, "item": quant.item_id, "quantity": Decimal(3)}
    post_lines(quant.location, line, kind=Kind.MOVEMENT)


def move_in(quant):
    elsewhere = given_stock(3, item=quant.item, bin=BinFactory(location=quant.location))
    line = {"bin": elsewhere.bin_id, "to_bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(3)}
    post_lines(quant.location, line, kind=Kind.MOVEMENT)


def transfer_away(quant):
    other = BinFactory()
    line = {"bin": quant.bin_id, "to_bin": other.pk, "item": quant.item_id, "quantity": Decimal(3)}
    post_lines(quant.location, line, kind=Kind.LOCATION_TRANSFER, other_location=other.location)


def transfer_in(quant):
    other = given_stock(3, item=quant.item, bin=BinFactory())
    line = {"bin": other.bin_id, "to_bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(3)}
    post_lines(other.location, line, kind=Kind.LOCATION_TRANSFER, other_location=quant.location)


def look_and_adjust(quant):
    quant.refresh_from_db()
    details = {"note": "Looked", "seen_entry": quant.last_entry, "request_id": uuid4()}
    adjust_by_page(quant, Decimal(4), by=None, at=TODAY, **details)


def take_back(quant):
    mistake = move(quant, 1, override="By mistake")
    reverse(mistake, by=None, at=TODAY)


def post_opening_stock(quant):
    post_lines(
        quant.location,
        {"bin": quant.bin_id, "item": quant.item_id, "quantity": Decimal(3)},
        kind=Kind.OPENING,
    )


WAYS = [
    receive,
    issue,
    move_away,
    move_in,
    transfer_away,
    transfer_in,
    look_and_adjust,
    take_back,
    post_opening_stock,
]
CLOSED = {
    "none": set(),
    "freeze": {"counted", "being posted"},
    "block": {"draft", "counted", "reopened", "being posted"},
}
STATUSES = ["draft", "counted", "reopened", "being posted", "completed", "cancelled"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("guard", CLOSED)
def test_a_guard_refuses_every_posting_from_its_beginning_to_its_end(guard, status):
    line = guarded_line(guard)
    to(status, line)

    went = {way.__name__: what_becomes_of(way, line) for way in WAYS}

    closed = status in CLOSED[guard]
    assert went == {way.__name__: "held" if closed else "posted" for way in WAYS}
    assert_reconciled()


def what_becomes_of(way, line):
    """In a word; nothing is left of it."""
    try:
        with transaction.atomic():
            way(line.quant)
            transaction.set_rollback(True)
    except PostingRefused as refused:
        assert {error.blockers for error in refused.errors} == {(line.session.number,)}
        assert all(line.session.number in error.message for error in refused.errors)
        return " ".join(sorted({error.code for error in refused.errors}))
    return "posted"


def test_a_job_that_imports_stock_is_refused_and_names_the_count():
    lot = LotFactory()
    line = guarded_line("block", lot=lot)
    location, bin = line.quant.location, line.quant.bin
    rows = f"Bin,Item number,Lot,Expiration date,Quantity\n{bin.code},{lot.item.number},NEW-LOT,,5\n"
    client = signed_in("ledger.import_stock", "counting.view_countsession", location=location)
    by = client.person
    stock_import = hand_in([SourceFile("stock.csv", rows.encode())], by=by, at=timezone.now())
    stock_import = decide(stock_import, locations={"stock.csv": location.code}, create_locations=())
    ask_to_apply(stock_import, at=timezone.now())

    assert carry_out(stock_import.pk, at=timezone.now()) == "refused"

    stock_import.refresh_from_db()
    [problem] = stock_import.problems
    assert problem["code"] == "held"
    assert line.session.number in problem["message"]
    page = reverse_url("import-detail", args=[stock_import.pk])
    assert f'<a href="{line.session.get_absolute_url()}">' in client.get(page).content.decode()
    cancel(line.session, by=by, at=timezone.now())
    assert client.post(page, {"location_0": location.code}).status_code == 200
    stock_import.refresh_from_db()
    ask_to_apply(stock_import, at=timezone.now())
    assert carry_out(stock_import.pk, at=timezone.now()) == "applied"


def test_what_others_do_elsewhere_goes_on():
    line = guarded_line("block")
    other_item = given_stock(5, bin=line.quant.bin)
    same_item = given_stock(5, item=line.quant.item, bin=BinFactory(location=line.quant.location))

    move(other_item, -2)
    move(same_item, -2)


def test_a_preview_is_refused_like_the_posting():
    line = guarded_line("block")

    with pytest.raises(PostingRefused) as refused:
        preview(
            document(line.quant.location, Kind.ISSUE),
            [Line(bin=line.quant.bin_id, item=line.quant.item_id, quantity=Decimal(-1))],
        )

    assert [error.code for error in refused.value.errors] == ["held"]


# Setting and releasing


@pytest.mark.parametrize("guard", ["freeze", "block"])
def test_a_count_posts_through_its_own_guard_and_ends_it(guard):
    line = count(guarded_line(guard), 7)

    assert complete(line.session) == "completed"

    line.quant.refresh_from_db()
    assert line.quant.quantity == 7
    assert not BinHold.objects.exists()
    move(line.quant, -1)


def test_a_recount_lets_goods_move_again_until_the_next_review():
    line = guarded_line("freeze")
    to("counted", line)

    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    move(line.quant, -1)
    count(line, 9)
    in_review(line.session)

    with pytest.raises(PostingRefused):
        move(line.quant, -1)


def test_a_completion_that_is_refused_keeps_the_guard():
    line = count(guarded_line("freeze"), 7)
    ask(line.session)
    move(line.quant, -9, override="The customer waits")

    assert complete_session(line.session.pk) == "refused"

    assert holders_of(line) == [line.session.number]
    assert_reconciled()


def test_an_opening_that_comes_to_nothing_leaves_no_hold():
    quant = given_stock(5)
    given_session(quant.location)
    location = quant.location

    with pytest.raises(Exception, match="other open counts"):
        given_session(location, policies={"guard": "block"})

    assert not BinHold.objects.exists()


def test_what_is_found_in_a_guarded_count_is_guarded_too():
    line = guarded_line("block")
    bin, item = BinFactory(location=line.quant.location), ItemFactory()
    found = count_found(line.session, Decimal(2), bin=bin, item=item, by=UserFactory(), client_id=uuid4())

    with pytest.raises(PostingRefused):
        move(found.quant, 5)

    assert holders_of(found) == [line.session.number]
    assert_reconciled()


def test_what_is_found_before_the_review_is_guarded_from_the_review_on():
    line = guarded_line("freeze")
    found, _added = add_found_line(line.session, bin=BinFactory(location=line.quant.location), item=ItemFactory())
    move(found.quant, 5)

    to("counted", line)

    with pytest.raises(PostingRefused):
        move(found.quant, 5)


def test_it_is_remembered_when_movements_were_stopped():
    line = guarded_line("freeze")
    to("counted", line)

    [deed] = line.session.activities.filter(deed=Deed.GUARD_SET)
    assert deed.lines == 1


# In spite of a guard

POSTS = (*SUPERVISOR, "counting.view_countsession")


def issue_form(quant, **typed):
    lines = {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-item": quant.item.number}
    head = {"location": quant.location.code, "posting_date": str(timezone.localdate()), "request_id": str(uuid4())}
    return {**head, **lines, "lines-0-bin": quant.bin.code, "lines-0-quantity": "3", **typed}


def test_who_may_not_override_is_told_which_count_is_in_the_way_and_gets_its_link():
    line = guarded_line("block")
    client = signed_in(*POSTS, location=line.quant.location)

    response = client.post(reverse_url("issue"), issue_form(line.quant, anyway="1", override="I want to"))

    assert response.status_code == 422
    assert f'href="{line.session.get_absolute_url()}"' in response.content.decode()
    assert "Post anyway" not in text_of(response)
    assert Register.objects.count() == 1


def test_a_supervisor_posts_anyway_with_a_reason_that_document_and_count_remember():
    line = guarded_line("block")
    client = signed_in(*POSTS, "ledger.override_hold", location=line.quant.location)
    form = issue_form(line.quant)

    refused = client.post(reverse_url("issue"), form)
    without_reason = client.post(reverse_url("issue"), form | {"anyway": "1", "override": " "})
    posted = client.post(reverse_url("issue"), form | {"anyway": "1", "override": "The truck is leaving"})

    assert "Post anyway" in text_of(refused)
    assert "Say why it is posted in spite of that." in text_of(without_reason)
    register = Register.objects.order_by("-id").first()
    assert posted.url == register.get_absolute_url()
    assert (register.in_spite_of, register.override) == (line.session.number, "The truck is leaving")
    assert "The truck is leaving" in text_of(client.get(posted.url))
    [deed] = line.session.activities.filter(deed=Deed.GUARD_OVERRIDDEN)
    assert (deed.by, deed.lines) == (client.person, 1)
    assert deed.note == f"{register.number}: The truck is leaving"


@pytest.mark.parametrize("way", ["a document", "a reversal"])
def test_a_reason_alone_opens_no_guard_to_who_may_not_override(way):
    line = guarded_line("block")
    lena, receipt = given_person(*POSTS, location=line.quant.location), Register.objects.get()

    with pytest.raises(MayNotOverride):
        if way == "a document":
            move(line.quant, -3, by=lena, override="I want to")
        else:
            reverse(receipt, by=lena, at=TODAY, override="I want to")

    assert Register.objects.get() == receipt
    assert not line.session.activities.filter(deed=Deed.GUARD_OVERRIDDEN).exists()


def test_a_reason_that_was_not_needed_is_not_kept():
    line = guarded_line("freeze")
    client = signed_in(*POSTS, "ledger.override_hold", location=line.quant.location)

    client.post(reverse_url("issue"), issue_form(line.quant, anyway="1", override="Just in case"))

    assert Register.objects.order_by("-id").first().override == ""
    assert not line.session.activities.filter(deed=Deed.GUARD_OVERRIDDEN).exists()


def test_an_adjustment_and_a_reversal_can_be_posted_anyway():
    line = guarded_line("block")
    client = signed_in(*POSTS, "ledger.override_hold", location=line.quant.location)
    receipt = Register.objects.get()
    adjusting = reverse_url("adjust", args=[line.quant.pk])
    taking_back = reverse_url("document-reverse", args=[receipt.number])
    form = {"request_id": str(uuid4()), "seen_entry": line.quant.last_entry, "quantity": "12", "note": "Looked"}

    assert "Reverse anyway" in text_of(client.get(taking_back))
    assert client.post(taking_back, {"note": "Wrong"}).status_code == 422
    assert client.post(taking_back, {"note": "Wrong", "anyway": "1", "override": "Mine"}).status_code == 302
    line.quant.refresh_from_db()
    form["seen_entry"] = line.quant.last_entry
    assert client.post(adjusting, form).status_code == 422
    assert client.post(adjusting, form | {"anyway": "1", "override": "Looked twice"}).status_code == 302

    line.quant.refresh_from_db()
    assert line.quant.quantity == 12
    assert line.session.activities.filter(deed=Deed.GUARD_OVERRIDDEN).count() == 2


def test_what_moves_in_spite_of_a_guard_stays_moved():
    line = count(guarded_line("freeze"), 8)
    in_review(line.session)

    move(line.quant, -3, override="The customer waits")
    assert complete(line.session) == "completed"

    line.quant.refresh_from_db()
    assert line.quant.quantity == 5


def test_the_page_of_a_bin_links_to_the_count_that_holds_it():
    line = guarded_line("block")
    client = signed_in(*POSTS, location=line.quant.location)

    page = client.get(line.quant.bin.get_absolute_url()).content.decode()

    assert f'<a href="{line.session.get_absolute_url()}">{line.session.number}</a>' in page


# Two counts of one item in one bin


def test_a_count_without_a_guard_waits_for_one_that_guards_the_same_item_in_the_same_bin():
    bin, item = BinFactory(), LotFactory().item
    quants = [given_stock(bin=bin, lot=LotFactory(item=item)) for _lot in range(2)]
    move(quants[0], 10)
    open_one = given_session(bin.location, bins=[bin])
    move(quants[1], 10)
    guarding = given_session_over(quants[1])
    count(open_one.lines.select_related("quant", "session").get(), 8)

    assert complete(open_one) == "refused"

    [problem] = open_one.completion_problems
    assert problem["code"] == "held"
    assert guarding.number in problem["message"]
    page = supervisor(bin.location).get(reverse_url("count-complete", args=[open_one.number]))
    assert f'<a href="{guarding.get_absolute_url()}">' in page.content.decode()
    cancel(guarding, by=UserFactory(), at=timezone.now())
    assert complete(open_one) == "completed"


def test_two_counts_that_guard_lots_of_one_item_in_one_bin_let_each_other_complete():
    bin = BinFactory()
    item = LotFactory().item
    first_lot, second_lot = LotFactory(item=item), LotFactory(item=item)
    first = given_session_over(given_stock(10, bin=bin, lot=first_lot))
    other = given_stock(bin=bin, lot=second_lot)
    move(other, 10, override="The truck is here")
    second = given_session_over(other)
    assert BinHold.objects.filter(bin=bin, item=item).count() == 2

    with pytest.raises(PostingRefused) as refused:
        move(first.lines.get().quant, -1)
    assert refused.value.errors[0].blockers == (first.number, second.number)
    assert f"{first.number}, {second.number} hold" in refused.value.errors[0].message

    for session, other in (first, second), (second, first):
        count(session.lines.select_related("quant", "session").get(), 8)
        assert complete(session) == "completed"
        assert BinHold.objects.filter(held_by=session.number).count() == 0
        assert BinHold.objects.filter(held_by=other.number).exists() == CountSession.objects.get(pk=other.pk).is_open
    assert_reconciled()


def given_session_over(quant):
    session = given_session(quant.location, policies={"guard": "block"}, bins=[quant.bin])
    assert session.lines.get().quant == quant
    return session


# Statements


def statements(action):
    with CaptureQueriesContext(connection) as captured:
        action()
    return len(captured)


def lines_in(location, number):
    for _number in range(number):
        given_stock(5, bin=BinFactory(location=location))
    return location


@pytest.mark.parametrize("guard", ["freeze", "block"])
def test_a_guard_costs_as_many_statements_for_one_line_as_for_thirty(guard):
    costs = []
    for number in 1, 30:
        location = lines_in(LocationFactory(), number)
        by, sessions = UserFactory(), []
        opening = statements(
            lambda location=location, by=by, sessions=sessions: sessions.append(
                given_session(location, by=by, policies={"guard": guard})
            )
        )
        [session] = sessions
        count(session.lines.select_related("quant", "session").first(), 5)
        marking = statements(lambda session=session, by=by: mark_counted(session, by=by, at=timezone.now()))
        reopening = statements(lambda session=session, by=by: reopen(session, by=by, at=timezone.now()))
        cancelling = statements(lambda session=session, by=by: cancel(session, by=by, at=timezone.now()))
        costs.append((opening, marking, reopening, cancelling))

    assert costs[0] == costs[1]


def test_opening_without_a_guard_takes_no_lock_and_sets_no_hold():
    location = lines_in(LocationFactory(), 1)

    with CaptureQueriesContext(connection) as captured:
        given_session(location)

    assert not [query for query in captured if "binhold" in query["sql"] or "FOR NO KEY UPDATE" in query["sql"]]


# Reconciliation


def test_law_8_a_hold_that_nobody_needs_any_more_is_found():
    line = guarded_line("freeze")
    BinHold.objects.create(bin=line.quant.bin, item=line.quant.item, held_by=line.session.number)

    [finding] = [finding for proof in prove() for finding in proof.findings]

    assert finding.law == 8
    assert line.session.number in finding.says


def test_law_8_a_guard_that_was_forgotten_is_found():
    line = guarded_line("block")
    BinHold.objects.all().delete()

    [finding] = [finding for proof in prove() for finding in proof.findings]

    assert finding.law == 8
    assert line.quant.item.number in finding.subject
