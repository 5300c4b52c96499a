"""Looks at stock that leave no entry behind: a count without difference. Apps above tell of them, in ready().

looks.register(looks_without_entry)

def looks_without_entry(register):
    lines = CountLine.objects.filter(...)  # that may have come after this document, at its locations
    return lines.values_list("quant", "watermark", "session__number", "counted_at", "counted_by")
"""

from collections.abc import Callable

from django.db import models

from ledger.models import Register

registered: list[Callable[[Register], models.QuerySet]] = []


def register(find: Callable[[Register], models.QuerySet]) -> None:
    """`find` returns rows of quant, newest entry that was in the book, what it was said in, when, and by whom."""
    if find not in registered:
        registered.append(find)
