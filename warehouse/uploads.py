"""The field in which a spreadsheet is handed in."""

from django import forms
from django.utils.translation import gettext_lazy as _

from warehouse.spreadsheets import MAX_BYTES, SourceFile

ACCEPTED = ".csv,.txt,.tsv,.xlsx"
LONGEST_NAME = 200


class SpreadsheetField(forms.FileField):
    """Cleans to a SourceFile; an empty one is for the reader to name."""

    widget = forms.FileInput
    default_error_messages = {"too_large": _("%(name)s is larger than 30 MB. Split it.")}

    def __init__(self, **options):
        super().__init__(**{"allow_empty_file": True, "max_length": LONGEST_NAME, **options})

    def widget_attrs(self, widget):
        return {**super().widget_attrs(widget), "accept": ACCEPTED}

    def clean(self, data, initial=None):
        upload = super().clean(data, initial)
        if not upload:
            return None
        if upload.size > MAX_BYTES:
            raise forms.ValidationError(self.error_messages["too_large"], "too_large", {"name": upload.name})
        return SourceFile(upload.name[:LONGEST_NAME], upload.read())
