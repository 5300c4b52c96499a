"""How labels are to be printed (the address is the state), and what people decide for themselves."""

from functools import cache
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from warehouse.labels import PAPERS
from warehouse.models import User
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


class UnitLabelForm(LabelForm):
    initially = {**LabelForm.initially, "paper": "2x7", "symbology": Symbology.QR}


NOT_CHOSEN = "auto"


def chosen(value):
    return "" if value == NOT_CHOSEN else value


class ProfileForm(forms.ModelForm):
    """What people decide themselves about how Truecount speaks to them."""

    language = forms.TypedChoiceField(label=_("Language"), widget=forms.RadioSelect, coerce=chosen)
    time_zone = forms.TypedChoiceField(label=_("Time zone"), coerce=chosen)

    class Meta:
        model = User
        fields = ["language", "time_zone"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [(NOT_CHOSEN, _("As the browser says")), *settings.LANGUAGES]
        site = _("As the site: %(zone)s") % {"zone": settings.TIME_ZONE}
        self.fields["time_zone"].choices = [(NOT_CHOSEN, site), *zones_by_continent()]
        for name in self.fields:
            self.initial[name] = self.initial[name] or NOT_CHOSEN


@cache
def zones_by_continent() -> list[tuple[str, list[tuple[str, str]]]]:
    """[("Europe", [("Europe/Berlin", "Berlin"), ...]), ...]: what the machine knows, without its old names."""
    continents = {}
    for name in sorted(available_timezones()):
        continent, slash, place = name.partition("/")
        if slash and continent not in ("Etc", "SystemV", "US"):
            continents.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return list(continents.items())
