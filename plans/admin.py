"""Operators' pages about plans and subscriptions."""

from __future__ import annotations

from django.contrib import admin

from plans.models import Plan, Subscription


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin):
    list_display = ["name", "gym", "price", "billing", "has_24hr_access", "archived_at"]
    list_filter = ["has_24hr_access", "billing", "gym"]
    search_fields = ["name"]
    autocomplete_fields = ["gym"]
    list_select_related = ["gym"]
    readonly_fields = ["created_at", "changed_at"]


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):
    list_display = ["member", "plan", "status", "starts_on", "ends_on", "cause", "changed_at"]
    list_filter = ["status", "plan__gym"]
    search_fields = ["member__first_name", "member__last_name", "member__email", "plan__name"]
    autocomplete_fields = ["member", "plan"]
    list_select_related = ["member", "plan"]
    readonly_fields = ["created_at", "changed_at"]
