"""Adjust Inventory: how much of an item there is now, at each location that keeps no bins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ledger.models import Kind, Register
from ledger.posting import PAGE_WAIT, Document, Line, lock_locations, post, told_who_is_busy
from ledger.sql import checking
from warehouse.models import Bin, BinKind, Item, ItemVariant, Location, Quant, User


@dataclass(frozen=True)
class OnHand:
    """What a location without bins holds of an item and variant; `seen_entry` tells later whether it moved since."""

    location: Location
    bin: int
    variant: ItemVariant | None
    quantity: Decimal
    seen_entry: int


def on_hand(item: Item, *, by: User) -> list[OnHand]:
    """For each location of this person that keeps no bins: the item, and those variants that lie there."""
    locations = Location.objects.visible_to(by).active().filter(directed=False)
    locations = locations.exclude(bins__kind=BinKind.STORAGE)
    implicit = Bin.objects.filter(kind=BinKind.IMPLICIT, location__in=locations).select_related("location")
    quants = Quant.objects.filter(bin__in=implicit, item=item, lot=None).select_related("variant")
    found = {(quant.bin_id, quant.variant_id): quant for quant in quants}
    rows = []
    for bin in implicit.order_by("location__name"):
        variants = [quant.variant for (place, variant), quant in found.items() if place == bin.pk and variant]
        for variant in [None, *sorted(variants, key=str)]:
            quant = found.get((bin.pk, variant and variant.pk))
            quantity, entry = (quant.quantity, quant.last_entry) if quant else (Decimal(0), 0)
            rows.append(OnHand(bin.location, bin.pk, variant, quantity, entry))
    return rows


@transaction.atomic
def adjust_inventory(
    item: Item, wanted: Iterable[tuple[OnHand, Decimal]], *, by: User | None, at: date, request_id: UUID, note: str = ""
) -> list[Register]:
    """Post an item journal at each location where the quantity is another one; what is the same posts nothing.

    Raises PostingRefused, also where stock moved since it was seen; then nothing is posted anywhere.
    """
    changed: dict[Location, list[Line]] = {}
    for row, quantity in wanted:
        if quantity != row.quantity:
            line = Line(
                bin=row.bin,
                item=item.pk,
                variant=row.variant and row.variant.pk,
                quantity=quantity - row.quantity,
                seen_entry=row.seen_entry,
            )
            changed.setdefault(row.location, []).append(line)
    locations = sorted(changed, key=lambda location: location.pk)
    with told_who_is_busy([location.pk for location in locations]):
        lock_locations([location.pk for location in locations])
        return [
            post(
                Document(
                    kind=Kind.ITEM_JOURNAL,
                    location=location,
                    by=by,
                    posting_date=at,
                    note=note or str(_("Inventory of %(item)s adjusted") % {"item": item.number}),
                    request_id=uuid5(request_id, location.code),
                ),
                changed[location],
                check=lambda cursor: cursor.execute(checking.CHECK_SEEN),
                wait=PAGE_WAIT,
            )
            for location in locations
        ]
