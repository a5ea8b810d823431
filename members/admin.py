"""Operators' pages about gyms, their staff and members, and what was changed."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from members.models import Change, Gym, Member, Staff


class StaffInline(admin.TabularInline):
    model = Staff
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Gym)
class GymAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "timezone"]
    search_fields = ["name", "slug"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [StaffInline]


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin):
    list_display = ["user", "gym", "role"]
    list_filter = ["role", "gym"]
    search_fields = ["user__username", "user__email", "gym__name"]
    autocomplete_fields = ["user", "gym"]
    list_select_related = ["user", "gym"]


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    list_display = ["name", "email", "gym", "changed_at"]
    list_filter = ["gym"]
    search_fields = ["first_name", "last_name", "email"]
    autocomplete_fields = ["gym"]
    list_select_related = ["gym"]
    readonly_fields = ["created_at", "changed_at"]


@admin.register(Change)
class ChangeAdmin(admin.ModelAdmin):
    """To read: what was changed is written once."""

    list_display = ["at", "gym", "action", "detail", "by", "cause"]
    list_filter = ["action", "gym"]
    list_select_related = ["gym", "by"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Change | None = None) -> bool:
        return False
