"""Stock in another bin than the books have it in: proposed as a movement, which changes no total and no value."""

from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from counting.completing import digest
from counting.misplaced import NotProposed, accepted, keep_apart, move_misplaced, proposals
from counting.models import CountSession, Deed
from counting.querysets import NO_UNIT
from counting.reversing import reverse_lines, reverse_session
from counting.review import accept, ask_recount, leave_out, reconsider, reopen
from ledger.models import ItemLedgerEntry, Kind, Reason, Register, StockValue
from ledger.posting import PostingRefused, post
from tests.at_once import at_once
from tests.counting.given import again, complete, count, given_session, in_review
from tests.counting.people import auditor, counter, supervisor
from tests.factories import (
    BinFactory,
    ItemFactory,
    LocationFactory,
    LotFactory,
    LotItemFactory,
    UserFactory,
    document,
    given_stock,
    move,
)
from tests.laws import assert_reconciled
from tests.pages import HTMX, is_page, text_of
from tests.properties import rolled_back
from warehouse.models import Quant

pytestmark = pytest.mark.django_db


def given_off(*differences, item=None, lot=None, location=None, book=20):
    """Quants of one item in a bin each, to be counted with these differences: [(quant, difference)]."""
    location = location or LocationFactory()
    item = item or (lot.item if lot else ItemFactory())
    quants = [given_stock(book, bin=BinFactory(location=location), item=item, lot=lot) for _each in differences]
    return list(zip(quants, differences, strict=True))


def given_review(*groups):
    """A session in review over all of these quants: (session, its lines in the order of the quants)."""
    off = [each for group in groups for each in group]
    session = given_session(off[0][0].location)
    lines = {line.quant_id: line for line in session.lines.select_related("quant", "session")}
    lines = [count(lines[quant.pk], quant.quantity + difference) for quant, difference in off]
    return in_review(session), lines


def stamps():
    return {"by": UserFactory(), "at": timezone.now()}


def pairs_of(found):
    return [(each.short, each.over, each.quantity) for each in found]


def proposed(session):
    return pairs_of(proposals(session)[0])


def stock(lines):
    return [Quant.objects.get(pk=line.quant_id).quantity for line in lines]


# What is proposed


def test_what_is_missing_here_and_found_there_is_proposed_as_a_movement():
    session, (here, there, _match) = given_review(given_off(-5, 5, 0))

    assert proposed(session) == [(here, there, 5)]
    assert proposals(session)[0][0].exact


def test_exact_matches_come_first_and_then_the_largest_part_of_what_is_left():
    session, lines = given_review(given_off(-5, 3, -9, 5, 8))

    five_short, three_over, nine_short, five_over, eight_over = lines
    assert proposed(session) == [
        (five_short, five_over, 5),
        (nine_short, eight_over, 8),
        (nine_short, three_over, 1),
    ]


def test_nothing_is_proposed_across_items_variants_lots_or_locations():
    lots = [LotFactory(item=LotItemFactory()) for _ in range(2)]
    same_item = LotFactory(item=lots[0].item)
    place = LocationFactory()
    session, _lines = given_review(
        given_off(-5, location=place),
        given_off(5, location=place),
        given_off(-5, lot=lots[0], location=place),
        given_off(5, lot=same_item, location=place),
        given_off(5, lot=lots[1], location=place),
    )
    elsewhere, _lines = given_review(given_off(5, lot=lots[0]))

    assert proposed(session) == []
    assert proposed(elsewhere) == []


def test_lines_that_post_nothing_are_not_proposed_and_parts_only_so_far():
    session, (left_out, asked, part, over, _other) = given_review(given_off(-5, -5, -5, 5, 5))
    leave_out(session, [left_out.pk], note="Ask", **stamps())
    accept(session, [part.pk], quantity=Decimal(-2), **stamps())
    ask_recount(session, [asked.pk], why="Look again", **stamps())
    in_review(session)

    assert proposed(session) == [(part, over, 2)]


def test_what_was_corrected_since_limits_what_moves():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    move(short.quant, -2, reason=lost)

    assert [each.quantity for each in accepted(session)] == [3]
    complete(session)

    assert stock([short, over]) == [15, 25]
    assert session.transfer.warehouse_entries.get(quantity__gt=0).quantity == 3
    assert session.adjustment.item_ledger_entries.get().quantity == 2
    assert_reconciled()


