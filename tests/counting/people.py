"""Clients of the people who meet counts."""

from tests.pages import signed_in

COUNTS = ("counting.view_countsession", "counting.change_countsession", "warehouse.view_bin")
READS = ("counting.view_countsession", "ledger.view_register", "ledger.view_warehouseentry", "ledger.view_valueentry")
REVIEWS = (
    *COUNTS,
    *READS,
    "counting.add_countsession",
    "counting.review_countsession",
    "counting.complete_countsession",
)


REVERSES = (*REVIEWS, "ledger.reverse_register")


def counter(location):
    return signed_in(*COUNTS, location=location)


def auditor(location):
    return signed_in(*READS, location=location)


def supervisor(location):
    return signed_in(*REVIEWS, location=location)
