"""Documents that people type in: lines as they were understood, with lots that may be new."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from inventory_site.errors import LineError
from ledger.models import Kind, Register
from ledger.posting import PAGE_WAIT, SIGN, Document, Line, PostingRefused, post
from warehouse.lots import ExpiryContradicts, ensure_lot
from warehouse.models import Bin, Item, ItemVariant, Lot, Quant, User


@dataclass(frozen=True, kw_only=True)
class EnteredLine:
    """A line in base units, always positive: the kind of document says in which direction. A lot that nobody knows
    yet is a `new_lot`, with the date on its label. Of serialized items it names `units`, and each becomes a line of
    its own.
    """

    item: Item
    bin: Bin
    quantity: Decimal
    variant: ItemVariant | None = None
    lot: Lot | None = None
    new_lot: str = ""
    expiration_date: date | None = None
    to_bin: Bin | None = None
    unit_cost: Decimal | None = None
    units: tuple[str, ...] = ()


@transaction.atomic
def enter(document: Document, lines: list[EnteredLine], *, wait: str = PAGE_WAIT) -> Register:
    """Make the lots that are new, and post. Raises what `post` raises, with the numbers of these lines; then no lot
    was made either.
    """
    lots = make_lots(lines)
    sign = SIGN.get(document.kind, 1)
    posted = [
        (number, one)
        for number, (line, lot) in enumerate(zip(lines, lots, strict=True), start=1)
        for one in lines_of(line, lot, sign=sign)
    ]
    try:
        return post(document, [one for _number, one in posted], wait=wait)
    except PostingRefused as refused:
        raise PostingRefused([replace(error, line=posted[error.line - 1][0]) for error in refused.errors]) from refused


def lines_of(line: EnteredLine, lot: Lot | None, *, sign: int) -> Iterator[Line]:
    """What is posted for a line: of serialized items, one line for each unit, whose lot is an attribute of its own."""
    key = {
        "item": line.item.pk,
        "variant": line.variant and line.variant.pk,
        "bin": line.bin.pk,
        "to_bin": line.to_bin and line.to_bin.pk,
        "unit_cost": line.unit_cost,
    }
    if line.units:
        for code in line.units:
            yield Line(**key, quantity=Decimal(sign), unit=code, unit_lot=lot and lot.pk)
    else:
        yield Line(**key, quantity=sign * line.quantity, lot=lot and lot.pk)


def make_lots(lines: list[EnteredLine]) -> list[Lot | None]:
    """The lot of each line. In the order of their keys: two documents with the same new lots never wait in a circle."""
    lots, errors = [line.lot for line in lines], []
    named = [(line.item.pk, line.new_lot, number) for number, line in enumerate(lines) if line.new_lot]
    for _item, lot_number, number in sorted(named):
        line = lines[number]
        try:
            lots[number] = ensure_lot(line.item, lot_number, line.expiration_date)
        except ExpiryContradicts as error:
            errors.append(LineError(line=number + 1, code=error.code, message=error.messages[0]))
    if errors:
        raise PostingRefused(sorted(errors, key=lambda error: error.line))
    return lots


def adjust(
    quant: Quant,
    quantity: Decimal,
    *,
    by: User | None,
    at: date,
    note: str,
    seen_entry: int,
    request_id: UUID,
    override: str = "",
) -> Register:
    """Somebody looked and says how much there is. Refused when stock moved since they looked at the book."""
    document = Document(
        kind=Kind.MANUAL_ADJUSTMENT,
        location=quant.location,
        by=by,
        posting_date=at,
        note=note,
        request_id=request_id,
        override=override,
    )
    line = Line(
        bin=quant.bin_id,
        item=quant.item_id,
        variant=quant.variant_id,
        lot=quant.lot_id,
        quantity=quantity,
        seen_entry=seen_entry,
    )
    return post(document, [line], wait=PAGE_WAIT)
