"""What an address or a hidden field asks for. Our pages write them; anybody can send something else."""

MOST_DIGITS = 18  # of a key of the database


def whole_number(text: str) -> int | None:
    """A key, or the number of a page; None where the text is no such number, or has more digits than any key."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None
