"""The addresses of Core's own pages about the gym and its people."""

from django.urls import include, path

from members.views import dashboard, editing, people

members = [
    path("", people.list_members, name="list"),
    path("new/", editing.new_member, name="new"),
    path("<int:member_id>/", people.show_member, name="detail"),
    path("<int:member_id>/edit/", editing.edit_member, name="edit"),
    path("<int:member_id>/delete/", editing.delete_member, name="delete"),
]
urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("gym/", dashboard.switch, name="switch-gym"),
    path("members/", include((members, "members"))),
]
