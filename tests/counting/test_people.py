import pytest
from django.contrib.auth.models import Group, Permission

from counting.people import GROUPS, apply_groups
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def given_member(name):
    person = UserFactory()
    person.groups.add(Group.objects.get(name=name))
    return person


def test_a_fresh_database_has_the_groups():
    assert set(Group.objects.values_list("name", flat=True)) == set(GROUPS)
    assert Group.objects.get(name="Counter").permissions.count() == len(GROUPS["Counter"])


def test_applying_the_table_again_changes_nothing_and_takes_back_what_is_not_in_it():
    counter = Group.objects.get(name="Counter")
    before = set(counter.permissions.all())
    counter.permissions.add(Permission.objects.get(codename="complete_countsession"))

    apply_groups()
    apply_groups()

    assert set(counter.permissions.all()) == before
    assert Group.objects.count() == len(GROUPS)


def test_permissions_that_are_not_there_yet_are_made():
    Permission.objects.filter(codename="complete_countsession").delete()

    apply_groups()

    assert given_member("Supervisor").has_perm("counting.complete_countsession")


def test_a_counter_counts_and_moves_stock_but_sees_no_money_and_completes_nothing():
    counter = given_member("Counter")

    assert counter.has_perms(["counting.change_countsession", "ledger.add_register", "warehouse.view_quant"])
    assert not any(
        map(
            counter.has_perm,
            ["ledger.view_valueentry", "counting.add_countsession", "counting.complete_countsession"],
        )
    )


def test_a_supervisor_runs_counts_and_keeps_master_data_but_makes_nobody_mightier():
    supervisor = given_member("Supervisor")

    assert supervisor.has_perms(
        [
            "counting.add_countsession",
            "counting.review_countsession",
            "counting.complete_countsession",
            "ledger.view_valueentry",
            "ledger.adjust_register",
            "ledger.reverse_register",
            "ledger.import_stock",
            "warehouse.change_item",
        ]
    )
    assert not supervisor.has_perm("warehouse.change_user")
    assert not supervisor.has_perm("warehouse.change_locationassignment")
    assert not supervisor.has_perm("auth.change_group")


def test_a_planner_plans_and_does_not_count():
    planner = given_member("Planner")

    assert planner.has_perms(["counting.add_countsession", "django_celery_beat.change_periodictask"])
    assert not planner.has_perm("counting.change_countsession")
    assert not planner.has_perm("ledger.add_register")


def test_an_auditor_sees_everything_and_changes_nothing():
    auditor = given_member("Auditor")

    may = auditor.get_all_permissions()

    assert {"ledger.view_valueentry", "counting.view_countentry", "warehouse.view_user"} <= may
    assert all(permission.split(".")[1].startswith("view_") for permission in may)
