"""Lots are made when somebody first reads their number off a label."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from warehouse.models import Item, Lot


class ExpiryContradicts(DomainError):
    code = "expiry_contradicts"
    text = _("Lot %(lot)s expires on %(known)s by the book. Check the label, or correct the lot in the admin site.")


def ensure_lot(item: Item, number: str, expiration_date: date | None = None) -> Lot:
    """The lot of this number, made if it is new. A known lot keeps its date; a label that contradicts it is refused."""
    lot, _created = Lot.objects.get_or_create(item=item, number=number, defaults={"expiration_date": expiration_date})
    if expiration_date and lot.expiration_date and lot.expiration_date != expiration_date:
        raise ExpiryContradicts(lot=number, known=lot.expiration_date)
    if expiration_date and lot.expiration_date is None:
        Lot.objects.filter(pk=lot.pk, expiration_date=None).update(expiration_date=expiration_date)
        lot.expiration_date = expiration_date
    return lot
