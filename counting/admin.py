"""Counts to look at, with the verbs of their pages as actions; and the schedules of the jobs."""

from django.contrib import admin, messages
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_celery_beat import admin as beat
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from counting import completing, review
from counting.models import Activity, CountEntry, CountLine, CountSession, PutAside, SearchTask
from counting.unit_differences import read_once
from inventory_site.admin import PickFilter, ReadOnlyAdmin, SiteAdmin
from inventory_site.errors import DomainError
from inventory_site.templatetags.truecount import signed_money

PROBLEMS_SHOWN = 3


@admin.register(CountSession)
class CountSessionAdmin(ReadOnlyAdmin):
    """Nothing of a session is edited: actions call the verbs, and say for each session how it went."""

    location_paths = ("location",)
    tells_quantities = True
    list_display = ["number", "name", "location", "status", "round", "opened_by", "opened_at", "ended_at", "adjustment"]
    list_display_links = ["number", "name"]
    list_select_related = ["location", "opened_by", "adjustment"]
    list_filter = ["status", ("location", PickFilter), "opened_at"]
    search_fields = ["=number", "name"]
    actions = ["mark_counted", "reopen", "ask_to_complete", "cancel"]

    def has_review_permission(self, request):
        return request.user.has_perm("counting.review_countsession")

    def has_complete_permission(self, request):
        return request.user.has_perm("counting.complete_countsession")

    @admin.action(description=_("Mark as counted"), permissions=["review"])
    def mark_counted(self, request, sessions):
        def mark(session):
            review.mark_counted(session, by=request.user, at=timezone.now())
            return _("counted, ready for review.")

        report_each(request, sessions, mark)

    @admin.action(description=_("Back to counting"), permissions=["review"])
    def reopen(self, request, sessions):
        def reopen(session):
            review.reopen(session, by=request.user, at=timezone.now())
            return _("open for counting again.")

        report_each(request, sessions, reopen)

    @admin.action(description=_("Complete: post the adjustments"), permissions=["complete"])
    def ask_to_complete(self, request, sessions):
        def ask(session):
            with read_once(session):
                figures = completing.digest(session)
                completing.ask_to_complete(session, by=request.user, at=timezone.now(), confirmed=figures)
            lines = ngettext("%d line to adjust", "%d lines to adjust", figures.lines) % figures.lines
            return _("being completed, %(lines)s, value %(value)s.") % {
                "lines": lines,
                "value": signed_money(figures.value),
            }

        report_each(request, sessions, ask)

    @admin.action(description=_("Cancel: end without posting"), permissions=["review"])
    def cancel(self, request, sessions):
        def cancel(session):
            review.cancel(session, by=request.user, at=timezone.now())
            return _("cancelled; what was counted is kept.")

        report_each(request, sessions, cancel)


def report_each(request, sessions, verb):
    """One message for each session: what became of it, or why not."""
    for session in sessions.order_by("pk"):
        try:
            said, level = verb(session), messages.SUCCESS
        except DomainError as error:
            said, level = in_words(error), messages.ERROR
        messages.add_message(request, level, f"{session.number}: {said}")


def in_words(error):
    problems = [problem["message"] for problem in getattr(error, "problems", [])]
    more = ["…"] if len(problems) > PROBLEMS_SHOWN else []
    return " ".join([*error.messages, *problems[:PROBLEMS_SHOWN], *more])


@admin.register(CountLine)
class CountLineAdmin(ReadOnlyAdmin):
    location_paths = ("session__location",)
    tells_quantities = True
    list_display = ["session", "bin", "item", "lot", "book_quantity", "counted_quantity", "discrepancy", "decision"]
    list_select_related = ["session", "quant__bin", "quant__item", "quant__lot"]
    list_filter = [("session", PickFilter), "decision", "disturbed", "recount_asked", "superseded"]
    search_fields = ["=session__number", "=quant__bin__code", "=quant__item__number"]

    @admin.display(description=_("bin"))
    def bin(self, line):
        return line.quant.bin

    @admin.display(description=_("item"))
    def item(self, line):
        return line.quant.item

    @admin.display(description=_("lot"))
    def lot(self, line):
        return line.quant.lot


@admin.register(CountEntry)
class CountEntryAdmin(ReadOnlyAdmin):
    location_paths = ("line__session__location",)
    tells_quantities = True
    list_display = ["session", "bin", "item", "round", "kind", "quantity", "counted_at", "by"]
    list_select_related = ["line__session", "line__quant__bin", "line__quant__item", "by"]
    list_filter = [("line__session", PickFilter), "kind", ("by", PickFilter)]
    search_fields = ["=line__session__number", "=line__quant__bin__code", "=line__quant__item__number"]
    ordering = ["-pk"]

    @admin.display(description=_("session"))
    def session(self, entry):
        return entry.line.session

    @admin.display(description=_("bin"))
    def bin(self, entry):
        return entry.line.quant.bin

    @admin.display(description=_("item"))
    def item(self, entry):
        return entry.line.quant.item


@admin.register(PutAside)
class PutAsideAdmin(ReadOnlyAdmin):
    location_paths = ("session__location",)
    list_display = ["code", "session", "bin", "by", "at", "settled_at"]
    list_select_related = ["session", "bin", "by"]
    list_filter = [("session", PickFilter)]
    search_fields = ["=code", "=session__number"]


@admin.register(SearchTask)
class SearchTaskAdmin(ReadOnlyAdmin):
    location_paths = ("session__location",)
    tells_quantities = True
    list_display = ["unit", "item", "session", "last_bin", "state", "due_on", "assigned_to", "ended_by_document"]
    list_select_related = ["unit__item", "session", "last_bin", "assigned_to", "ended_by_document"]
    list_filter = ["state", "due_on", ("session", PickFilter)]
    search_fields = ["=unit__code", "=session__number"]
    ordering = ["due_on", "pk"]

    @admin.display(description=_("item"))
    def item(self, task):
        return task.unit.item


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    location_paths = ("session__location",)
    tells_quantities = True
    list_display = ["session", "deed", "by", "at", "lines", "note"]
    list_select_related = ["session", "by"]
    list_filter = [("session", PickFilter), "deed", ("by", PickFilter)]
    search_fields = ["=session__number"]
    ordering = ["-pk"]


# Schedules, in the clothes of this site.

SCHEDULES = [ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule]
admin.site.unregister(SCHEDULES)


class TaskChoice(beat.TaskSelectWidget, UnfoldAdminSelectWidget):
    pass


class PeriodicTaskForm(beat.PeriodicTaskForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "regtask" in self.fields:
            self.fields["regtask"].widget = TaskChoice()
            self.fields["task"].widget = UnfoldAdminTextInputWidget()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(beat.PeriodicTaskAdmin, SiteAdmin):
    form = PeriodicTaskForm
    date_hierarchy = None
    autocomplete_fields = ["interval", "crontab", "solar", "clocked"]


class ScheduleAdmin(SiteAdmin):
    search_fields = ["pk"]


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(beat.CrontabScheduleAdmin, ScheduleAdmin):
    inlines = []
    search_fields = ["=minute", "=hour"]


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(ScheduleAdmin):
    list_display = ["every", "period"]
    search_fields = ["=every", "period"]


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(ScheduleAdmin):
    list_display = ["clocked_time"]
    search_fields = ["clocked_time"]


@admin.register(SolarSchedule)
class SolarScheduleAdmin(ScheduleAdmin):
    list_display = ["event", "latitude", "longitude"]
    search_fields = ["event"]
