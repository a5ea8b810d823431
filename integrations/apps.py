"""The integrations app: the Marketplace and the vault. Vendors are apps of their own beside it."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
