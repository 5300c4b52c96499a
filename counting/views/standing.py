"""How a count stands: what its own page, its review and its completion all begin with."""

from functools import cached_property

from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from counting.figures import Progress, stage_of
from counting.models import Status, Uncounted
from counting.policies import Policies, in_words
from counting.reversing import REVERSES, documents_of, is_reversed, reversals
from counting.uncounted import zeros_to_come
from counting.unit_differences import lines_that_hide
from counting.views.access import sees_evidence_of, sees_values
from inventory_site.templatetags.truecount import moment, money, quantity


class SessionPage:
    """What a page of a session shows; a partial pays only for what it draws."""

    def __init__(self, request, session):
        self.request, self.session = request, session
        self.show_values = sees_values(request.user) and not session.closed
        self.judged = sees_evidence_of(request.user, session)

    @cached_property
    def totals(self):
        totals = self.session.lines.totals(self.doubtful)
        return totals | {"matched_lines": totals["matched_lines"] - len(self.hiding)}

    @cached_property
    def doubtful(self):
        """The keys of the lines that are to be decided on though they may match: their books were corrected since, or
        their units are others than the books say."""
        return [*self.corrected, *self.hiding]

    @cached_property
    def hiding(self):
        """The keys of lines of units that match in number alone."""
        return lines_that_hide(self.session)

    @cached_property
    def corrected(self):
        """The keys of the lines that were corrected after they were counted, while that can change what is posted."""
        if not self.session.is_open:
            return []
        return list(self.session.lines.corrected_since(self.session).values_list("pk", flat=True))

    @cached_property
    def progress(self):
        totals = self.totals
        return Progress(
            totals["all_lines"], totals["counted_lines"], totals["matched_lines"], totals["recounts_of_counted"]
        )

    @cached_property
    def zeros(self):
        """What the end of counting would take as zero; None where it takes nothing."""
        return zeros_to_come(self.session) if self.session.status == Status.DRAFT else None

    @property
    def uncounted_in_the_way(self):
        """How many lines keep the counting from ending."""
        if self.session.status != Status.DRAFT:
            return 0
        if self.session.uncounted == Uncounted.REQUIRED:
            return self.progress.uncounted
        return self.zeros.moved if self.zeros else 0

    @property
    def what_becomes_of_uncounted(self):
        """In a sentence, for the warning before the counting ends; blank where nothing is left."""
        lines = self.progress.uncounted
        if not lines or self.session.status != Status.DRAFT:
            return ""
        if self.zeros is None:
            return uncounted_sentence(self.session, lines)
        sentences = [zero_sentence(self.zeros, self.judged, self.show_values)] if self.zeros.lines else []
        if self.zeros.moved:
            sentences.append(moved_sentence(self.zeros.moved))
        return " ".join(sentences)

    @property
    def policies(self):
        return in_words(Policies.of(self.session))

    @property
    def stage(self):
        return stage_of(self.session, self.progress)

    @property
    def stages(self):
        return stages_of(self.session, self.progress)

    @property
    def documents(self):
        """What the count has posted, in that order."""
        return documents_of(self.session)[::-1]

    @cached_property
    def reversals(self):
        """The documents that took back what this count has posted, or a part of it."""
        return list(reversals(self.session)) if self.session.status == Status.COMPLETED else []

    @cached_property
    def is_reversed(self):
        return bool(self.reversals) and is_reversed(self.session)

    @cached_property
    def may_reverse(self):
        posted = self.session.status == Status.COMPLETED and documents_of(self.session)
        return bool(posted) and self.request.user.has_perms(REVERSES) and not self.is_reversed


def uncounted_sentence(session, lines):
    if session.uncounted == Uncounted.REQUIRED:
        said = ngettext(
            "%s line is not counted. All must be counted before the review can begin.",
            "%s lines are not counted. All must be counted before the review can begin.",
            lines,
        )
    elif session.uncounted == Uncounted.EXPECTED:
        said = ngettext(
            "%s line is not touched. It counts as found as the books say when the counting ends.",
            "%s lines are not touched. They count as found as the books say when the counting ends.",
            lines,
        )
    else:
        said = ngettext(
            "%s line is not counted. It stays as it is: nothing is posted for it.",
            "%s lines are not counted. They stay as they are: nothing is posted for them.",
            lines,
        )
    return said % quantity(lines)


def zero_sentence(zeros, judged, show_values):
    said = ngettext(
        "%s line is not counted, and becomes zero when the counting ends.",
        "%s lines are not counted, and become zero when the counting ends.",
        zeros.lines,
    ) % quantity(zeros.lines)
    if not judged:
        return said
    if not show_values:
        return _("%(said)s The book has %(units)s units there.") % {"said": said, "units": quantity(zeros.units)}
    figures = {"said": said, "units": quantity(zeros.units), "value": money(zeros.value)}
    return _("%(said)s The book has %(units)s units there, worth %(value)s.") % figures


def moved_sentence(lines):
    return ngettext(
        "%s line that is not counted has moved since the opening: it must be counted first.",
        "%s lines that are not counted have moved since the opening: they must be counted first.",
        lines,
    ) % quantity(lines)


def stages_of(session, progress):
    """DRAFT, COUNTED, COMPLETED as components/stages.html takes them."""
    if session.status == Status.CANCELLED:
        return [
            {"label": pgettext("stage", "DRAFT"), "note": opened_note(session), "state": "done"},
            {"label": pgettext("stage", "CANCELLED"), "note": moment(session.ended_at), "state": "current"},
        ]
    drawn = {Status.DRAFT: 0, Status.COUNTED: 1, Status.COMPLETED: 3}[session.status]
    labels = [pgettext("stage", "DRAFT"), pgettext("stage", "COUNTED"), pgettext("stage", "COMPLETED")]
    notes = [opened_note(session), counted_note(session, progress), completed_note(session)]
    return [
        {"label": label, "note": note, "state": "done" if place < drawn else "current" if place == drawn else ""}
        for place, (label, note) in enumerate(zip(labels, notes, strict=True))
    ]


def opened_note(session):
    said = "{}" if session.status != Status.DRAFT else _("since {}")
    return format_html(said, moment(session.opened_at))


def counted_note(session, progress):
    if session.is_posting:
        return _("Posting")
    if session.status == Status.COUNTED:
        return _("In review")
    if session.status == Status.DRAFT:
        return ngettext("%s line left", "%s lines left", progress.left) % quantity(progress.left)
    return moment(session.marked_at)


def completed_note(session):
    return moment(session.ended_at) if session.status == Status.COMPLETED else _("not yet")
