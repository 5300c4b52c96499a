from django.urls import include, path

from counting.views import (
    activity,
    completion,
    detail,
    home,
    misplaced,
    report,
    reversal,
    review,
    sessions,
    sheet,
    spreadsheets,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("counts/", sessions.counts, name="counts"),
    path("counts/new/", sessions.count_new, name="count-new"),
    path("counts/<str:number>/", detail.count_detail, name="count-detail"),
    path("counts/<slug:number>/count/", include("counting.count_urls")),
    path("counts/<str:number>/activity/", activity.count_activity, name="count-activity"),
    path("counts/<str:number>/mark/", detail.count_mark, name="count-mark"),
    path("counts/<str:number>/reopen/", detail.count_reopen, name="count-reopen"),
    path("counts/<str:number>/cancel/", detail.count_cancel, name="count-cancel"),
    path("counts/<str:number>/export/", spreadsheets.count_export, name="count-export"),
    path("counts/<str:number>/sheet/", sheet.count_sheet, name="count-sheet"),
    path("counts/<str:number>/import/", spreadsheets.count_import, name="count-import"),
    path("counts/<str:number>/import/<int:pk>/", spreadsheets.count_import_detail, name="count-import-detail"),
    path("counts/<str:number>/import/<int:pk>/apply/", spreadsheets.count_import_apply, name="count-import-apply"),
    path(
        "counts/<str:number>/import/<int:pk>/problems/",
        spreadsheets.count_import_problems,
        name="count-import-problems",
    ),
    path("counts/<str:number>/report/", report.count_report, name="count-report"),
    path("counts/<str:number>/review/", review.count_review, name="count-review"),
    path("counts/<str:number>/misplaced/", misplaced.count_misplaced, name="count-misplaced"),
    path("counts/<str:number>/aside/<int:pk>/settle/", review.put_aside_settle, name="put-aside-settle"),
    path("counts/<str:number>/reverse/", reversal.count_reverse, name="count-reverse"),
    path("counts/<str:number>/complete/", completion.count_complete, name="count-complete"),
]
