from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from inventory_site import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("login/", views.login, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", views.change_password, name="password_change"),
    path("theme/", views.theme, name="theme"),
    path("offline/", views.offline, name="offline"),
    path("worker.js", views.worker, name="worker"),
    path("", include("counting.urls")),
    path("", include("ledger.urls")),
    path("", include("warehouse.urls")),
]
