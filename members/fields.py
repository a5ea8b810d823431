"""The e-mail field that keeps addresses comparable however they were written."""

import unicodedata
from typing import Any

from django.db import models


def normalize_email(value: str) -> str:
    """One spelling per address: NFC, trimmed, lower-case (for the doors, a person is an address)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", value).strip().lower())


class NormalizedEmailField(models.EmailField):
    """Normalizes on the way into the database, so `save`, `bulk_create`, `update` and lookups agree."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return normalize_email(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = normalize_email(value)
            setattr(model_instance, self.attname, value)
        return value
