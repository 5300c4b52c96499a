"""The addresses of the page on which bins are counted."""

from django.urls import path

from counting.views import count, entering

urlpatterns = [
    path("", count.entry, name="count-entry"),
    path("bins/", count.bins, name="count-bins"),
    path("lines/", count.lines, name="count-lines"),
    path("lines/<int:line>/", count.line, name="count-line"),
    path("lines/<int:line>/set/", entering.set_quantity, name="count-set"),
    path("lines/<int:line>/step/", entering.step, name="count-step"),
    path("lines/<int:line>/clear/", entering.clear, name="count-clear"),
    path("scan/", entering.scan, name="count-scan"),
    path("undo/", entering.undo, name="count-undo"),
    path("found/", entering.found, name="count-found"),
    path("put-aside/", entering.put_aside, name="count-put-aside"),
    path("empty/", entering.empty, name="count-empty"),
    path("expected/", entering.as_expected, name="count-as-expected"),
    path("finish/", entering.finish, name="count-finish"),
]
