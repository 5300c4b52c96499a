"""Who may do what: one table of groups and their permissions, from which the groups in the database are made."""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.db import transaction
from django.utils.translation import gettext_noop as _

OURS = ("counting", "ledger", "warehouse", "django_celery_beat", "admin", "auth", "axes")

MASTER_DATA = (
    "unitofmeasure", "category", "item", "itemvariant", "itemunit", "itemreference", "lot", "zone", "bin", "bincontent",
)  # fmt: skip
PLACES = ("warehouse.view_location", "warehouse.view_zone", "warehouse.view_bin", "warehouse.view_binhold")
SCHEDULES = ("periodictask", "crontabschedule", "intervalschedule", "clockedschedule")


def permissions(app: str, actions: tuple[str, ...], models: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{app}.{action}_{model}" for action in actions for model in models)


# Counters see no money: the pages ask for ledger.view_valueentry before they show any.
COUNTER = (
    "counting.view_countsession",
    "counting.change_countsession",
    "warehouse.view_location",
    "warehouse.view_bin",
    "warehouse.view_item",
    "warehouse.view_lot",
    "warehouse.view_quant",
    "warehouse.view_unit",
    "counting.view_searchtask",
    "ledger.add_register",
)
SEE_STOCK = (*PLACES, "warehouse.view_quant", "warehouse.view_unit", *permissions("warehouse", ("view",), MASTER_DATA))
SEE_LEDGERS = permissions(
    "ledger", ("view",), ("register", "reason", "warehouseentry", "itemledgerentry", "valueentry", "stockvalue")
)
JOURNALS = ("journalbatch", "journalline", "standardjournal")
SEE_JOURNALS = permissions("ledger", ("view",), JOURNALS)
COUNTED = ("countsession", "countline", "countentry", "putaside", "activity")
UNITS_COUNTED = ("unitscan", "sighting", "unitdecision", "unitdifference", "searchtask")
SEE_COUNTS = permissions("counting", ("view",), (*COUNTED, *UNITS_COUNTED))

GROUPS = {
    _("Counter"): COUNTER,
    _("Supervisor"): (
        *COUNTER,
        *SEE_STOCK,
        *SEE_LEDGERS,
        *SEE_COUNTS,
        *permissions("warehouse", ("add", "change"), MASTER_DATA),
        "counting.add_countsession",
        "counting.review_countsession",
        "counting.complete_countsession",
        *SEE_JOURNALS,
        *permissions("ledger", ("add", "change", "delete"), JOURNALS),
        "ledger.post_journalbatch",
        "ledger.adjust_register",
        "ledger.reverse_register",
        "ledger.override_hold",
        "ledger.import_stock",
        "ledger.view_stockimport",
        "warehouse.view_user",
        "warehouse.view_locationassignment",
    ),
    _("Planner"): (
        *SEE_STOCK,
        *SEE_LEDGERS,
        *SEE_JOURNALS,
        *SEE_COUNTS,
        "counting.add_countsession",
        *permissions("django_celery_beat", ("view", "add", "change", "delete"), SCHEDULES),
    ),
    _("Auditor"): None,  # everything there is to see, and nothing to do
}


@transaction.atomic
def apply_groups() -> None:
    """Make the groups of the table, with exactly its permissions. Safe to run at any time.

    Called by a migration, when Django has not made permissions yet: so they are made here first.
    """
    make_permissions()
    known = {f"{app}.{codename}": pk for pk, app, codename in all_permissions()}
    for name, wanted in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set([known[permission] for permission in wanted or all_views(known)])


def make_permissions() -> None:
    for label in OURS:
        config = apps.get_app_config(label)
        create_contenttypes(config, verbosity=0)
        create_permissions(config, verbosity=0)


def all_views(known):
    return [permission for permission in known if permission.split(".")[1].startswith("view_")]


def all_permissions():
    return Permission.objects.filter(content_type__app_label__in=OURS).values_list(
        "pk", "content_type__app_label", "codename"
    )
