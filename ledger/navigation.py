from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory_site.context import NavItem

LEDGER = NavItem(
    _("Ledger"),
    "item-ledger",
    "book",
    permission="ledger.view_itemledgerentry",
    order=40,
    under=("/ledger/", "/documents/", "/journals/"),
)

PAGES = (
    ("item-ledger", _("Item ledger"), "ledger.view_itemledgerentry"),
    ("warehouse-ledger", _("Warehouse ledger"), "ledger.view_warehouseentry"),
    ("adjustment-bins", _("Adjustment bins"), "ledger.view_warehouseentry"),
    ("documents", _("Documents"), "ledger.view_register"),
    ("journals", _("Journals"), "ledger.view_journalbatch"),
)


def sections(request, here):
    """Links between the ledgers, for components/links.html."""
    return [
        {"url": reverse(name), "label": label, "current": name == here}
        for name, label, permission in PAGES
        if request.user.has_perm(permission)
    ]
