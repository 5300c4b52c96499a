"""The missing bin: where units lie that a count did not find, as long as somebody looks for them."""

from itertools import count

from django.utils.translation import gettext as _

from warehouse.models import Bin, BinKind, Location

CODE = "MISSING"


def ensure_missing_bin(location: Location) -> Bin:
    """The missing bin of this location, made when a unit is searched for the first time.

    Called before stock is locked. Whoever gave a bin of theirs the code MISSING keeps it, and ours takes the next.
    """
    key = {"location": location, "kind": BinKind.MISSING}
    codes = (CODE if number == 1 else f"{CODE}-{number}" for number in count(1))
    while not (found := Bin.objects.filter(**key).first()):
        Bin.objects.bulk_create([Bin(code=next(codes), name=_("Being searched for"), **key)], ignore_conflicts=True)
    return found
