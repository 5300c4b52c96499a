from .entries import CountEntry, EntryKind, PutAside
from .lines import CountLine, Decision
from .sessions import TRANSITIONS, CountSession, Status, WrongStatus

__all__ = [
    "TRANSITIONS",
    "CountEntry",
    "CountLine",
    "CountSession",
    "Decision",
    "EntryKind",
    "PutAside",
    "Status",
    "WrongStatus",
]
