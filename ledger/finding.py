"""What the one search field finds in the ledgers."""

from ledger.models import Register
from warehouse.search import LIMIT, Hit


def documents(user, text):
    fitting = Register.objects.visible_to(user).with_names().matching(text).order_by("-pk")[: LIMIT + 1]
    return [
        Hit(
            register.number,
            " · ".join(map(str, filter(None, [register.get_kind_display(), register.location.name, register.source]))),
            register.get_absolute_url(),
            exact=register.number.casefold() == text.casefold(),
        )
        for register in fitting
    ]
