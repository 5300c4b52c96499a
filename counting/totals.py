"""The numbers and sums of a review, from the few kinds of lines that it tells apart."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Kind:
    """Lines that a review does not tell apart: how many, with which sums."""

    side: int | None  # of their discrepancy; None: not counted
    disturbed: bool
    decision: str
    recount_asked: bool
    was_corrected: bool
    lines: int
    found: int
    zeroed: int
    verified: int
    units: Decimal | None
    value: Decimal | None

    @property
    def is_counted(self):
        return self.side is not None

    @property
    def is_undecided(self):
        return self.is_counted and self.decision == "open" and not self.recount_asked

    @property
    def is_doubtful(self):
        return bool(self.side) or self.disturbed or self.was_corrected

    @property
    def is_notable(self):
        return (
            bool(self.side)
            or self.recount_asked
            or self.decision == "left_out"
            or (self.disturbed and self.is_counted)
            or self.was_corrected
        )


def added_up(kinds):
    """The numbers and sums of a review by their names."""

    def lines(which=lambda kind: True, of="lines"):
        return sum(getattr(kind, of) for kind in kinds if which(kind))

    more, less = ([kind for kind in kinds if kind.side == side] for side in (1, -1))
    return {
        "all_lines": lines(),
        "counted_lines": lines(lambda kind: kind.is_counted),
        "matched_lines": lines(lambda kind: kind.side == 0),
        "disturbed_lines": lines(lambda kind: kind.is_counted and kind.disturbed),
        "undecided_lines": lines(lambda kind: kind.is_undecided and kind.is_doubtful),
        "notable_lines": lines(lambda kind: kind.is_notable),
        "unsettled_lines": lines(lambda kind: kind.is_undecided and kind.disturbed),
        "undecided_zeros": lines(lambda kind: kind.is_undecided and kind.side == -1, "zeroed"),
        "recount_lines": lines(lambda kind: kind.recount_asked),
        "recounts_of_counted": lines(lambda kind: kind.recount_asked and kind.is_counted),
        "accepted_lines": lines(lambda kind: kind.decision == "accepted"),
        "left_out_lines": lines(lambda kind: kind.decision == "left_out"),
        "added_lines": lines(of="found"),
        "zeroed_lines": lines(of="zeroed"),
        "verified_lines": lines(of="verified"),
        "found_lines": sum(kind.lines for kind in more),
        "found_units": sum((kind.units for kind in more), Decimal(0)),
        "found_value": sum((kind.value for kind in more), Decimal(0)),
        "missing_lines": sum(kind.lines for kind in less),
        "missing_units": sum((kind.units for kind in less), Decimal(0)),
        "missing_value": sum((kind.value for kind in less), Decimal(0)),
    }
