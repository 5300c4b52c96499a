from django.urls import path

from ledger.views import journals, standard_journals

urlpatterns = [
    path("", journals.journals, name="journals"),
    path("new/", journals.journal_new, name="journal-new"),
    path("standard/", standard_journals.standard_journals, name="standard-journals"),
    path("standard/<int:pk>/", standard_journals.standard_journal, name="standard-journal"),
    path("standard/<int:pk>/delete/", standard_journals.delete, name="standard-journal-delete"),
    path("<int:pk>/", journals.journal, name="journal"),
    path("<int:pk>/scan/", journals.journal_scan, name="journal-scan"),
    path("<int:pk>/add/", journals.journal_add, name="journal-add"),
    path("<int:pk>/bins/", journals.journal_bins, name="journal-bins"),
    path("<int:pk>/lines/delete/", journals.journal_delete_lines, name="journal-delete-lines"),
    path("<int:pk>/head/", journals.journal_head, name="journal-head"),
    path("<int:pk>/delete/", journals.journal_delete, name="journal-delete"),
    path("<int:pk>/post/", journals.journal_post, name="journal-post"),
    path("<int:pk>/standard/", standard_journals.of_journal, name="journal-standard"),
]