def key_of(line):
    return line.quant.item_id, line.quant.variant_id, line.quant.lot_id


def pairs_in_plain_python(lines):
    """Exact matches in the order of the lines, then both sides from the largest down, as far as they reach."""
    groups = defaultdict(lambda: ([], []))
    for line in lines:
        if line.discrepancy:
            groups[key_of(line)][line.discrepancy > 0].append([abs(line.discrepancy), line.pk])
    pairs = set()
    for shorts, overs in groups.values():
        for short in list(shorts):
            over = next((over for over in overs if over[0] == short[0]), None)
            if over:
                pairs.add((short[1], over[1], short[0]))
                shorts.remove(short)
                overs.remove(over)
        shorts.sort(key=lambda each: (-each[0], each[1]))
        overs.sort(key=lambda each: (-each[0], each[1]))
        while shorts and overs:
            size = min(shorts[0][0], overs[0][0])
            pairs.add((shorts[0][1], overs[0][1], size))
            for side in shorts, overs:
                side[0][0] -= size
                if not side[0][0]:
                    side.pop(0)
    return pairs


DIFFERENCES = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([Decimal(n) for n in ("-9", "-5", "-3", "-0.5", "0", "1", "3", "5")])),
    min_size=1,
    max_size=14,
)


@given(differences=DIFFERENCES, chosen=st.integers(0, 2))
@example(differences=[(0, Decimal(-9))] + [(0, Decimal(3))] * 4, chosen=0)
def test_pairs_are_those_of_plain_python_and_accepting_changes_no_total_and_no_value(differences, chosen):
    with rolled_back():
        place, lot_item = LocationFactory(), LotItemFactory()
        goods = [{"item": ItemFactory()}, *({"lot": LotFactory(item=lot_item)} for _ in range(2))]
        groups = [given_off(off, location=place, **goods[which]) for which, off in differences]
        session, lines = given_review(*groups)
        found = proposed(session)
        assert {(short.pk, over.pk, quantity) for short, over, quantity in found} == pairs_in_plain_python(lines)
        asked = {0: None, 1: [(s.pk, o.pk) for s, o, _q in found[::2]], 2: []}[chosen]
        plain = digest(session)
        if found and asked != []:
            move_misplaced(session, asked, **stamps())
        moving = sum(each.quantity for each in accepted(session))
        figures = digest(session)

        assert complete(session) == "completed"

        assert stock(lines) == [20 + off for _which, off in differences]
        assert (figures.plus, figures.minus) == (plain.plus - moving, plain.minus + moving)
        assert figures.value == plain.value
        posted = ItemLedgerEntry.objects.filter(register=session.adjustment) if session.adjustment else []
        assert sum(entry.quantity for entry in posted) == sum(off for _which, off in differences)
        assert not session.transfer or not session.transfer.item_ledger_entries.exists()
        assert bool(session.transfer) == bool(moving)
        assert_reconciled()


def test_of_many_misplacements_nine_in_ten_are_proposed_and_none_that_is_none():
    place = LocationFactory()
    seeded, groups = {}, []
    for number in range(60):
        item = ItemFactory()
        quantity = number % 7 + 1
        groups.append(given_off(-quantity, quantity, 0, item=item, location=place))
        seeded[item.pk] = quantity
    for number in range(20):  # what is lost here and nowhere found, and the other way round
        groups.append(given_off((number % 5 + 1) * (-1) ** number, item=ItemFactory(), location=place))
    session, _lines = given_review(*groups)

    found, number = proposals(session, most=1000)

    hits = [each for each in found if seeded.get(each.short.quant.item_id) == each.quantity]
    assert len(hits) >= 0.9 * len(seeded)
    assert number == len(found) == len(hits)
    assert all(key_of(each.short) == key_of(each.over) for each in found)


# Accepting


