"""What a refused completion says: whole sentences, and the line that each of them is about."""

import pytest
from django.utils import timezone

from counting.completing import LinesNotReady, complete_session
from counting.models import CountLine
from counting.review import give_reason, reopen
from ledger.models import Reason
from tests.counting.given import again, ask, complete, count, given_line, given_lines, in_review
from tests.factories import UserFactory, move

pytestmark = pytest.mark.django_db


def test_a_line_that_posting_refuses_is_named():
    _first, second = given_lines(10, 10)
    count(second, 8)
    ask(second.session)
    second.quant.item.blocked = True
    second.quant.item.save(update_fields=["blocked"])

    went = complete_session(second.session_id)
    second.session.refresh_from_db()

    assert went == "refused"
    [problem] = second.session.completion_problems
    assert (problem["line"], problem["code"]) == (second.pk, "item_blocked")
    assert list(CountLine.objects.in_the_way(second.session)) == [second]


def test_figures_that_changed_are_told_in_figures():
    line = given_line(10)
    count(line, 9)
    ask(line.session)
    move(line.quant, -1, reason=Reason.objects.create(code="test-lost", name="Lost", effect="corrected"))

    complete_session(line.session_id)

    [problem] = again(line).session.completion_problems
    assert "Lines to adjust: 1 then, 0 now." in problem["message"]


@pytest.mark.parametrize("policy", ["post", "leave"])
def test_a_reason_that_a_later_count_has_made_a_wrong_one_is_not_posted(policy):
    """The count that is posted comes with a reason of its direction; one that is left as it is needs none."""
    line = count(given_line(10, policies={"undecided": policy}), 7)
    lena, stolen = UserFactory(), Reason.objects.get(code="stolen")
    in_review(line.session)
    give_reason(line.session, [line.pk], by=lena, at=timezone.now(), reason=stolen)
    reopen(line.session, by=lena, at=timezone.now())
    count(again(line), 12)

    if policy == "leave":
        assert complete(line.session) == "completed"
        return
    with pytest.raises(LinesNotReady) as refused:
        ask(line.session)

    [problem] = refused.value.problems
    assert (problem["line"], problem["code"]) == (line.pk, "reason_does_not_fit")
    give_reason(line.session, [line.pk], by=lena, at=timezone.now(), reason=None)
    assert complete(line.session) == "completed"
