"""The addresses below /plans/."""

from django.urls import path

from plans.views import plans

app_name = "plans"
urlpatterns = [
    path("", plans.list_plans, name="list"),
    path("new/", plans.new_plan, name="new"),
    path("<int:plan_id>/", plans.edit_plan, name="detail"),
    path("<int:plan_id>/archive/", plans.archive_plan, name="archive"),
]