def test_completing_posts_movements_and_what_is_left_in_one_document_each():
    session, (short, over) = given_review(given_off(-5, 3))
    lena = UserFactory()

    assert move_misplaced(session, [(short.pk, over.pk)], by=lena, at=timezone.now()) == 1
    assert [again(line).decision for line in (short, over)] == ["accepted", "accepted"]
    figures = digest(session)
    assert (figures.lines, figures.minus, figures.plus, figures.transfers, figures.moved) == (1, -2, 0, 1, 3)
    complete(session)

    assert stock([short, over]) == [15, 23]
    assert (session.transfer.kind, session.transfer.effect) == (Kind.STOCK_TRANSFER, "counted")
    moved = session.transfer.warehouse_entries.order_by("quantity").values_list("quant", "quantity", "line")
    assert list(moved) == [(short.quant_id, -3, 1), (over.quant_id, 3, 1)]
    assert session.adjustment.warehouse_entries.get().quantity == -2
    assert [(again(line).adjustment, again(line).moved) for line in (short, over)] == [(-5, -3), (3, 3)]
    assert session.activities.get(deed=Deed.MOVED).by == lena
    assert_reconciled()


def test_what_moves_wholly_needs_no_adjustment():
    session, lines = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    value = StockValue.objects.get().value

    complete(session)

    assert session.adjustment is None
    assert session.ended_at == session.transfer.posted_at
    assert stock(lines) == [15, 25]
    assert StockValue.objects.get().value == value
    assert_reconciled()


def test_a_movement_is_accepted_once_and_what_is_not_proposed_is_refused():
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())

    for pairs in (None, [(short.pk, over.pk)], [(over.pk, short.pk)], []):
        with pytest.raises(NotProposed):
            move_misplaced(session, pairs, **stamps())
    assert session.misplacements.count() == 1


def test_a_movement_is_taken_back_and_its_lines_are_decided_on_again():
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())

    assert keep_apart(session, [(short.pk, over.pk)], **stamps()) == 1

    assert proposed(session) == [(short, over, 5)]
    assert {again(line).decision for line in (short, over)} == {"open"}
    assert keep_apart(session, [(short.pk, over.pk)], **stamps()) == 0


@pytest.mark.parametrize("how", ["left out", "taken back", "recount", "counted anew"])
def test_whatever_is_decided_or_counted_anew_moves_no_more(how):
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    if how == "left out":
        leave_out(session, [short.pk], note="Ask", **stamps())
    elif how == "taken back":
        reconsider(session, [short.pk], **stamps())
    else:
        ask_recount(session, [short.pk], why="Look again", **stamps())
        if how == "counted anew":
            count(again(short), 20)
            in_review(session)

    assert accepted(session) == []
    assert again(over).decision == "open"
    assert not session.misplacements.exists()


def test_a_line_that_is_counted_anew_and_accepted_again_does_not_move_by_the_old_word():
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    reopen(session, **stamps())
    count(again(short), 16)
    in_review(session)
    accept(session, [short.pk], **stamps())

    assert accepted(session) == []
    assert proposed(session) == [(short, over, 4)]


def test_several_partners_share_what_is_left_the_largest_first():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    session, (short, first, second) = given_review(given_off(-9, 5, 4))
    move_misplaced(session, None, **stamps())
    move(short.quant, -3, reason=lost)

    assert pairs_of(accepted(session)) == [(short, first, 5), (short, second, 1)]
    complete(session)

    assert stock([short, first, second]) == [11, 25, 24]
    assert_reconciled()


# What was moved


def test_a_reversed_count_takes_its_movements_back_too():
    session, lines = given_review(given_off(-5, 3))
    move_misplaced(session, None, **stamps())
    complete(session)

    documents = reverse_session(session, note="Wrong racks", **stamps())

    assert [document.reverses for document in documents] == [session.adjustment, session.transfer]
    assert stock(lines) == [20, 20]
    assert reverse_session(session, note="Wrong racks", **stamps()) == documents
    assert_reconciled()


def test_a_line_is_taken_back_with_all_that_moved_with_it():
    place = LocationFactory()
    session, lines = given_review(given_off(-9, 5, 4, location=place), given_off(-2, location=place))
    move_misplaced(session, None, **stamps())
    complete(session)

    reverse_lines(session, [lines[1].pk], note="Wrong", **stamps())

    assert stock(lines) == [20, 20, 20, 18]
    assert_reconciled()


