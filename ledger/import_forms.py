"""What people hand in, and what they decide about it."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ledger.importing import MAX_FILES, TooManyFiles
from ledger.models import StockImport
from warehouse.models import Location
from warehouse.uploads import SpreadsheetField


class FilesInput(forms.ClearableFileInput):
    template_name = "django/forms/widgets/file.html"
    allow_multiple_selected = True


class FilesField(SpreadsheetField):
    """Several files; cleans to SourceFiles."""

    widget = FilesInput

    def clean(self, data, initial=None):
        uploads = data if isinstance(data, list | tuple) else [data]
        if len(uploads) > MAX_FILES:  # before any of them is read
            raise TooManyFiles(limit=MAX_FILES)
        return [super(FilesField, self).clean(upload, initial) for upload in uploads or [None]]


class PlaceField(forms.ChoiceField):
    """Needed before anything is imported, but not before something else is decided."""

    def validate(self, value):
        if value:
            super().validate(value)


class HandInForm(forms.Form):
    files = FilesField(label=_("Files"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        hint = _("CSV or Excel (.xlsx), up to %(limit)s at once: locations, bins, items and stock, in any order.")
        self.fields["files"].help_text = hint % {"limit": MAX_FILES}


class DecisionsForm(forms.Form):
    """Where each stock file lies that does not say, and which of the unknown locations shall be made."""

    def __init__(self, data=None, *, stock_import: StockImport, user):
        super().__init__(data)
        self.summary, choices = stock_import.summary, stock_import.choices
        self.chosen = choices.get("create_locations", ())
        places = self.places(user)
        for number, file in enumerate(self.summary["files"]):
            if file["needs_location"]:
                self.fields[f"location_{number}"] = PlaceField(
                    label=_("%(file)s lies at") % {"file": file["name"]},
                    choices=[("", _("choose")), *places],
                    initial=choices.get("locations", {}).get(file["name"], ""),
                )
        offered = {**self.summary["unknown_locations"], **dict.fromkeys(self.chosen)}
        if offered:
            self.fields["create"] = forms.MultipleChoiceField(
                label=_("Nobody knows these locations. Create"),
                choices=[(name, bins_of(name, bins)) for name, bins in sorted(offered.items())],
                required=False,
                initial=self.chosen,
                widget=forms.CheckboxSelectMultiple,
                help_text=_("Bins of a location that is not created are left out."),
            )

    def places(self, user):
        known = list(Location.objects.visible_to(user).active().values_list("code", "name"))
        # By name, whether it is to be made or not: its code comes and goes with the decision.
        offered = {*self.summary["unknown_locations"], *self.chosen}
        new = [(code, name) for code, name in self.summary["new_locations"].items() if name not in offered]
        return sorted({*known, *new, *((name, name) for name in offered)}, key=lambda place: place[1])

    @property
    def locations(self) -> dict[str, str]:
        chosen = {
            file["name"]: self.cleaned_data.get(f"location_{number}", "")
            for number, file in enumerate(self.summary["files"])
        }
        return {name: location for name, location in chosen.items() if location}

    @property
    def create_locations(self) -> list[str]:
        return self.cleaned_data.get("create", [])


def bins_of(name, bins):
    if not bins:
        return name
    return ngettext("%(name)s (%(bins)s bin)", "%(name)s (%(bins)s bins)", bins) % {"name": name, "bins": bins}
