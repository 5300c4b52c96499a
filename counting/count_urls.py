"""The addresses of the page on which bins are counted."""

from django.urls import path

from counting.views import count, entering, units

urlpatterns = [
    path("", count.entry, name="count-entry"),
    path("bins/", count.bins, name="count-bins"),
    path("lines/", count.lines, name="count-lines"),
    path("lines/<int:line>/", count.line, name="count-line"),
    path("lines/<int:line>/set/", entering.set_quantity, name="count-set"),
    path("lines/<int:line>/step/", entering.step, name="count-step"),
    path("lines/<int:line>/clear/", entering.clear, name="count-clear"),
    path("lines/<int:line>/units/", units.listed, name="count-line-units"),
    path("lines/<int:line>/units/back/", units.take_units_back, name="count-take-back"),
    path("lines/<int:line>/units/all/", units.all_are_present, name="count-all-present"),
    path("lines/<int:line>/units/none/", units.none_are_here, name="count-none-here"),
    path("lines/<int:line>/units/quantity/", units.amount, name="count-units-quantity"),
    path("units/", units.burst, name="count-burst"),
    path("units/undo/", units.undo_burst, name="count-burst-undo"),
    path("scan/", entering.scan, name="count-scan"),
    path("undo/", entering.undo, name="count-undo"),
    path("found/", entering.found, name="count-found"),
    path("put-aside/", entering.put_aside, name="count-put-aside"),
    path("empty/", entering.empty, name="count-empty"),
    path("expected/", entering.as_expected, name="count-as-expected"),
    path("finish/", entering.finish, name="count-finish"),
]
