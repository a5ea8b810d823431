"""The addresses of Core's own pages about the gym and its people."""

from django.urls import include, path

from members.views import dashboard, people

members = [
    path("", people.list_members, name="list"),
    path("new/", people.new_member, name="new"),
    path("<int:member_id>/", people.show_member, name="detail"),
    path("<int:member_id>/edit/", people.edit_member, name="edit"),
    path("<int:member_id>/delete/", people.delete_member, name="delete"),
]
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("gym/", dashboard.switch, name="switch-gym"),
    path("members/", include((members, "members"))),
]
