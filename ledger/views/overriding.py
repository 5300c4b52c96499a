"""Posting in spite of a hold: who holds is named with a link, and those who may are asked why it is posted anyway."""

from django.utils.functional import cached_property

from ledger.forms import OverrideForm
from ledger.posting import OVERRIDES
from warehouse.holders import holders


class Override:
    """What the page of a document knows about holds; it takes part in a view's form by `reason` and `met`."""

    def __init__(self, request):
        self.user, self.data = request.user, request.POST
        self.may = request.user.has_perm(OVERRIDES)
        self.asked = self.may and "anyway" in request.POST
        self.blockers = set()

    @cached_property
    def form(self):
        return OverrideForm(self.data if self.asked else None)

    @cached_property
    def reason(self):
        """Blank where nobody asks, and where no reason is given: then the hold refuses again."""
        return self.form.cleaned_data["override"] if self.asked and self.form.is_valid() else ""

    def met(self, error):
        """Take in what posting refused."""
        for line_error in getattr(error, "errors", ()):
            self.blockers.update(line_error.blockers)

    @property
    def holders(self):
        return holders(self.user, self.blockers)
