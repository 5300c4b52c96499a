import datetime
import re
from io import StringIO

import pytest
from biip.gtin import Gtin
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Count
from django.test import TestCase

from counting.demo import AlreadyLoaded, load_demo
from counting.models import (
    CountLine,
    CountSession,
    Guard,
    PutAside,
    SearchTask,
    Status,
    Uncounted,
    Undecided,
    UnitDifference,
)
from counting.reconciliation import prove
from counting.unit_differences import differences
from ledger.models import Kind, Register, WarehouseEntry
from warehouse.models import Bin, BinHold, Item, ItemReference, Location, Lot, Quant, Unit, UnitKind, UnitState, User
from warehouse.tags import read_tag

TODAY = datetime.date(2026, 11, 20)
QUANTS = 600

pytestmark = pytest.mark.django_db


class Undo(Exception):
    pass


def what_it_made(seed):
    """Everything that people see of it, without numbers that sequences give. Nothing of it stays."""
    seen = {}
    try:
        with transaction.atomic():
            load_demo(QUANTS, seed, today=TODAY)
            seen = {
                "stock": list(
                    Quant.objects.in_walking_order().values_list(
                        "bin__code", "item__number", "item__name", "variant__code", "lot__number", "quantity"
                    )
                ),
                "documents": list(Register.objects.order_by("pk").values_list("kind", "posting_date", "note")),
                "entries": list(WarehouseEntry.objects.order_by("pk").values_list("quant__bin__code", "quantity")),
                "counts": list(
                    CountLine.objects.order_by("pk").values_list(
                        "session__name", "session__status", "counted_quantity", "adjustment", "decision"
                    )
                ),
            }
            raise Undo
    except Undo:
        return seen


def test_the_same_seed_makes_the_same_warehouse():
    first, again, other = what_it_made(7), what_it_made(7), what_it_made(8)

    assert first == again
    assert first["stock"] != other["stock"]
    assert not Location.objects.exists()


