"""What a refused completion says: whole sentences, and the line that each of them is about."""

import pytest

from counting.completing import complete_session
from counting.models import CountLine
from ledger.models import Reason
from tests.counting.given import again, ask, complete, count, given_line, given_lines
from tests.factories import move

pytestmark = pytest.mark.django_db


def test_a_line_that_posting_refuses_is_named():
    _first, second = given_lines(10, 10)
    count(second, 8)
    second.quant.item.blocked = True
    second.quant.item.save(update_fields=["blocked"])

    went = complete(second.session)

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
    assert "1 lines were to be adjusted, now 0" in problem["message"]
