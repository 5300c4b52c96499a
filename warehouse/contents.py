"""What is settled about items in bins: which bin is proposed, what stays a content of a bin, what is blocked there."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from inventory_site.errors import DomainError
from warehouse.models import Bin, BinContent, Item, ItemVariant, Location, Quant


class StockLiesThere(DomainError):
    code = "stock_lies_there"
    text = _("%(item)s lies in %(bin)s, so it stays a content of it. Move it to another bin first.")


class IsHeld(DomainError):
    code = "content_held"
    text = _("%(held_by)s holds %(item)s in %(bin)s. Wait until it is done.")


class NoDefaultsThere(DomainError):
    code = "directed_default_bins"
    text = _("%(location)s is directed, and has no default bins.")


def default_bin(item: Item, location: Location, *, variant: ItemVariant | None = None) -> Bin | None:
    """The bin to propose for a line that names none; None where nobody, and no posting, has settled one."""
    content = BinContent.objects.proposed().filter(bin__location=location, item=item, variant=variant)
    found = content.select_related("bin").first()
    return found and found.bin


@transaction.atomic
def settle(content: BinContent) -> None:
    """Keep what is settled; where that is nothing any more, the item floats in the bin, and nothing is kept.

    Raises NoDefaultsThere.
    """
    lock(content.bin.location)
    if content.default and content.bin.location.directed:
        raise NoDefaultsThere(location=content.bin.location.name)
    if content.settles_something:
        content.save()
    elif content.pk:
        content.delete()


@transaction.atomic
def make_default(bin: Bin, item: Item, *, variant: ItemVariant | None = None) -> BinContent:
    """Let this be the default bin of the item at its location, in place of any other. Raises NoDefaultsThere."""
    key = {"item": item, "variant": variant}
    lock(bin.location)
    for former in BinContent.objects.defaults().filter(bin__location=bin.location_id, **key).exclude(bin=bin):
        former.default = False
        settle(former)
    content = BinContent.objects.filter(bin=bin, **key).first() or BinContent(location=bin.location, bin=bin, **key)
    content.default = True
    settle(content)
    return content


@transaction.atomic
def remove(content: BinContent) -> None:
    """Let an item be no content of a bin any more. Raises StockLiesThere, IsHeld."""
    lock(content.bin.location)
    words = {"item": content.item, "bin": content.bin}
    quants = Quant.objects.filter(bin=content.bin_id, item=content.item_id, variant=content.variant_id)
    if quants.in_stock().exists():
        raise StockLiesThere(**words)
    if holders := content.bin.holds.filter(item=content.item_id).values_list("held_by", flat=True):
        raise IsHeld(held_by=", ".join(sorted(holders)), **words)
    content.delete()


def lock(location: Location) -> None:
    """As posting does: nothing comes, goes or becomes a default at this location until commit."""
    Location.objects.select_for_update(no_key=True).get(pk=location.pk)
