"""The plans app: what people buy."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"
