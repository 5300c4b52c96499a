"""What the one search field finds in the ledgers."""

from ledger.models import Register
from warehouse.search import Hit, first_of


def documents(user, scan):
    fitting = Register.objects.visible_to(user).with_names().matching(scan.text).order_by("-pk")
    return first_of(fitting, document_hit, whole=fitting.filter(number__iexact=scan.text))


def document_hit(register, *, exact):
    note = " · ".join(map(str, filter(None, [register.get_kind_display(), register.location.name, register.source])))
    return Hit(register.number, note, register.get_absolute_url(), exact)
