from .activity import Activity, Deed
from .entries import CountEntry, EntryKind, PutAside
from .lines import CountLine, Decision
from .sessions import TRANSITIONS, CountSession, Guard, Status, Uncounted, Undecided, WrongStatus

__all__ = [
    "TRANSITIONS",
    "Activity",
    "CountEntry",
    "CountLine",
    "CountSession",
    "Decision",
    "Deed",
    "EntryKind",
    "Guard",
    "PutAside",
    "Status",
    "Uncounted",
    "Undecided",
    "WrongStatus",
]
