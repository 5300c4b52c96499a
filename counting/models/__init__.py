from .activity import Activity, Deed
from .entries import CountEntry, EntryKind, PutAside
from .lines import CountLine, Decision
from .requests import RecountRequest
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
    "RecountRequest",
    "Status",
    "Uncounted",
    "Undecided",
    "WrongStatus",
]
