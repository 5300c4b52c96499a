from .entries import ItemLedgerEntry, StockValue, ValueEntry, WarehouseEntry
from .imports import FileImport, ImportFile, ImportQuerySet, ImportStatus, StockImport
from .registers import EFFECT_OF_KIND, POSTED_BY_COUNTS, Direction, Effect, Kind, Reason, Register

__all__ = [
    "EFFECT_OF_KIND",
    "POSTED_BY_COUNTS",
    "Direction",
    "Effect",
    "FileImport",
    "ImportFile",
    "ImportQuerySet",
    "ImportStatus",
    "ItemLedgerEntry",
    "Kind",
    "Reason",
    "Register",
    "StockImport",
    "StockValue",
    "ValueEntry",
    "WarehouseEntry",
]
