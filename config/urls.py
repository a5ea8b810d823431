"""Which app owns which address."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config.health import healthz

# One way in: operators meet the same lock-out and the same two steps as everybody else.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

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
