"""Posting in spite of a hold: whoever holds hears of it in the transaction that posts.

# counting/apps.py, in ready()
holds.on_override(remember_override)  # remember_override(held_by, register, lines)
"""

from collections.abc import Callable

from ledger.models import Register
from ledger.sql import checking as sql

listeners: list[Callable[[str, Register, int], None]] = []


def on_override(listener: Callable[[str, Register, int], None]) -> None:
    listeners.append(listener)


def in_the_way(cursor, source: str) -> list[tuple[str, int]]:
    """Who holds what the staged document is about, and how many of its lines: (number, lines) pairs."""
    cursor.execute(sql.HOLDERS, {"source": source})
    return cursor.fetchall()


def tell_holders(register: Register, holders: list[tuple[str, int]]) -> None:
    for held_by, lines in holders:
        for listener in listeners:
            listener(held_by, register, lines)
