"""Counts of serialized items, in the states that tests of units start from."""

from collections import defaultdict
from decimal import Decimal
from uuid import uuid4

from django.utils import timezone

from counting.review import mark_counted
from counting.sighting import none_here, scan_units
from counting.unit_differences import differences
from ledger.models import Kind
from tests.counting.given import given_session
from tests.factories import BinFactory, SerialItemFactory, UserFactory, given_units, post_lines
from warehouse.models import Unit


def given_shelves(*contents, item=None, location=None, unit_cost=None):
    """Bins of one location with units of one item, as lists of codes: (item, bins)."""
    item = item or SerialItemFactory()
    first = BinFactory(location=location) if location else BinFactory()
    bins = [first, *(BinFactory(location=first.location) for _more in contents[1:])]
    for bin, codes in zip(bins, contents, strict=True):
        if codes:
            given_units(bin, item, [str(code) for code in codes], unit_cost=unit_cost)
    return item, bins


def given_count(*bins, **policies):
    """An open count of everything in these bins."""
    return given_session(bins[0].location, bins=list(bins), policies=policies)


def stamps():
    return {"by": UserFactory(), "at": timezone.now()}


def line_in(session, bin):
    """The line of the serialized item in this bin."""
    return session.lines.serialized().select_related("quant__item", "session").get(quant__bin=bin)


def scan(session, bin, *codes):
    """These codes are seen in the bin, where the line of the serialized item says so; none: there is nothing."""
    line, said = line_in(session, bin), {"by": UserFactory(), "client_id": uuid4()}
    if codes:
        scan_units(session, map(str, codes), bin=bin, line=line, **said)
    else:
        none_here(line, **said)


def given_review(session, *seen):
    """The session in review, after scans in its bins: (bin, code, ...)."""
    for bin, *codes in seen:
        scan(session, bin, *codes)
    mark_counted(session, **stamps())
    return session


def issue(bin, item, code):
    """The unit leaves for good."""
    line = {"bin": bin.pk, "item": item.pk, "quantity": Decimal(-1), "unit": code}
    return post_lines(bin.location, line, kind=Kind.ISSUE)


def carry(bin, to_bin, item, code, *, kind=Kind.MOVEMENT, **details):
    """Somebody really moves the unit, with a document."""
    line = {"bin": bin.pk, "to_bin": to_bin.pk, "item": item.pk, "quantity": Decimal(1), "unit": code}
    return post_lines(bin.location, line, kind=kind, **details)


def found(session, **which):
    """{code: verdict} of the units of a count that differ."""
    return {difference.code: str(difference.verdict) for difference in differences(session, **which)}


def places(item):
    """{bin: the codes of its units}; under their state those that lie nowhere."""
    lying = defaultdict(set)
    for unit in Unit.objects.filter(item=item).select_related("quant__bin"):
        lying[unit.quant.bin if unit.quant else unit.state].add(unit.code)
    return dict(lying)
