import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from counting.completing import complete_session
from counting.models import CountSession, Decision, PutAside, RecountRequest, Status
from counting.review import ask_recount, reopen, settle
from ledger.models import Reason
from ledger.reversing import reverse as undo
from tests.counting.given import again, ask, complete, count, given_line, given_lines, in_review
from tests.counting.people import REVIEWS, auditor, counter, supervisor
from tests.factories import TODAY, LocationFactory, UserFactory, adjust, move
from tests.pages import HTMX, is_page, signed_in, text_of

pytestmark = pytest.mark.django_db


def given_review(*differences, book=10):
    """A session in review whose lines are off by so much, and its url."""
    lines = [
        count(line, book + off) for line, off in zip(given_lines(*[book] * len(differences)), differences, strict=True)
    ]
    in_review(lines[0].session)
    return lines, address(lines[0])


def address(line):
    return reverse("count-review", args=[line.session.number])


def shown(response):
    return [row.line for row in response.context["page"].rows]


def put_aside(line, code="4006381333931"):
    return PutAside.objects.create(
        session=line.session, code=code, by=UserFactory(), at=timezone.now(), client_id=uuid4(), bin=line.quant.bin
    )


# Who


def test_a_review_has_a_page_a_part_and_single_lines():
    (line,), url = given_review(-3)
    client = supervisor(line.quant.location)

    page, part = client.get(url), client.get(url, headers=HTMX)
    single = client.get(url, {"open": line.pk}, headers={**HTMX, "HX-Target": f"line-{line.pk}"})

    assert is_page(page)
    assert not is_page(part)
    assert "Round 1" not in text_of(part)
    assert "Round 1" in text_of(single)
    assert single.content.decode().strip().startswith("<tbody")


def test_counters_may_not_review_and_strangers_do_not_find_it():
    (line,), url = given_review(-3)

    assert counter(line.quant.location).get(url).status_code == 403
    assert supervisor(LocationFactory()).get(url).status_code == 404


def test_auditors_read_and_decide_nothing():
    (line,), url = given_review(-3)
    client = auditor(line.quant.location)

    response = client.get(url)

    assert "−3" in text_of(response)
    assert 'name="do"' not in response.content.decode()
    assert client.post(url, {"do": f"accept:{line.pk}"}).status_code == 403


def test_values_are_for_those_who_may_see_them():
    (line,), url = given_review(-3)
    without = [right for right in REVIEWS if right != "ledger.view_valueentry"]

    seen = text_of(supervisor(line.quant.location).get(url))
    unseen = text_of(signed_in(*without, location=line.quant.location).get(url))

    assert "−7.50" in seen
    assert "−7.50" not in unseen
    assert "2.50" not in unseen
    assert "Unit cost" not in unseen


# What is shown


def test_figures_add_up_what_was_found_and_what_is_missing():
    (line, *_rest), url = given_review(-3, 4, 0)

    figures = supervisor(line.quant.location).get(url).context["page"].figures

    told = {figure["label"]: (figure["value"], figure["note"]) for figure in figures}
    assert told["Found"] == ("+10.00", "+4 units, 1 line")
    assert told["Missing"] == ("−7.50", "−3 units, 1 line")
    assert told["Net value"] == ("+2.50", "gross 17.50")
    assert told["Matched"][0] == "1 of 3"
    assert told["To decide"][0] == "2"


def test_variance_shows_what_was_counted_against_the_opening_and_discrepancy_what_was_wrong():
    line = given_line(system=12)
    move(line.quant, -2)
    line = count(line, 7)
    in_review(line.session)

    (seen,) = shown(supervisor(line.quant.location).get(address(line)))

    assert (seen.system_quantity, seen.since_opened, seen.variance, seen.discrepancy) == (12, -2, -5, -3)
    assert seen.planned == -3


def test_matches_are_hidden_until_they_are_asked_for():
    (off, match), url = given_review(-3, 0)
    client = supervisor(off.quant.location)

    assert shown(client.get(url)) == [off]
    assert shown(client.get(url, {"show": "matched"})) == [match]


def test_what_is_to_be_decided_comes_first_and_the_largest_value_before_the_smaller():
    (small, large, accepted), url = given_review(-1, -5, -9)
    client = supervisor(small.quant.location)
    client.post(url, {"do": f"accept:{accepted.pk}"})

    response = client.get(url)

    assert shown(response) == [large, small, accepted]
    assert [row.group for row in response.context["page"].rows] == ["To decide", "To decide", "Accepted"]


