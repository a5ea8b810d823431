"""The members app: a gym, its staff and its people."""

from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "members"
