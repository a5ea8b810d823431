"""The Marketplace."""

from django.urls import path

from integrations.views import marketplace

urlpatterns = [path("", marketplace, name="marketplace")]