def test_lines_are_sorted_by_the_way_through_the_warehouse_or_by_item():
    lines, url = given_review(-1, -5, -3)
    client = supervisor(lines[0].quant.location)

    assert shown(client.get(url, {"sort": "walk"})) == lines
    assert shown(client.get(url, {"sort": "item"})) == sorted(lines, key=lambda line: line.quant.item.number)


def test_the_filters_say_how_many_and_show_just_those():
    lines = given_lines(10, 10, 10, 10)
    begun = lines[0].quant.last_entry
    move(lines[0].quant, -1)
    disturbed = count(lines[0], 9, begun=begun)
    off = count(lines[1], 8)
    superseded = count(lines[2], 8)
    adjust(lines[2].quant, 9)
    in_review(off.session)
    client, url = supervisor(off.quant.location), address(off)

    numbers = client.get(url).context["page"].counts["show"]

    for show, expected in {
        "": {disturbed, off, superseded},
        "todo": {disturbed, off, superseded},
        "disturbed": {disturbed},
        "superseded": {superseded},
        "uncounted": {lines[3]},
        "matched": {disturbed},
        "accepted": set(),
    }.items():
        assert set(shown(client.get(url, {"show": show}))) == expected, show
        assert numbers[show] == len(expected), show


def test_a_line_that_matched_and_was_corrected_since_is_to_be_decided_on():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    corrected, match = (count(line, 10) for line in given_lines(10, 10))
    move(corrected.quant, -2, reason=lost)
    in_review(match.session)
    client, url = supervisor(match.quant.location), address(match)

    page = client.get(url)

    assert shown(page) == [corrected] == shown(client.get(url, {"show": "todo"}))
    assert page.context["page"].counts["show"]["todo"] == 1
    assert page.context["page"].rows[0].group == "To decide"
    assert "corrected by −2 after this count: +2 is left to post" in text_of(page)
    assert set(shown(client.get(url, {"show": "matched"}))) == {corrected, match}
    client.post(url, {"do": f"leave_out:{corrected.pk}", f"{corrected.pk}-note": "It was lost"}, headers=HTMX)
    complete(match.session)
    corrected.quant.refresh_from_db()
    assert corrected.quant.quantity == 8


def test_a_correction_that_was_undone_or_was_there_before_the_count_is_none():
    lost = Reason.objects.create(code="test-lost", name="Lost", effect="corrected")
    line = given_line(system=10)
    move(line.quant, -1, reason=lost)
    line = count(line, 9)
    undo(move(line.quant, -2, reason=lost), by=None, at=TODAY)
    in_review(line.session)

    assert shown(supervisor(line.quant.location).get(address(line))) == []


def test_on_a_phone_a_review_opens_with_what_is_to_be_decided():
    (undecided, accepted), url = given_review(-3, -4)
    client = supervisor(undecided.quant.location)
    client.post(url, {"do": f"accept:{accepted.pk}"})

    opened, asked = client.get(url).content.decode(), client.get(url, {"show": ""}).content.decode()

    assert 'class="stack todo-first" id="list"' in opened
    assert f'id="line-{undecided.pk}" class="one now"' in opened
    assert f'id="line-{accepted.pk}" class="one rest"' in opened
    assert "Show all 2 lines that differ" in opened
    assert "todo-first" not in asked
    client.post(url, {"do": f"accept:{undecided.pk}"})
    assert "todo-first" not in client.get(url).content.decode()


def test_lines_are_found_by_bin():
    (first, _second), url = given_review(-3, -4)

    response = supervisor(first.quant.location).get(url, {"q": first.quant.bin.code})

    assert shown(response) == [first]


def test_a_disturbed_line_shows_the_movements_in_question():
    line = given_line(system=10)
    begun = line.quant.last_entry
    issue = move(line.quant, -2)
    line = count(line, 8, begun=begun)
    in_review(line.session)

    said = text_of(supervisor(line.quant.location).get(address(line)))

    assert f"Moved while it was counted: {issue.number} −2" in said


def test_a_movement_that_was_perhaps_posted_late_is_flagged():
    line = count(given_line(system=10), 15)
    receipt = move(line.quant, 5)
    in_review(line.session)

    said = text_of(supervisor(line.quant.location).get(address(line)))

    assert f"Posted late? {receipt.number} +5" in said


