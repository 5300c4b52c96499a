from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from counting.models import CountEntry, CountLine, CountSession, UnitDifference, UnitScan
from counting.reconciliation import last_result, prove
from counting.review import cancel
from counting.tasks import reconcile_all
from tests.behind import alter, behind_its_back
from tests.counting.given import complete, count, given_line, given_session
from tests.counting.unit_counts import given_count, given_shelves, scan
from tests.factories import BinFactory, LocationFactory, UserFactory, given_stock

pytestmark = pytest.mark.django_db


def findings():
    return [finding for proof in prove() for finding in proof.findings]


def given_completed_line(system, counted):
    line = count(given_line(system), counted)
    assert complete(line.session) == "completed"
    return CountLine.objects.select_related("session__adjustment", "quant").get(pk=line.pk)


def reconcile(*arguments):
    said = StringIO()
    call_command("reconcile", *arguments, stdout=said)
    return said.getvalue()


def test_all_eight_laws_hold_on_counts_in_every_status():
    given_completed_line(10, 7)
    given_completed_line(10, 10)
    given_line(5)
    given_line(5, policies={"guard": "block"})
    cancel(given_line(5).session, by=UserFactory(), at=timezone.now())

    said = reconcile()

    assert said.count("  holds ") == 8
    assert "All laws hold." in said


def test_law_6_a_completed_line_that_was_changed_is_found():
    line = given_completed_line(10, 7)

    behind_its_back("counting_countline", "UPDATE counting_countline SET adjustment = -2")

    [finding] = findings()
    assert finding.law == 6
    assert finding.says == "The line says an adjustment of −2, the document posted −3."
    assert finding.subject.startswith(line.session.number)


def test_law_6_a_line_left_open_by_a_completed_count_is_found():
    line = given_completed_line(10, 10)

    behind_its_back("counting_countline", "UPDATE counting_countline SET open = true WHERE id = %s", line.pk)

    assert [finding.law for finding in findings()] == [6]


def test_law_6_a_line_that_vanished_is_found():
    line = given_completed_line(10, 7)

    behind_its_back("counting_countentry", "DELETE FROM counting_countentry")
    behind_its_back("counting_countline", "DELETE FROM counting_countline WHERE id = %s", line.pk)

    assert [finding.says for finding in findings()] == ["The line says an adjustment of 0, the document posted −3."]


def test_law_6_a_document_of_a_count_that_does_not_name_it_is_found():
    line = given_completed_line(10, 7)

    behind_its_back("counting_countsession", "UPDATE counting_countsession SET adjustment_id = NULL")

    assert {finding.subject.split()[0] for finding in findings()} == {
        line.session.number,
        line.session.adjustment.number,
    }


def test_law_6_an_open_count_whose_document_is_out_is_found():
    line = given_completed_line(10, 7)

    behind_its_back(
        "counting_countsession",
        "UPDATE counting_countsession SET status = 'counted', ended_at = NULL WHERE id = %s",
        line.session_id,
    )

    assert {finding.law for finding in findings()} == {6}


def given_completed_units():
    """Unit 2 was written off, and unit 3 moved here from another bin."""
    _item, (here, there) = given_shelves([1, 2], [3])
    session = given_count(here, there)
    scan(session, here, 1, 3)
    assert complete(session) == "completed"
    return session


def test_law_6_holds_of_units_and_a_line_that_says_otherwise_is_found():
    session = given_completed_units()
    assert findings() == []

    behind_its_back("counting_countline", "UPDATE counting_countline SET adjustment = 5 WHERE adjustment = 0")

    [finding] = findings()
    assert finding.says == "The line says an adjustment of 5, its units make 0."
    assert finding.subject.startswith(session.number)


def test_law_6_a_unit_that_was_exchanged_for_another_in_what_was_written_down_is_found():
    given_completed_units()

    behind_its_back(
        "counting_unitdifference",
        "UPDATE counting_unitdifference SET unit_id = (SELECT id FROM warehouse_unit WHERE code = '1')"
        " WHERE verdict = 'write_off'",
    )

    assert sorted(finding.says for finding in findings()) == [
        "The count says 0 of this unit there, the document posted −1.",
        "The count says −1 of this unit there, the document posted 0.",
    ]


@pytest.mark.parametrize("model", [CountSession, CountLine, CountEntry, UnitScan, UnitDifference])
def test_law_6_a_trigger_that_is_switched_off_is_found(model):
    alter(model._meta.db_table, "DISABLE TRIGGER USER")

    assert [finding.law for finding in findings()] == [6] * len(model._meta.triggers)


def test_the_command_names_what_is_wrong_and_fails():
    quant = given_stock(10)
    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 7")
    said = StringIO()

    with pytest.raises(CommandError, match="1 findings"):
        call_command("reconcile", stdout=said)

    assert "1  BROKEN" in said.getvalue()
    assert str(quant.item) in said.getvalue()


def test_the_command_proves_one_location():
    given_stock(10)
    here = given_session(given_stock(10, bin=BinFactory(location=LocationFactory(code="HERE"))).location)
    behind_its_back(
        "warehouse_quant", "UPDATE warehouse_quant SET quantity = 7 WHERE location_id <> %s", here.location_id
    )

    assert "All laws hold." in reconcile("--location", "HERE")


def test_the_command_knows_no_location_of_this_code():
    with pytest.raises(CommandError, match="no location NOWHERE"):
        call_command("reconcile", "--location", "NOWHERE")


def test_at_night_the_result_is_remembered():
    given_stock(10)

    assert reconcile_all() == "all laws hold"

    assert last_result()["holds"]

    behind_its_back("warehouse_quant", "UPDATE warehouse_quant SET quantity = 7")

    assert reconcile_all() == "1 findings"

    assert not last_result()["holds"]
    assert last_result()["findings"][0]["law"] == 1
