"""The sentences for lines that cannot be posted: what is so, and what to do."""

from dataclasses import replace

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError, LineError
from inventory_site.templatetags.truecount import full_moment, quantity
from ledger.sql import checking, reversing
from warehouse.models import Location

SENTENCES = {
    "bin_elsewhere": _("Bin %(bin)s is not at this location. Choose a bin of the location."),
    "adjustment_bin": _("%(bin)s is an adjustment bin: no goods lie there. Choose a real bin."),
    "bin_needed": _("%(item)s: everything at this location lies in a bin. Say which one."),
    "bin_of_directed": _(
        "%(item)s: what lies in the bins of this location comes by receipt, count or warehouse journal. Leave the bin "
        "blank, or use one of these."
    ),
    "synchronise_first": _(
        "%(item)s: the books own less here than lies in the bins. Synchronise the adjustment bin, then post this again."
    ),
    "unit_not_synchronised": _(
        "%(item)s: by the books unit %(unit)s is still owned where a count missed it. Synchronise the adjustment bin "
        "there, then post this again."
    ),
    "unit_not_owned": _(
        "%(item)s: unit %(unit)s was booked on since. Count it where it is and synchronise; this cannot be taken back."
    ),
    "same_bin": _("%(item)s would move from %(bin)s to %(bin)s. Choose another bin to move it to."),
    "needs_two_bins": _("Movements and transfers go from one bin to another; other documents name one bin."),
    "other_goods": _("%(item)s in %(bin)s would become something else, or lie elsewhere. Move like to like."),
    "item_unknown": _("There is no such item."),
    "lot_missing": _("%(item)s is tracked by lot: say which lot."),
    "lot_not_expected": _("%(item)s is not tracked by lot: leave the lot blank."),
    "lot_of_another_item": _("This lot belongs to another item than %(item)s."),
    "variant_of_another_item": _("This variant belongs to another item than %(item)s."),
    "moved_meanwhile": _("%(item)s in %(bin)s moved while you looked: the book says %(on_hand)s now. Look again."),
    "quantity_negative": _("%(item)s: there cannot be less than nothing in %(bin)s."),
    "quant_twice": _("%(item)s in %(bin)s is named by two lines. Say once how much there is."),
    "quantity_unusable": _("%(item)s: give a quantity with at most 13 digits before and 5 after the point."),
    "cost_unusable": _("%(item)s: give a unit cost of zero or more."),
    "too_much": _("%(item)s: that would be more, or worth more, than the books can hold. Check quantity and cost."),
    "wrong_sign": _("%(item)s: give a quantity greater than zero."),
    "item_blocked": _("%(item)s is blocked: nothing of it can be posted until an administrator unblocks it."),
    "variant_blocked": _("%(item)s: this variant is blocked. Nothing of it can be posted until somebody unblocks it."),
    "lot_blocked": _("%(item)s: this lot is blocked. Nothing of it can be posted until somebody unblocks it."),
    "unit_blocked": _("%(item)s: unit %(unit)s is blocked. It cannot be posted until somebody unblocks it."),
    "bin_blocked_inbound": _("Nothing may go into %(bin)s: it is blocked. Choose another bin, or unblock it."),
    "bin_blocked_outbound": _("Nothing may leave %(bin)s: it is blocked. Choose another bin, or unblock it."),
    "content_blocked_inbound": _(
        "%(item)s may not go into %(bin)s: it is blocked there. Choose another bin, or unblock it there."
    ),
    "content_blocked_outbound": _(
        "%(item)s may not leave %(bin)s: it is blocked there. Choose another bin, or unblock it there."
    ),
    "item_serialized": _("%(item)s is tracked by units, which cannot be posted by quantity. Count them instead."),
    "missing_bin": _(
        "%(bin)s is where missing goods are kept on the books. Only counts put them there; what is found is moved out."
    ),
    "unit_missing": _("%(item)s is tracked by units: say which one each is."),
    "unit_not_expected": _("%(item)s is not tracked by units: leave the unit blank."),
    "unit_unusable": _("%(item)s: %(unit)s is no code of a unit. Scan it again, or type it as it is written there."),
    "unit_unknown": _("%(item)s: there is no unit %(unit)s. Check the code; what is new is received first."),
    "unit_taken": _("%(unit)s is the tag of another item, or its serial number is on another tag. Check the code."),
    "unit_of_another_variant": _("%(item)s: unit %(unit)s is another variant. Choose that variant."),
    "unit_twice": _("%(item)s: unit %(unit)s is named by two lines. Name it once."),
    "unit_elsewhere": _("%(item)s: unit %(unit)s is not in %(bin)s but in %(place)s. Take it from there, or move it."),
    "unit_released": _("%(item)s: unit %(unit)s has left for good. Receive it if it came back."),
    "unit_detached": _("%(item)s: unit %(unit)s lies nowhere by the book. Receive it, or count where it is."),
    "unit_in_stock": _("%(item)s: unit %(unit)s is in stock already, in %(place)s. Check the code, or move it."),
    "unit_moved_since": _("%(item)s: something happened to unit %(unit)s since. Take that back first."),
    "quantity_not_one": _("%(item)s: a unit is one piece. Give each a line of its own, with the quantity 1."),
    "held": _("%(held_by)s holds %(item)s in %(bin)s. Wait until it is done, or ask who works on it."),
    "held_by_several": _("%(held_by)s hold %(item)s in %(bin)s. Wait until they are done, or ask who works on them."),
    "settled_by_count": _("%(item)s in %(bin)s was counted since: the books no longer hold what would be taken back."),
    "unresolved": _("Other lines must be corrected first."),
    "undone": _("%(item)s in %(bin)s: this is taken back already."),
    "not_enough": _("%(item)s: %(bin)s holds %(on_hand)s, which is less than the %(wanted)s that would leave it."),
}