def test_a_line_in_full_shows_every_round_with_who_and_when():
    line = count(given_line(system=10), 7, by=UserFactory(first_name="Ama", last_name="B"))
    in_review(line.session)
    lena = UserFactory(first_name="Lena", last_name="O")
    ask_recount(line.session, [line.pk], by=lena, at=timezone.now(), why="Digits swapped?")
    line = count(line, 9, by=UserFactory(first_name="Priya", last_name="N"))
    in_review(line.session)

    said = text_of(supervisor(line.quant.location).get(address(line), {"open": line.pk}))

    assert "Round 1 7 counted, book 10: −3 counted 7 Ama B" in said
    assert "Round 2 9 counted, book 10: −1" in said
    assert "Lena O asked" in said
    assert "Digits swapped? counted 9 Priya N" in said


def test_a_superseded_line_posts_nothing_and_says_why():
    line = count(given_line(system=10), 7)
    adjust(line.quant, 8)
    in_review(line.session)

    response = supervisor(line.quant.location).get(address(line))

    assert shown(response)[0].planned == 0
    assert "Somebody looked later" in text_of(response)


def test_a_page_costs_the_same_for_two_lines_and_for_six():
    few, few_url = given_review(-3, -4)
    many, many_url = given_review(-1, -2, -3, -4, -5, 0)
    for line in few + many:
        move(line.quant, -1)

    numbers = []
    for lines, url in ((few, few_url), (many, many_url)):
        client = supervisor(lines[0].quant.location)
        client.get(url)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        numbers.append(len(captured))

    assert numbers[0] == numbers[1]


def test_a_count_where_all_matches_says_so():
    (line,), url = given_review(0)

    assert "The one line that was counted matches" in text_of(supervisor(line.quant.location).get(url))


def test_while_it_is_counted_a_review_is_for_reading():
    line = count(given_line(system=10), 7)
    client = supervisor(line.quant.location)

    assert "Still being counted." in text_of(client.get(address(line)))
    response = client.post(address(line), {"do": f"accept:{line.pk}"}, headers=HTMX)
    assert response.status_code == 422
    assert "is not in review" in text_of(response)


def test_a_completed_review_is_evidence():
    (line,), url = given_review(-3)
    complete(line.session)
    client = supervisor(line.quant.location)

    response = client.get(url)

    assert shown(response)[0].planned == -3
    assert 'name="do"' not in response.content.decode()
    assert client.post(url, {"do": f"accept:{line.pk}"}).status_code == 422


# Decisions


def test_accepting_a_line_changes_its_row_and_the_figures():
    (line, _other), url = given_review(-3, -4)
    reason = Reason.objects.get(code="damaged")

    response = supervisor(line.quant.location).post(
        url, {"do": f"accept:{line.pk}", f"{line.pk}-quantity": "−3", f"{line.pk}-reason": reason.pk}, headers=HTMX
    )

    line = again(line)
    assert (line.decision, line.accepted_quantity, line.reason) == (Decision.ACCEPTED, None, reason)
    html = response.content.decode()
    assert f'id="line-{line.pk}"' in html
    # Behind a table body a browser would read no form: it comes in a template.
    assert re.search(r'<template>\s*<div class="stack" id="standing" hx-swap-oob="true"', html)
    assert 'id="choosing" hx-swap-oob="true"' in html
    assert "Accepted" in text_of(response)


def test_a_part_of_a_discrepancy_can_be_accepted():
    (line,), url = given_review(-3)

    supervisor(line.quant.location).post(url, {"do": f"accept:{line.pk}", f"{line.pk}-quantity": "-2"}, headers=HTMX)

    assert again(line).accepted_quantity == Decimal(-2)


@pytest.mark.parametrize(("typed", "said"), [("−4", "Accept between nothing"), ("abc", "is not a quantity")])
def test_what_cannot_be_accepted_is_said_at_the_line_and_kept_there(typed, said):
    (line,), url = given_review(-3)

    response = supervisor(line.quant.location).post(
        url, {"do": f"accept:{line.pk}", f"{line.pk}-quantity": typed}, headers=HTMX
    )

    assert response.status_code == 422
    assert said in text_of(response)
    assert f'value="{typed}"' in response.content.decode()
    assert again(line).decision == Decision.OPEN


def test_without_javascript_a_decision_comes_back_to_the_page_it_was_made_on():
    (line,), url = given_review(-3)
    client = supervisor(line.quant.location)

    response = client.post(f"{url}?sort=walk", {"do": f"accept:{line.pk}"})

    assert response.url == f"{url}?sort=walk"
    assert "1 line accepted." in text_of(client.get(response.url))


