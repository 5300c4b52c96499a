"""What the count page sends. These fields are written by our own page; one that does not fit them is a bad request."""

from datetime import timedelta

from django import forms

MOST = 2**63 - 1
OLDEST = timedelta(days=7)  # an older entry is a clock that went wrong


class AsTyped(forms.Field):
    """Whatever it is: what is wrong with it is said where it was typed, and it is kept."""

    def __init__(self):
        super().__init__(required=False)

    def to_python(self, value):
        return value or ""


class EntryForm(forms.Form):
    """What somebody says about a line. `age` is how long ago, in milliseconds of the device's own clock."""

    client_id = forms.UUIDField()
    begun = forms.IntegerField(min_value=0, max_value=MOST, required=False)
    age = forms.IntegerField(min_value=0, max_value=MOST, required=False)
    quantity = AsTyped()
    unit = forms.CharField(required=False, max_length=20)
    mode = forms.ChoiceField(choices=[("set", "set"), ("add", "add")], required=False)
    step = forms.TypedChoiceField(choices=[("-1", "-1"), ("1", "1")], coerce=int, required=False, empty_value=0)

    def clean_age(self):
        return min(timedelta(milliseconds=min(self.cleaned_data["age"] or 0, 10**12)), OLDEST)


class ScanForm(forms.Form):
    client_id = forms.UUIDField()
    age = EntryForm.base_fields["age"]
    code = AsTyped()
    meant = forms.CharField(required=False, max_length=80)

    clean_age = EntryForm.clean_age


class UnitsForm(forms.Form):
    """Units of one line: those named by `code`, one or many, or all of them."""

    client_id = forms.UUIDField()
    begun = EntryForm.base_fields["begun"]
    age = EntryForm.base_fields["age"]

    clean_age = EntryForm.clean_age


class BurstForm(UnitsForm):
    """Codes as a reader gave them, or as somebody typed them, ranges too; `line` is where they were typed."""

    codes = AsTyped()
    line = forms.IntegerField(min_value=1, max_value=MOST, required=False)


class AmountForm(UnitsForm):
    """How many units there are of an item to which we give the numbers."""

    quantity = AsTyped()
    step = EntryForm.base_fields["step"]


class FoundForm(forms.Form):
    """An item that nobody expected in this bin."""

    client_id = forms.UUIDField()
    code = forms.CharField(required=False, max_length=200)
    item = forms.IntegerField(min_value=1, max_value=MOST)
    variant = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    quantity = forms.CharField(required=False, max_length=200)
    lot = forms.CharField(required=False, max_length=60)
    expiry = forms.DateField(required=False)


class PutAsideForm(forms.Form):
    client_id = forms.UUIDField()
    code = forms.CharField(max_length=200)
    belongs_in = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    note = forms.CharField(required=False, max_length=200)


class BinForm(forms.Form):
    """Something said about a whole bin."""

    client_id = forms.UUIDField()


class UndoForm(forms.Form):
    """`last` is what the page saw as the newest: an entry, or a request that took many lines (`many`)."""

    client_id = forms.UUIDField()
    last = forms.UUIDField()
    many = forms.BooleanField(required=False)