def test_what_a_completed_count_has_moved_never_changes():
    session, _lines = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    complete(session)

    for change in (session.misplacements.all().delete, lambda: session.misplacements.update(moved=1)):
        with pytest.raises(DatabaseError, match="counting_misplacement"), transaction.atomic():
            change()


def test_a_stock_transfer_changes_neither_item_nor_lot_nor_location():
    one, other = given_stock(5), given_stock(5)
    elsewhere = Quant.objects.filter(pk=other.pk).values("pk")

    with pytest.raises(PostingRefused) as refused:
        post(
            document(one.location, Kind.STOCK_TRANSFER),
            Quant.objects.filter(pk=one.pk).values_list("pk", elsewhere, "quantity", NO_UNIT),
        )

    assert [error.code for error in refused.value.errors] == ["other_goods"]


def test_proposing_and_completing_cost_the_same_for_few_and_many():
    numbers = []
    for differences in ([-5, 3], [-5, 5, -4, 4, -3, 2, -1, 1]):
        session, _lines = given_review(given_off(*differences))
        with CaptureQueriesContext(connection) as captured:
            proposals(session)
            move_misplaced(session, None, **stamps())
            complete(session)
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_accept_the_same_movement_at_once():
    session, (short, over) = given_review(given_off(-5, 5))

    at_once(*[lambda: move_misplaced(CountSession.objects.get(pk=session.pk), [(short.pk, over.pk)], **stamps())] * 2)

    assert [each.quantity for each in accepted(session)] == [5]
    complete(session)
    assert Register.objects.filter(kind=Kind.STOCK_TRANSFER).count() == 1
    assert stock([short, over]) == [15, 25]


# The page


def part_of(session):
    return reverse("count-misplaced", args=[session.number])


def review_of(session):
    return reverse("count-review", args=[session.number])


def test_a_review_shows_what_could_move_and_moves_what_is_ticked():
    session, (short, over) = given_review(given_off(-5, 3))
    client = supervisor(session.location)

    page = client.get(review_of(session))
    done = client.post(part_of(session), {"do": "move", "pair": [f"{short.pk}-{over.pk}"]}, headers=HTMX)

    assert f"{short.quant.bin.code} → {over.quant.bin.code}" in text_of(page)
    assert "−5 here, +3 there; the rest is adjusted" in text_of(page)
    assert done["HX-Redirect"] == review_of(session)
    after = client.get(review_of(session))
    assert "1 movement will be posted." in text_of(after)
    assert f"−3 to {over.quant.bin.code}" in text_of(after)
    assert f"+3 from {short.quant.bin.code}" in text_of(after)
    confirming = text_of(client.get(reverse("count-complete", args=[session.number])))
    assert "Post 1 adjustment and 1 movement?" in confirming
    assert "Moved to another bin 3 units" in confirming


def test_all_are_moved_at_once_and_one_is_taken_back_without_javascript():
    session, lines = given_review(given_off(-5, 5, -2, 2))
    client = supervisor(session.location)

    client.post(part_of(session), {"do": "move_all"})
    assert session.misplacements.count() == 2
    back = client.post(part_of(session), {"do": f"apart:{lines[0].pk}-{lines[1].pk}"})

    assert back.url == review_of(session)
    assert [each.quantity for each in accepted(session)] == [2]


def test_the_part_is_a_part_and_what_it_cannot_do_it_says_there():
    session, (short, _over) = given_review(given_off(-5, 5))
    client = supervisor(session.location)

    for asked in ({"do": "move"}, {"do": "move", "pair": ["x-1", "--", "9-9"]}):
        refused = client.post(part_of(session), asked, headers=HTMX)
        assert refused.status_code == 422
        assert not is_page(refused)
        assert 'id="misplaced"' in refused.content.decode()
    assert "None of these movements" in text_of(refused)
    assert client.get(part_of(session)).url == f"{review_of(session)}#misplaced"
    assert short.quant.bin.code in text_of(client.get(part_of(session), headers=HTMX))


