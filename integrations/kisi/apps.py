"""The Kisi app: one vendor, one folder. Fills the slots of the apps below it when Django is ready."""

from django.apps import AppConfig


class KisiConfig(AppConfig):
    name = "integrations.kisi"
    label = "kisi"
    verbose_name = "Kisi"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.kisi import signals  # noqa: F401, PLC0415
