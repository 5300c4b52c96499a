"""Default bins follow what is put away, at locations that say so."""

from ledger.models import Kind
from ledger.sql import default_bins as sql

# Where somebody has put something. A count says where it lies, which may be where it should not.
PUTS_AWAY = {
    Kind.RECEIPT,
    Kind.MOVEMENT,
    Kind.LOCATION_TRANSFER,
    Kind.OPENING,
    Kind.ITEM_JOURNAL,
    Kind.RECLASSIFICATION,
}


def follow_default_bins(cursor, document) -> None:
    """After a document is written. Nothing where its locations leave default bins to people."""
    places = (document.location, document.other_location)
    if document.kind in PUTS_AWAY and any(place.default_bin_selection for place in places if place):
        cursor.execute(sql.FOLLOW_DEFAULT_BINS)