def test_a_line_is_left_out_with_a_reason_and_not_without():
    (line,), url = given_review(-3)
    client = supervisor(line.quant.location)

    refused = client.post(url, {"do": f"leave_out:{line.pk}"}, headers=HTMX)
    assert refused.status_code == 422
    assert "Say why the line is left out." in text_of(refused)

    client.post(url, {"do": f"leave_out:{line.pk}", f"{line.pk}-note": "Looked in the wrong rack"}, headers=HTMX)
    line = again(line)
    assert (line.decision, line.note) == (Decision.LEFT_OUT, "Looked in the wrong rack")


def test_a_decision_is_taken_back():
    (line,), url = given_review(-3)
    client = supervisor(line.quant.location)
    client.post(url, {"do": f"accept:{line.pk}"})

    client.post(url, {"do": f"take_back:{line.pk}"}, headers=HTMX)

    assert again(line).decision == Decision.OPEN


def test_chosen_lines_are_decided_together():
    (first, second, third), url = given_review(-3, -4, -5)

    response = supervisor(first.quant.location).post(url, {"do": "accept", "line": [first.pk, second.pk]}, headers=HTMX)

    assert [again(line).decision for line in (first, second, third)] == ["accepted", "accepted", "open"]
    assert 'id="list"' in response.content.decode()
    assert 'id="standing" hx-swap-oob="true"' in response.content.decode()


def test_a_whole_list_is_decided_together_and_nothing_beside_it():
    (first, second, match), url = given_review(-3, -4, 0)

    supervisor(first.quant.location).post(f"{url}?show=todo", {"do": "accept", "all": "1"}, headers=HTMX)

    assert [again(line).decision for line in (first, second, match)] == ["accepted", "accepted", "open"]


def test_leaving_out_together_needs_a_note():
    (first, second), url = given_review(-3, -4)
    client, chosen = supervisor(first.quant.location), [first.pk, second.pk]

    refused = client.post(url, {"do": "leave_out", "line": chosen}, headers=HTMX)
    assert refused.status_code == 422
    assert "Say why" in text_of(refused)

    client.post(url, {"do": "leave_out", "line": chosen, "chosen-note": "Rack was being moved"}, headers=HTMX)
    assert {again(line).note for line in (first, second)} == {"Rack was being moved"}


def test_a_recount_opens_the_line_again_and_goes_back_to_counting():
    (line, other), url = given_review(-3, -4)
    client = supervisor(line.quant.location)

    why = {f"{line.pk}-note": "Look on top of the rack too"}
    response = client.post(url, {"do": f"recount:{line.pk}", **why}, headers=HTMX)

    assert response["HX-Redirect"] == url
    assert CountSession.objects.get().status == Status.DRAFT
    assert again(line).recount_asked
    assert not again(other).recount_asked
    assert "1 line is out for recount" in text_of(client.get(url))
    request = RecountRequest.objects.get()
    assert (request.line, request.round, request.asked_by) == (line, 2, client.person)
    assert request.why == "Look on top of the rack too"


def test_a_recount_without_a_word_is_asked_for_one_and_nothing_happens():
    (line,), url = given_review(-3)

    response = supervisor(line.quant.location).post(url, {"do": f"recount:{line.pk}"}, headers=HTMX)

    assert response.status_code == 422
    assert "Say why it is to be counted again" in text_of(response)
    assert f'name="{line.pk}-note"' in response.content.decode()
    assert CountSession.objects.get().status == Status.COUNTED


def test_a_line_offers_the_reasons_of_its_direction_and_takes_no_other():
    (missing, found), url = given_review(-3, 4)
    client = supervisor(missing.quant.location)
    stolen, any_way = Reason.objects.get(code="stolen"), Reason.objects.get(code="data-error")
    rows = {row.line: row.reasons for row in client.get(url).context["page"].rows}

    assert (stolen in rows[missing], stolen in rows[found]) == (True, False)
    assert any_way in rows[missing]
    assert any_way in rows[found]
    refused = client.post(url, {"do": f"accept:{found.pk}", f"{found.pk}-reason": stolen.pk}, headers=HTMX)
    assert refused.status_code == 422
    assert f"and {found.quant.item} in {found.quant.bin} is not" in text_of(refused)
    together = {"do": "accept", "line": [missing.pk, found.pk], "chosen-reason": stolen.pk}
    assert client.post(url, together, headers=HTMX).status_code == 422
    assert client.post(url, together | {"do": "leave_out"}, headers=HTMX).status_code == 422
    assert {again(line).decision for line in (missing, found)} == {Decision.OPEN}
    assert client.post(url, together | {"chosen-reason": any_way.pk}, headers=HTMX).status_code == 200


