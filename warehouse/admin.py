"""Master data, people and their locations; stock to look at."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from inventory_site.admin import PickFilter, ReadOnlyAdmin, ScopedInline, SiteAdmin
from warehouse.models import (
    Bin,
    BinContent,
    BinHold,
    BinKind,
    Category,
    Item,
    ItemReference,
    ItemUnit,
    ItemVariant,
    Location,
    LocationAssignment,
    Lot,
    Quant,
    Unit,
    UnitOfMeasure,
    User,
    Zone,
)
from warehouse.models.places import MADE_BY_THE_SYSTEM

MIGHT = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(UnitOfMeasure)
class UnitOfMeasureAdmin(SiteAdmin):
    list_display = ["code", "name"]
    search_fields = ["code", "name"]


@admin.register(Category)
class CategoryAdmin(SiteAdmin):
    list_display = ["name", "parent"]
    list_select_related = ["parent"]
    search_fields = ["name"]
    autocomplete_fields = ["parent"]


class ItemVariantInline(ScopedInline, TabularInline):
    model = ItemVariant
    extra = 0


class ItemUnitInline(ScopedInline, TabularInline):
    model = ItemUnit
    extra = 0
    autocomplete_fields = ["unit_of_measure"]


class ItemReferenceInline(ScopedInline, TabularInline):
    model = ItemReference
    fk_name = "item"
    extra = 0
    autocomplete_fields = ["variant", "unit_of_measure"]


@admin.register(Item)
class ItemAdmin(SiteAdmin):
    list_display = ["number", "name", "category", "tracking", "base_unit", "unit_cost", "blocked"]
    list_display_links = ["number", "name"]
    list_select_related = ["category", "base_unit"]
    list_filter = ["tracking", "blocked", ("category", PickFilter)]
    search_fields = ["^number", "name", "=references__code"]
    autocomplete_fields = ["category", "base_unit"]
    inlines = [ItemVariantInline, ItemUnitInline, ItemReferenceInline]

    def get_readonly_fields(self, request, obj=None):
        """The tracking is locked once the item has stock or units; the database says so too."""
        locked = obj and Item.objects.with_tracking_locked().filter(pk=obj.pk).exists()
        return ["tracking"] if locked else []


@admin.register(ItemVariant)
class ItemVariantAdmin(SiteAdmin):
    list_display = ["item", "code", "name", "blocked"]
    list_display_links = ["code"]
    list_select_related = ["item"]
    list_filter = ["blocked"]
    search_fields = ["^code", "name", "^item__number"]
    autocomplete_fields = ["item"]

    def get_readonly_fields(self, request, obj=None):
        return ["item"] if obj else []


@admin.register(Lot)
class LotAdmin(SiteAdmin):
    list_display = ["number", "item", "expiration_date", "blocked"]
    list_select_related = ["item"]
    list_filter = ["blocked", "expiration_date", ("item", PickFilter)]
    search_fields = ["^number", "^item__number", "item__name"]
    autocomplete_fields = ["item"]

    def get_readonly_fields(self, request, obj=None):
        return ["item"] if obj else []


class ZoneInline(ScopedInline, TabularInline):
    model = Zone
    extra = 0


class PeopleInline(ScopedInline, TabularInline):
    model = LocationAssignment
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Location)
class LocationAdmin(SiteAdmin):
    location_paths = ("pk",)
    list_display = ["code", "name", "directed", "default_bin_selection", "synchronise_hours", "search_days", "active"]
    list_filter = ["active", "directed", "default_bin_selection"]
    search_fields = ["code", "name"]
    inlines = [ZoneInline, PeopleInline]

    def get_readonly_fields(self, request, obj=None):
        """A location that is there is converted, with its stock."""
        return ["directed"] if obj else []


@admin.register(Zone)
class ZoneAdmin(SiteAdmin):
    location_paths = ("location",)
    list_display = ["code", "name", "location"]
    list_select_related = ["location"]
    list_filter = [("location", PickFilter)]
    search_fields = ["code", "name"]
    autocomplete_fields = ["location"]

    def get_readonly_fields(self, request, obj=None):
        return ["location"] if obj else []


@admin.register(Bin)
class BinAdmin(SiteAdmin):
    location_paths = ("location",)
    list_display = ["code", "name", "location", "zone", "kind", "walking_order", "block_movement"]
    list_select_related = ["location", "zone"]
    list_filter = ["kind", "block_movement", "dedicated", ("location", PickFilter), ("zone", PickFilter)]
    search_fields = ["^code", "name"]
    autocomplete_fields = ["location", "zone"]
    fields = ["location", "zone", "code", "name", "kind", "walking_order", "dedicated", "block_movement"]

    def get_readonly_fields(self, request, obj=None):
        """A bin stays at its location."""
        if obj is None:
            return []
        return ["location", "kind"] if obj.kind in MADE_BY_THE_SYSTEM else ["location"]

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.name == "kind":
            kwargs["choices"] = [choice for choice in BinKind.choices if choice[0] not in MADE_BY_THE_SYSTEM]
        return super().formfield_for_choice_field(db_field, request, **kwargs)


@admin.register(BinContent)
class BinContentAdmin(SiteAdmin):
    """What is settled here stays as long as stock lies there: deleting is for warehouse.contents, which looks first."""

    location_paths = ("location",)
    list_display = ["item", "variant", "bin", "location", "fixed", "default", "dedicated", "block_movement"]
    list_select_related = ["item", "variant", "bin", "location"]
    list_filter = ["fixed", "default", "dedicated", "block_movement", ("location", PickFilter), ("item", PickFilter)]
    search_fields = ["^item__number", "item__name", "^bin__code"]
    autocomplete_fields = ["bin", "item", "variant"]
    ordering = ["pk"]

    def get_readonly_fields(self, request, obj=None):
        return ["bin", "item", "variant"] if obj else []

    def has_delete_permission(self, request, obj=None):
        return False


class AssignmentInline(ScopedInline, TabularInline):
    model = LocationAssignment
    extra = 0
    autocomplete_fields = ["location"]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, SiteAdmin):
    form, add_form, change_password_form = UserChangeForm, UserCreationForm, AdminPasswordChangeForm
    location_paths = ("locations",)
    list_display = ["username", "first_name", "last_name", "usual_groups", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff", "groups"]
    inlines = [AssignmentInline]

    def get_queryset(self, request):
        # distinct: somebody may share several locations with whoever looks.
        return super().get_queryset(request).distinct().prefetch_related("groups")

    def get_readonly_fields(self, request, obj=None):
        """Nobody makes somebody mightier than themselves."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else [*fields, *MIGHT]

    def has_change_permission(self, request, obj=None):
        mightier = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not mightier and super().has_change_permission(request, obj)

    @admin.display(description=_("groups"))
    def usual_groups(self, person):
        return ", ".join(group.name for group in person.groups.all())


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, SiteAdmin):
    pass


