"""The addresses of subscriptions, below a member's."""

from django.urls import path

from plans.views import subscriptions

app_name = "subscriptions"
urlpatterns = [
    path("<int:member_id>/subscriptions/new/", subscriptions.add, name="new"),
    path("<int:member_id>/subscriptions/<int:subscription_id>/<slug:action>/", subscriptions.act, name="act"),
]
