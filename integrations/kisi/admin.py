"""Kisi's rows for operators: to look at; never a key, and nothing that the sync decides is edited by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integrations.kisi.models import AccessEvent, Heartbeat, KisiConnection, KisiGrant, Release, SyncRun


class LookOnly(admin.ModelAdmin):
    """Shown and searched, never added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(KisiConnection)
class ConnectionAdmin(LookOnly):
    list_display = ["gym", "group_id", "group_name", "status", "status_since", "key_last4", "lease_until"]
    list_filter = ["status"]
    exclude = ["sealed_key"]


@admin.register(KisiGrant)
class GrantAdmin(LookOnly):
    list_display = ["pk", "connection", "email", "state", "trouble", "held_since", "retry_at", "changed_at"]
    list_filter = ["state", "trouble", "connection"]
    search_fields = ["email", "name"]


@admin.register(SyncRun)
class RunAdmin(LookOnly):
    list_display = [
        "pk",
        "connection",
        "read",
        "because",
        "state",
        "started_at",
        "finished_at",
        "done",
        "calls",
    ]
    list_filter = ["state", "read"]


@admin.register(AccessEvent)
class EventAdmin(LookOnly):
    list_display = ["at", "kind", "connection_id", "member_id", "cause", "kisi_status"]
    list_filter = ["kind"]


@admin.register(Release)
class ReleaseAdmin(LookOnly):
    list_display = ["pk", "connection", "cause", "by", "at"]


@admin.register(Heartbeat)
class HeartbeatAdmin(LookOnly):
    list_display = ["name", "at"]
