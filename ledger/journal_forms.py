"""What people type into journals, cleaned into what is kept. Whether it can be posted, ledger.resolving says."""

from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inventory_site.controls import Day
from inventory_site.figures import typed
from ledger.forms import CostField, OwnLocationField
from ledger.journal_kinds import JOURNALS
from ledger.models import EntryType, JournalBatch, JournalKind, Reason, StandardJournal
from warehouse.finding import each_of, find_bin, find_item
from warehouse.models import BinKind, ItemVariant, Location
from warehouse.quantities import parse_quantity
from warehouse.uploads import SpreadsheetField

MOST_TYPED = 200_000  # characters of codes in one line, and of a block that is pasted
MINUS = ("-", "\u2212")


def signed_quantity(text: str, *, mark: str | None = None) -> Decimal:
    """A quantity as anywhere, and with a minus one of less than nothing."""
    text = text.strip()
    sign = -1 if text.startswith(MINUS) else 1
    return sign * parse_quantity(text[1:] if sign < 0 else text, mark=mark).quantity


class SignedField(forms.CharField):
    def clean(self, value):
        text = super().clean(value)
        return signed_quantity(text) if text else None


class HeadForm(forms.Form):
    """What a journal says on its document; it can be changed."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Such as “Breakage, week 47”."))
    posting_date = forms.DateField(label=_("Posting date"), widget=Day())
    reason = forms.ModelChoiceField(
        label=_("Reason"),
        queryset=Reason.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("none: the books were wrong"),
        help_text=_("It says whether goods really moved or only the books were wrong, and counts go by that."),
    )
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def clean_posting_date(self):
        day = self.cleaned_data["posting_date"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("The posting date is today or earlier."), "future")
        return day

    @staticmethod
    def head_of(batch: JournalBatch):
        """What stands in the form of a journal that is there."""
        return {
            "name": batch.name,
            "posting_date": batch.posting_date,
            "reason": batch.reason and batch.reason.code,
            "note": batch.note,
        }


class OpenForm(HeadForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=[(kind, kind.label) for kind in JournalKind if kind in JOURNALS])
    location = OwnLocationField(label=_("Location"))
    to_location = forms.ModelChoiceField(
        label=_("To location"),
        queryset=Location.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("the same"),
        help_text=_("Only an item reclassification journal can go to another one."),
    )
    field_order = ["kind", "location", "to_location", "name", "posting_date", "reason", "note"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("location", "to_location"):
            self.fields[name].queryset = Location.objects.visible_to(user).active()


class LineForm(forms.Form):
    """One line. Texts are kept as they are typed; numbers and dates must be such."""

    item = forms.CharField(label=_("Item"), max_length=200, required=False)
    variant = forms.CharField(label=_("Variant"), max_length=20, required=False)
    entry_type = forms.ChoiceField(label=_("In or out"), choices=EntryType, required=False)
    bin = forms.CharField(label=_("Bin"), max_length=100, required=False)
    new_bin = forms.CharField(label=_("To bin"), max_length=100, required=False)
    lot = forms.CharField(label=_("Lot"), max_length=60, required=False)
    expiration_date = forms.DateField(label=_("Expires"), required=False, widget=Day())
    unit = forms.CharField(label=_("Units"), max_length=MOST_TYPED, required=False)
    new_variant = forms.CharField(label=_("New variant"), max_length=20, required=False)
    new_lot = forms.CharField(label=_("New lot"), max_length=60, required=False)
    new_expiration_date = forms.DateField(label=_("Expires then"), required=False, widget=Day())
    new_unit = forms.CharField(label=_("New units"), max_length=MOST_TYPED, required=False)
    quantity = SignedField(label=_("Quantity"), max_length=61, required=False)
    unit_of_measure = forms.CharField(label=_("Unit of measure"), max_length=60, required=False)
    unit_cost = CostField(label=_("Cost per base unit"), required=False, max_length=40)

    def __init__(self, *args, columns, **kwargs):
        super().__init__(*args, use_required_attribute=False, **kwargs)
        self.fields = {name: self.fields[name] for name in columns}

    def clean_entry_type(self):
        return self.cleaned_data["entry_type"] or EntryType.POSITIVE

    @property
    def is_blank(self):
        """Nothing was typed: which way is not worth a line."""
        return not any(self[name].data for name in self.fields if name != "entry_type")

    @staticmethod
    def shown(line, columns):
        """What stands in the fields of a line that is kept."""
        values = {name: getattr(line, name) for name in columns}
        return {name: typed(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def columns_for(batch: JournalBatch, user) -> list[str]:
    """The columns that this person needs: no bins where there are none, no money for those who do not see it."""
    columns = list(JOURNALS[batch.kind].columns)
    unneeded = set()
    if not user.has_perm("ledger.view_valueentry"):
        unneeded.add("unit_cost")
    for name, location in (("bin", batch.location), ("new_bin", batch.to_location or batch.location)):
        if not location.bins.filter(kind=BinKind.STORAGE).exists():
            unneeded.add(name)
    if not ItemVariant.objects.exists():
        unneeded |= {"variant", "new_variant"}
    return [name for name in columns if name not in unneeded]


class AddForm(forms.Form):
    """Lines from elsewhere: a file, or a block that was copied out of a spreadsheet."""

    text = forms.CharField(
        label=_("Cells from a spreadsheet"),
        required=False,
        strip=False,
        max_length=MOST_TYPED,
        widget=forms.Textarea(attrs={"rows": 6, "class": "code"}),
        help_text=_("Copy them there and paste them here. Without a row of names, columns are those of the journal."),
    )
    file = SpreadsheetField(label=_("File"), required=False, help_text=_("CSV or Excel, with names over its columns."))

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned.get("file") and not (cleaned.get("text") or "").strip():
            raise forms.ValidationError(_("Paste something, or choose a file."), "required")
        return cleaned


class BinContentForm(forms.Form):
    """Of which bins, and of which items, everything becomes a line."""

    bins = forms.CharField(label=_("Bins"), max_length=MOST_TYPED, help_text=_("Numbers with commas between them."))
    items = forms.CharField(
        label=_("Items"),
        required=False,
        max_length=MOST_TYPED,
        help_text=_("Numbers or bar codes with commas between them. Blank: every item."),
    )

    def __init__(self, *args, batch, **kwargs):
        super().__init__(*args, **kwargs)
        self.batch = batch

    def clean_bins(self):
        return each_of(self.cleaned_data["bins"], lambda text: [find_bin(text, location=self.batch.location)])

    def clean_items(self):
        return each_of(self.cleaned_data["items"], lambda text: [find_item(text).item])


class SaveStandardForm(forms.Form):
    code = forms.CharField(label=_("Code"), max_length=20)
    name = forms.CharField(label=_("Name"), max_length=100, required=False)
    with_quantities = forms.BooleanField(label=_("Save quantities"), required=False)
    with_costs = forms.BooleanField(label=_("Save costs"), required=False)
    overwrite = forms.BooleanField(label=_("Replace the lines that the code has"), required=False)


class GetStandardForm(forms.Form):
    journal = forms.ModelChoiceField(
        label=_("Standard journal"), queryset=StandardJournal.objects.none(), to_field_name="code", empty_label=None
    )

    def __init__(self, *args, kind, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["journal"].queryset = StandardJournal.objects.filter(kind=kind)


def fresh_head(user, **asked):
    """A new journal, before anything is typed."""
    usual = Location.objects.usual_for(user)
    return {"posting_date": timezone.localdate(), "location": usual and usual.code, **asked}