def test_who_may_move_what_was_misplaced():
    session, (short, over) = given_review(given_off(-5, 5))
    asked = {"do": "move", "pair": [f"{short.pk}-{over.pk}"]}

    assert counter(session.location).get(part_of(session)).status_code == 403
    assert auditor(session.location).post(part_of(session), asked).status_code == 403
    assert auditor(session.location).get(part_of(session), headers=HTMX).status_code == 200
    assert supervisor(LocationFactory()).post(part_of(session), asked).status_code == 404
    assert not session.misplacements.exists()


def test_a_completed_count_names_both_documents_and_what_moved():
    session, (_short, over) = given_review(given_off(-5, 3))
    move_misplaced(session, None, **stamps())
    complete(session)
    client = supervisor(session.location)

    done = text_of(client.get(reverse("count-complete", args=[session.number])))
    detail = text_of(client.get(session.get_absolute_url()))
    review = text_of(client.get(review_of(session)))

    assert "1 adjustment and 1 movement posted" in done
    for page in (done, detail):
        assert session.transfer.number in page
        assert session.adjustment.number in page
    assert f"Moved −3 to {over.quant.bin.code}" in review
    assert session.number in text_of(client.get(session.transfer.get_absolute_url()))


def test_a_review_costs_the_same_for_one_movement_and_for_many():
    numbers = []
    for differences in ([-5, 5, -3, 3], [-5, 5, -4, 4, -3, 3, -2, 2, -1, 1, -6, 6]):
        session, lines = given_review(given_off(*differences))
        move_misplaced(session, [(lines[0].pk, lines[1].pk)], **stamps())
        client = supervisor(session.location)
        client.get(review_of(session))
        with CaptureQueriesContext(connection) as captured:
            client.get(review_of(session))
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("pair", ["9" * 25 + "-1", "1-" + "9" * 25, "1-", "-1", "x", "1-2-3"])
def test_pairs_that_are_none_move_nothing(pair):
    session, _lines = given_review(given_off(-5, 5))
    client = supervisor(session.location)

    for do in (f"apart:{pair}", "move"):
        response = client.post(reverse("count-misplaced", args=[session.number]), {"do": do, "pair": pair})
        assert response.status_code == 302
    assert not session.misplacements.exists()


def test_what_was_kept_apart_and_accepted_again_moves_as_much_as_it_says():
    session, (short, five_over, three_over) = given_review(given_off(-8, 5, 3))
    move_misplaced(session, None, **stamps())

    keep_apart(session, [(short.pk, five_over.pk)], **stamps())

    assert pairs_of(accepted(session)) == [(short, three_over, 3)]
    assert [again(line).decision for line in (short, five_over)] == ["accepted", "open"]

    move_misplaced(session, None, **stamps())

    assert sorted(pairs_of(accepted(session)), key=lambda pair: pair[2]) == [
        (short, three_over, 3),
        (short, five_over, 5),
    ]


def test_movements_that_came_to_nothing_meanwhile_are_in_the_way_of_no_new_ones():
    session, lines = given_review(given_off(-8, 5, 3))
    short, five_over, three_over = lines
    move_misplaced(session, None, **stamps())
    reopen(session, **stamps())
    for line, counted in zip(lines, (12, 25, 23), strict=True):
        count(again(line), counted)
    in_review(session)
    move_misplaced(session, [(short.pk, three_over.pk)], **stamps())

    move_misplaced(session, [(short.pk, five_over.pk)], **stamps())

    moving = sorted(pairs_of(accepted(session)), key=lambda pair: pair[2])
    assert moving == [(short, three_over, 3), (short, five_over, 5)]
    assert list(session.misplacements.order_by("quantity").values_list("quantity", flat=True)) == [3, 5]


def test_what_all_undecided_lines_are_left_out_of_stays_so():
    """The other end of a movement is to be decided on again, and not decided on by what was chosen before that."""
    session, (short, over) = given_review(given_off(-5, 5))
    move_misplaced(session, None, **stamps())
    reopen(session, **stamps())
    count(again(short), 16)
    in_review(session)

    left = leave_out(session, session.lines.to_decide().values("pk"), note="Ask", **stamps())

    assert left == 1
    assert [again(line).decision for line in (short, over)] == ["left_out", "open"]
