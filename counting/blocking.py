"""Blocked items, variants, lots and units in a count: left out when it is opened, in the way if blocked later.

Blocked bins are counted like others: what is found there to be right is evidence, and a surplus may go where a
shortage may not. Completing looks at the way that each adjustment would go.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from counting.models import CountLine, CountSession
from counting.sql import blocking as sql
from counting.sql.opening import as_named
from inventory_site.errors import DomainError
from inventory_site.templatetags.truecount import quantity
from warehouse.models import User

NAMED = 5  # lines that a sentence names; the others are counted

SENTENCES = {
    "item_blocked": _("%(item)s in %(bin)s: the item is blocked. Unblock it, or leave the line out."),
    "variant_blocked": _("%(item)s in %(bin)s: the variant is blocked. Unblock it, or leave the line out."),
    "lot_blocked": _("%(item)s in %(bin)s: the lot is blocked. Unblock it, or leave the line out."),
    "bin_blocked_inbound": _(
        "%(item)s in %(bin)s: more was counted than the book says, and nothing may go into this bin. Unblock it, or "
        "leave the line out."
    ),
    "bin_blocked_outbound": _(
        "%(item)s in %(bin)s: less was counted than the book says, and nothing may leave this bin. Unblock it, or "
        "leave the line out."
    ),
    "content_blocked_inbound": _(
        "%(item)s in %(bin)s: more was counted than the book says, and this item may not go into this bin. Unblock it "
        "there, or leave the line out."
    ),
    "content_blocked_outbound": _(
        "%(item)s in %(bin)s: less was counted than the book says, and this item may not leave this bin. Unblock it "
        "there, or leave the line out."
    ),
    "unit_blocked": _("%(item)s in %(bin)s: unit %(unit)s is blocked. Unblock it, or clear its box in the review."),
}


class LinesBlocked(DomainError):
    """Lines that were counted, and whose item, variant or lot is blocked since the opening."""

    code = "lines_blocked"
    text = _("Nothing of this can be posted, for it is blocked: %(lines)s. Unblock it, or clear these counts.")


@dataclass(frozen=True)
class Skipped:
    """How many blocked items, variants, lots and units of a scope are left alone."""

    items: int = 0
    variants: int = 0
    lots: int = 0
    units: int = 0

    def __bool__(self):
        return bool(self.items or self.variants or self.lots or self.units)

    def __str__(self):
        words = [
            (self.items, ngettext("%s item", "%s items", self.items)),
            (self.variants, ngettext("%s variant", "%s variants", self.variants)),
            (self.lots, ngettext("%s lot", "%s lots", self.lots)),
            (self.units, ngettext("%s unit", "%s units", self.units)),
        ]
        return ", ".join(text % quantity(number) for number, text in words if number)


def skip_blocked(session: CountSession, quants, *, by: User, at: datetime) -> Skipped:
    """After the snapshot of these quants: say what of them it left out, and leave blocked units of its lines alone."""
    scope, params = as_named(quants)
    asked = {"session": session.pk, "location": session.location_id, "by": by.pk, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(sql.SKIP_BLOCKED.format(scope=scope), params | asked)
        return Skipped(*cursor.fetchone())


def check_blocked(session: CountSession) -> None:
    """Raises LinesBlocked, which names the lines."""
    with connection.cursor() as cursor:
        cursor.execute(sql.BLOCKED_LINES, {"session": session.pk})
        blocked = sorted({line for line, *_rest in cursor.fetchall()})
    if not blocked:
        return
    names = CountLine.objects.with_names().in_bulk(blocked[:NAMED])
    said = [_("%(item)s in %(bin)s") % {"item": line.quant.item, "bin": line.quant.bin} for line in names.values()]
    if more := len(blocked) - len(said):
        said.append(ngettext("%s more line", "%s more lines", more) % quantity(more))
    raise LinesBlocked(lines=", ".join(map(str, said)))