# Of a bin, or of an item in it, that goods may not go into or out of.
INTO_BLOCKED = ("bin_blocked_inbound", "content_blocked_inbound")
OUT_OF_BLOCKED = ("bin_blocked_outbound", "content_blocked_outbound")

# What is in the way of a reversal, behind its sentence.
BLOCKED_BY = {
    "settled_by_count": _("Counted in %(document)s, %(at)s, by %(by)s."),
    "unit_moved_since": _("It was in %(document)s, %(at)s, by %(by)s."),
    "undone": _("Taken back with %(document)s, %(at)s, by %(by)s."),
    "not_enough": _("The last of it went with %(document)s, %(at)s, by %(by)s."),
}

# The same, for people to whom quantities are closed: they are told no figure.
SENTENCES_WITHOUT_FIGURES = {
    "not_enough": _("So much does not lie there by the book. How much does is closed to you during the blind count."),
    "moved_meanwhile": _("Stock moved while you looked. Look again."),
    "unit_elsewhere": _(
        "This unit does not lie there by the book. Where it does is closed to you during the blind count."
    ),
    "unit_in_stock": _("This unit is in stock already. Where it lies is closed to you during the blind count."),
}


def without_figures(error: DomainError) -> DomainError:
    """What a person is told to whom quantities are closed."""
    errors = [
        replace(each, message=SENTENCES_WITHOUT_FIGURES.get(each.code, each.message))
        for each in getattr(error, "errors", ())
    ]
    return type(error)(errors) if errors else error


def read_errors(cursor, document) -> list[LineError]:
    """The errors that posting has collected, by line; the first thousand. A reversal's name what is in its way."""
    cursor.execute(checking.READ_ERRORS, {"source": document.source})
    rows = cursor.fetchall()
    blocked = _blockers(cursor, document.reverses) if rows and document.reverses else {}
    places = Places(document)
    return [
        LineError(
            line=line,
            code=code,
            message=SENTENCES["held_by_several" if held_by and len(held_by) > 1 else code]
            % {
                "item": " ".join(filter(None, [number, name, lot and f"({lot})"])),
                "bin": bin_code,
                "wanted": quantity(-wanted if wanted is not None else None),
                "on_hand": quantity(on_hand),
                "held_by": ", ".join(held_by or ()),
                "unit": unit,
                "place": places.name(lies_in, lies_at),
            }
            + blocked.get((line, code), ""),
            blockers=tuple(held_by or ()),
        )
        for line, code, number, name, bin_code, lot, wanted, on_hand, held_by, unit, lies_in, lies_at in rows
    ]


class Places:
    """Where units lie, in words: no place of a location that is closed to whoever posts."""

    def __init__(self, document):
        self.own, self.by = set(document.locations), document.by

    @cached_property
    def visible(self):
        locations = Location.objects.visible_to(self.by) if self.by else Location.objects.all()
        return dict(locations.values_list("pk", "name"))

    def name(self, bin_code, location):
        if location is None or location in self.own:
            return bin_code
        name = self.visible.get(location)
        return f"{bin_code} ({name})" if name else _("another location")


def _blockers(cursor, register):
    """{(line, code): the sentence that names what is in the way}."""
    cursor.execute(reversing.READ_BLOCKERS, {"register": register.pk})
    return {
        (line, code): " "
        + BLOCKED_BY[code] % {"document": document, "at": full_moment(at), "by": by or _("the system")}
        for line, code, document, at, by in cursor.fetchall()
    }
