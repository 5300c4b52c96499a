"""What people choose when lines leave as a spreadsheet, and when counts come back in one."""

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from counting.exporting import PURPOSES, Layout, Which
from counting.models import Take
from warehouse.exporting import Format
from warehouse.uploads import SpreadsheetField

ROW = re.compile(r"\d{1,9}")


class ExportForm(forms.Form):
    layout = forms.ChoiceField(choices=Layout, initial=Layout.TRUECOUNT, widget=forms.RadioSelect, label=_("For"))
    which = forms.ChoiceField(choices=Which, initial=Which.ALL, widget=forms.RadioSelect, label=_("Lines"))
    format = forms.ChoiceField(
        choices=Format,
        initial=Format.XLSX,
        label=_("File"),
        help_text=_("A workbook keeps lots such as 00392 as they are; Excel changes them when it opens a CSV file."),
    )

    @property
    def layouts(self):
        """The radio button of each layout, with its name and what it is for."""
        return [(button, PURPOSES[Layout(button.data["value"])]) for button in self["layout"]]


class ImportForm(forms.Form):
    file = SpreadsheetField(
        label=_("File"),
        help_text=_("The lines as exported, a count sheet of OpenBoxes, Odoo or ERPNext, or a list of your own."),
    )


class DecisionsForm(forms.Form):
    """Whose count stands, row by row or for all; each row that is shown is a choice of its own name, `take-7`."""

    others = forms.ChoiceField(
        choices=[("", _("Leave open")), *Take.choices], required=False, label=_("All other rows where both counted")
    )
    found = forms.TypedChoiceField(
        choices=[("yes", _("Add them to the count")), ("no", _("Leave them out"))],
        coerce=lambda word: word == "yes",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        label=_("Items that have no line here"),
    )

    def takes(self):
        """{row: decision} of the rows that say one; what is no row or no decision is nobody's wish."""
        said = ((name.removeprefix("take-"), value) for name, value in self.data.items() if name.startswith("take-"))
        return {int(row): Take(take) for row, take in said if ROW.fullmatch(row) and take in Take.values}
