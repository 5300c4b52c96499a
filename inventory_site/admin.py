"""What every page of the admin site has in common: scope by location, honest page counts, and ledgers that stay."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from inventory_site.visibility import closed_to

PAGES_COUNTED = 100


class CappedPaginator(Paginator):
    """Counts no further than a person pages: a million rows are not counted to show the first hundred."""

    @cached_property
    def count(self):
        return self.object_list.order_by()[: self.per_page * PAGES_COUNTED].count()


class PickFilter(AutocompleteSelectFilter):
    """By a related row, as an autocomplete: it offers what the person may see, and never loads a list of all."""


class SiteAdmin(ModelAdmin):
    """`location_paths` lead to the location of a row; people see, choose and change rows of their own locations.

    Rows that tell quantities are not there for people to whom quantities of the location are closed.
    """

    location_paths: tuple[str, ...] = ()
    tells_quantities = False
    list_per_page = 50
    list_filter_submit = True
    paginator = CappedPaginator
    show_full_result_count = False
    warn_unsaved_form = True

    def get_queryset(self, request):
        rows = super().get_queryset(request)
        if request.user.is_superuser or not self.location_paths:
            return rows
        if self.tells_quantities and (closed := closed_to(request)):
            rows = rows.exclude(**{f"{self.location_paths[0]}__in": closed})
        mine = request.user.locations.values("pk")
        condition = Q()
        for path in self.location_paths:
            condition |= Q(**{f"{path}__in": mine})
        return rows.filter(condition)

    def get_field_queryset(self, db, db_field, request):
        return choices(self, db_field, request, otherwise=super().get_field_queryset(db, db_field, request))


class ScopedInline:
    def get_field_queryset(self, db, db_field, request):
        return choices(self, db_field, request, otherwise=super().get_field_queryset(db, db_field, request))


def choices(page, db_field, request, *, otherwise):
    """What can be chosen is what can be seen: the form refuses the rest, whatever the browser sends."""
    related = page.admin_site._registry.get(db_field.remote_field.model)
    return related.get_queryset(request) if related else otherwise


class ReadOnly:
    """Seen by whoever has the permission to view; added, changed and deleted by nobody, here."""

    def has_add_permission(self, request, *args):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReadOnlyAdmin(ReadOnly, SiteAdmin):
    pass