class TestDemonstration(TestCase):
    """Loaded once for all of these."""

    @classmethod
    def setUpTestData(cls):
        load_demo(QUANTS, 1, today=TODAY)

    def test_all_laws_hold_in_the_demonstration(self):
        assert [finding for proof in prove() for finding in proof.findings] == []

    def test_it_looks_like_a_warehouse(self):
        assert set(Location.objects.values_list("code", flat=True)) == {"LH1", "MW2", "NT3"}
        assert QUANTS <= Quant.objects.count() <= QUANTS * 1.6
        shelves = Bin.objects.filter(location__code="LH1", kind="storage")
        walk = list(shelves.in_walking_order().values_list("code", flat=True))
        assert walk == sorted(walk)
        assert walk[0] == "A-01-01"
        lots = Quant.objects.filter(item__tracking="lot").count() / Quant.objects.count()
        assert 0.3 < lots < 0.55
        assert not Lot.objects.filter(expiration_date=None).exists()
        assert Item.objects.values("name").distinct().count() == Item.objects.count()
        assert not Item.objects.filter(unit_cost__lte=0).exists()

    def test_every_code_is_a_valid_gtin_and_names_one_item(self):
        codes = ItemReference.objects.values_list("code", flat=True)

        assert all(Gtin.parse(code) for code in codes)
        assert len(set(codes)) == len(codes)
        assert set(map(len, codes)) == {13, 14}

    def test_units_have_codes_as_they_would_be_printed(self):
        drills = Unit.objects.filter(item__number="PT-CD18")
        assert drills.count() >= 36
        assert all(re.fullmatch(r"CD18-26-\d{4}", code) for code in drills.values_list("code", flat=True))

        tags = Unit.objects.filter(kind=UnitKind.EPC).select_related("item").prefetch_related("item__references")
        assert {len(unit.code) for unit in tags} == {24, 52}
        for unit in tags:
            tag = read_tag(unit.code)
            assert (tag.gtin.lstrip("0"), tag.serial) == (unit.item.references.all()[0].code, unit.serial_number)

        numbered_by_us = Unit.objects.filter(item__auto_serialized=True)
        assert numbered_by_us.exclude(manufacturer_number="").exists()
        assert numbered_by_us.filter(manufacturer_number="").exists()

    def test_units_came_went_and_were_moved(self):
        assert set(Unit.objects.values_list("state", flat=True)) >= {UnitState.IN_STOCK, UnitState.RELEASED}
        carrying = Register.objects.filter(warehouse_entries__unit__isnull=False)
        kinds = {Kind.OPENING, Kind.RECEIPT, Kind.ISSUE, Kind.MOVEMENT, Kind.LOCATION_TRANSFER}
        assert set(carrying.values_list("kind", flat=True)) >= kinds
        assert Unit.objects.filter(quant__location__code="MW2").exists()

    def test_people_have_worked_there_for_weeks(self):
        kinds = dict(Register.objects.values_list("kind").annotate(Count("pk")).order_by("kind"))

        assert set(kinds) == set(Kind.values)
        dates = Register.objects.order_by("posting_date").values_list("posting_date", flat=True)
        assert dates.first() < TODAY - datetime.timedelta(weeks=6)
        assert dates.last() == TODAY

    def test_counts_are_in_every_status(self):
        statuses = dict(CountSession.objects.values_list("status").annotate(Count("pk")).order_by("status"))
        assert statuses[Status.COMPLETED] >= 4
        assert statuses[Status.COUNTED] == 2
        assert statuses[Status.DRAFT] == 6
        assert statuses[Status.CANCELLED] == 1

        being_counted = CountSession.objects.being_counted()
        people = [set(session.lines.counted().values_list("counted_by", flat=True)) for session in being_counted]
        assert sorted(map(len, people)) == [0, 0, 1, 1, 1, 3]
        assert CountLine.objects.disturbed().exists()
        assert CountLine.objects.filter(found=True).exists()
        assert CountLine.objects.filter(session__round=2, counted_round=2).exists()
        assert PutAside.objects.exists()

    def test_counts_of_units_show_everything_that_can_become_of_one(self):
        waiting = CountSession.objects.get(name="Tool room, first rack again")
        assert {str(difference.verdict) for difference in differences(waiting)} == {
            "transfer", "found", "search", "conflict", "seen_elsewhere", "released", "unknown",
        }  # fmt: skip
        walked = CountSession.objects.get(name="Tool room, second rack")
        assert {"transfer", "unknown"} <= {str(difference.verdict) for difference in differences(walked)}
        assert walked.lines.to_count().exists()

        done = UnitDifference.objects.filter(posted=True).order_by("verdict").values_list("verdict", flat=True)
        assert set(done) == {"transfer", "write_off", "search"}
        assert SearchTask.objects.filter(state="open", unit__quant__bin__kind="missing").count() == 2
        assert Unit.objects.filter(state=UnitState.DETACHED).count() == 2

    def test_some_counts_have_policies_of_their_own(self):
        assert set(CountSession.objects.values_list("guard", flat=True)) == set(Guard.values)
        assert set(CountSession.objects.values_list("uncounted", flat=True)) == set(Uncounted.values)
        assert set(CountSession.objects.values_list("undecided", flat=True)) == set(Undecided.values)
        assert CountSession.objects.filter(blind=True).exists()
        assert BinHold.objects.exists()


def test_who_gets_a_password_can_log_in():
    load_demo(60, 1, passwords={"counter": "wal-nuss"}, today=TODAY)

    assert User.objects.get(username="counter").check_password("wal-nuss")
    assert not User.objects.get(username="jonas").has_usable_password()
    assert User.objects.get(username="supervisor").groups.get().name == "Supervisor"
    assert User.objects.get(username="admin").is_superuser


@pytest.mark.parametrize("quants", [1, 130])
def test_even_a_tiny_warehouse_can_be_made(quants):
    load_demo(quants, 3, today=TODAY)

    assert all(proof.holds for proof in prove())


def test_it_is_loaded_once():
    said = StringIO()

    call_command("demo_data", "--quants", "60", stdout=said)

    assert "60 quants in" in said.getvalue()
    with pytest.raises(AlreadyLoaded):
        load_demo(60)
    with pytest.raises(CommandError, match="already"):
        call_command("demo_data", "--quants", "60")
