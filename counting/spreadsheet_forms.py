"""What people choose when lines leave as a spreadsheet, and when counts come back in one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from counting.exporting import Layout, Which
from warehouse.exporting import Format


class ExportForm(forms.Form):
    layout = forms.ChoiceField(
        choices=Layout,
        initial=Layout.TRUECOUNT,
        widget=forms.RadioSelect,
        label=_("For"),
        help_text=_("Files for Odoo and ERPNext hold counted lines only: there, a blank would be a zero."),
    )
    which = forms.ChoiceField(choices=Which, initial=Which.ALL, widget=forms.RadioSelect, label=_("Lines"))
    format = forms.ChoiceField(
        choices=Format,
        initial=Format.XLSX,
        label=_("File"),
        help_text=_("A workbook keeps lots such as 00392 as they are; Excel changes them when it opens a CSV file."),
    )
