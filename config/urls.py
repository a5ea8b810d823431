"""Which app owns which address."""

from django.contrib import admin
from django.urls import include, path

from config.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("marketplace/", include("integrations.urls")),
    path("marketplace/kisi/", include("integrations.kisi.urls")),
    path("plans/", include("plans.urls")),
    path("members/", include("plans.subscription_urls")),
    path("", include("members.urls")),
]
handler403 = "members.views.pages.forbidden"
handler404 = "members.views.pages.not_found"
