"""Quants are made empty, when a document or a count first names them; only ledger.posting changes what lies in them."""

from django.db import connection

from warehouse.models import Bin, Item, ItemVariant, Lot, Quant
from warehouse.sql import ENSURE_QUANTS


def ensure_quants(stage: str, *, condition: str = "true") -> int:
    """Make the quants that the rows of the table `stage` name (bin_id, item_id, variant_id, lot_id); return how many.

    `stage` and `condition` are SQL written by the caller, never input.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENSURE_QUANTS.format(stage=stage, condition=condition))
        return cursor.rowcount


def ensure_quant(*, bin: Bin, item: Item, variant: ItemVariant | None = None, lot: Lot | None = None) -> Quant:
    """The quant of this key, made empty if nobody named it before."""
    key = {"bin": bin, "item": item, "variant": variant, "lot": lot}
    Quant.objects.bulk_create([Quant(location_id=bin.location_id, virtual=bin.virtual, **key)], ignore_conflicts=True)
    return Quant.objects.get(**key)