@admin.register(Quant)
class QuantAdmin(ReadOnlyAdmin):
    location_paths = ("location",)
    tells_quantities = True
    list_display = ["item", "variant", "lot", "bin", "location", "quantity"]
    list_select_related = ["item", "variant", "lot", "bin", "location"]
    list_filter = [("location", PickFilter), ("bin", PickFilter), ("item", PickFilter)]
    search_fields = ["^item__number", "item__name", "^bin__code", "=lot__number"]
    ordering = ["pk"]


@admin.register(Unit)
class UnitAdmin(ReadOnlyAdmin):
    """Seen as on the pages: what is gone by those who had it."""

    list_display = ["code", "item", "variant", "state", "bin", "serial_number", "manufacturer_number", "lot", "blocked"]
    list_select_related = ["item", "variant", "lot", "quant__bin"]
    list_filter = ["state", "blocked", "kind", ("item", PickFilter)]
    search_fields = ["=code", "=serial_number", "=manufacturer_number", "^item__number"]
    ordering = ["pk"]

    def get_queryset(self, request):
        return Unit.objects.open_to(request)

    @admin.display(description=_("bin"))
    def bin(self, unit):
        return unit.quant and unit.quant.bin


@admin.register(BinHold)
class BinHoldAdmin(ReadOnlyAdmin):
    location_paths = ("bin__location",)
    list_display = ["bin", "item", "held_by"]
    list_select_related = ["bin", "item"]
    search_fields = ["=held_by", "^bin__code", "^item__number"]
    ordering = ["pk"]
