from .entries import ItemLedgerEntry, StockValue, ValueEntry, WarehouseEntry
from .registers import EFFECT_OF_KIND, Effect, Kind, Reason, Register

__all__ = [
    "EFFECT_OF_KIND",
    "Effect",
    "ItemLedgerEntry",
    "Kind",
    "Reason",
    "Register",
    "StockValue",
    "ValueEntry",
    "WarehouseEntry",
]
