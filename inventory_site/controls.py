"""Widgets that fit a phone in a warehouse; components/field.html dresses them."""

from django import forms


class Day(forms.DateInput):
    """The browser's own calendar; it speaks ISO dates whatever the language."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class QuantityInput(forms.TextInput):
    """Digits first on a phone, and no arrows that change a number by accident."""

    def __init__(self, attrs=None):
        super().__init__({"inputmode": "decimal", "autocomplete": "off", "class": "num", **(attrs or {})})


class CodeInput(forms.TextInput):
    """An item, bin or lot code: nothing is corrected, capitalised or remembered."""

    def __init__(self, attrs=None):
        attributes = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", **(attrs or {})}
        super().__init__(attributes)