def test_a_recount_of_nothing_is_refused():
    (line,), url = given_review(-3)

    response = supervisor(line.quant.location).post(url, {"do": "recount", "chosen-note": "Again"}, headers=HTMX)

    assert response.status_code == 422
    assert "Choose at least one line." in text_of(response)
    assert CountSession.objects.get().status == Status.COUNTED


def test_an_earlier_count_can_be_kept():
    (line, _other), url = given_review(-3, -4)
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    in_review(line.session)
    client = supervisor(line.quant.location)

    client.post(url, {"do": f"keep:{line.pk}"}, headers=HTMX)

    assert not again(line).recount_asked


def test_a_line_of_another_count_is_not_found_here():
    (line,), url = given_review(-3)
    (other,), _url = given_review(-3)

    response = supervisor(line.quant.location).post(url, {"do": f"accept:{other.pk}"})

    assert response.status_code == 404
    assert again(other).decision == Decision.OPEN


def test_what_is_called_nothing_is_a_bad_request():
    (line,), url = given_review(-3)

    assert supervisor(line.quant.location).post(url, {"do": "delete"}).status_code == 400


# What else waits


def test_what_was_in_the_way_of_posting_stands_on_top_and_at_its_line():
    (line, other), url = given_review(-9, -1)
    ask(line.session)
    move(line.quant, -8)
    assert complete_session(line.session_id) == "refused"
    client = supervisor(line.quant.location)

    response = client.get(url)

    assert "would leave less than nothing" in text_of(response)
    problems = {row.line: bool(row.problems) for row in response.context["page"].rows}
    assert problems == {line: True, other: False}
    assert shown(client.get(url, {"show": "problems"})) == [line]


def test_scans_put_aside_are_listed_and_settled_once():
    (line,), url = given_review(-3)
    scan = put_aside(line)
    client = supervisor(line.quant.location)
    settled = reverse("put-aside-settle", args=[line.session.number, scan.pk])

    assert client.get(url).context["page"].counts["show"]["aside"] == 1
    assert "4006381333931" in text_of(client.get(url, {"show": "aside"}))

    client.post(settled)
    client.post(settled)

    scan.refresh_from_db()
    assert scan.settled_by == client.person
    assert client.get(url).context["page"].counts["show"]["aside"] == 0


def test_settling_a_scan_twice_keeps_who_did_it_first():
    (line,), _url = given_review(-3)
    scan, first, second = put_aside(line), UserFactory(), UserFactory()

    assert settle(scan, by=first, at=timezone.now())
    assert not settle(scan, by=second, at=timezone.now())

    scan.refresh_from_db()
    assert scan.settled_by == first


def test_settling_is_for_reviewers_of_the_location():
    (line,), _url = given_review(-3)
    url = reverse("put-aside-settle", args=[line.session.number, put_aside(line).pk])

    assert counter(line.quant.location).post(url).status_code == 403
    assert supervisor(LocationFactory()).post(url).status_code == 404


def test_after_going_back_to_counting_decisions_wait():
    (line,), url = given_review(-3)
    reopen(line.session, by=UserFactory(), at=timezone.now())

    response = supervisor(line.quant.location).get(url)

    assert 'name="do"' not in response.content.decode()


@pytest.mark.parametrize("how", [{"do": "reason:"}, {"do": "leave_out:", "note": "Ask"}])
def test_a_reason_that_a_recount_has_made_a_wrong_one_can_be_taken_away(how):
    (line,), url = given_review(-3)
    client = supervisor(line.quant.location)
    stolen = Reason.objects.get(code="stolen")
    client.post(url, {"do": f"accept:{line.pk}", f"{line.pk}-reason": stolen.pk}, headers=HTMX)
    ask_recount(line.session, [line.pk], by=UserFactory(), at=timezone.now(), why="Look again")
    count(again(line), 11)
    in_review(line.session)

    accepted = client.post(url, {"do": f"accept:{line.pk}"}, headers=HTMX)
    said = {"do": f"{how['do']}{line.pk}", f"{line.pk}-note": how.get("note", "")}
    taken_away = client.post(url, said, headers=HTMX)

    assert (accepted.status_code, taken_away.status_code) == (422, 200)
    assert again(line).reason is None


@pytest.mark.parametrize("verb", ["accept", "leave_out", "take_back", "keep", "verify", "unverify", "reason"])
def test_a_decision_about_nothing_asks_for_lines(verb):
    (line,), url = given_review(-3)

    response = supervisor(line.quant.location).post(url, {"do": verb, "chosen-note": "Ask"}, headers=HTMX)

    assert response.status_code == 422
    assert "Choose at least one line." in text_of(response)
