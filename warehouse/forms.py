"""How labels are to be printed; the address is the state."""

from django import forms
from django.utils.translation import gettext_lazy as _

from warehouse.labels import PAPERS
from warehouse.symbols import Symbology

MOST_COPIES = 20


class LabelForm(forms.Form):
    paper = forms.ChoiceField(label=_("Paper"))
    symbology = forms.ChoiceField(choices=Symbology, label=_("Bar code"))
    start = forms.IntegerField(
        min_value=1, label=_("First label"), help_text=_("Of a sheet that has been begun: where the first free one is.")
    )
    copies = forms.IntegerField(min_value=1, max_value=MOST_COPIES, label=_("Of each"))

    initially = {"paper": "3x8", "symbology": Symbology.CODE_128, "start": 1, "copies": 1}

    def __init__(self, data):
        """What the address does not say is as `initially`."""
        said = {name: data[name] for name in self.base_fields if data.get(name)}
        super().__init__({**self.initially, **said})
        self.fields["paper"].choices = [(paper.key, paper.name) for paper in PAPERS.values()]

    def printing(self):
        """(paper, copies, first label, what else a label is made by)."""
        how = dict(self.cleaned_data)
        return how.pop("paper"), how.pop("copies"), how.pop("start"), how

    def clean_paper(self):
        return PAPERS[self.cleaned_data["paper"]]

    def clean(self):
        paper, start = self.cleaned_data.get("paper"), self.cleaned_data.get("start")
        if paper and start and start > paper.size and not paper.is_roll:
            self.add_error("start", _("This paper has %s labels a sheet.") % paper.size)
        if paper and paper.is_roll:
            self.cleaned_data["start"] = 1
        return self.cleaned_data


class BinLabelForm(LabelForm):
    symbology = forms.ChoiceField(
        choices=[(one.value, one.label) for one in (Symbology.CODE_128, Symbology.QR)], label=_("Bar code")
    )


class ItemLabelForm(LabelForm):
    codes = forms.ChoiceField(
        choices=[("number", _("its number")), ("each", _("each of its bar codes"))], label=_("It says")
    )
    initially = {**LabelForm.initially, "codes": "number"}


class LotLabelForm(LabelForm):
    initially = {**LabelForm.initially, "paper": "2x7", "symbology": Symbology.GS1_128}
