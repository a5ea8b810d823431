"""The addresses below /marketplace/kisi/."""

from django.urls import path

from integrations.kisi.views import (
    activity,
    attention,
    connecting,
    held,
    member_sync,
    move_in,
    overview,
    preview,
    topics,
    troubleshooting,
)

app_name = "kisi"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("connect/", connecting.permissions, name="connect"),
    path("connect/credentials/", connecting.credentials, name="connect-credentials"),
    path("connect/done/", connecting.connected, name="connected"),
    path("credentials/", connecting.update, name="credentials"),
    path("disconnect/", connecting.disconnect, name="disconnect"),
    path("disconnect/stop/", connecting.stop_disconnecting, name="stop-disconnecting"),
    path("reconnect/", connecting.reconnect, name="reconnect"),
    path("sync/", overview.sync_now, name="sync"),
    path("preview/", preview.preview, name="preview"),
    path("preview/<int:preview_id>/", preview.shown, name="preview-shown"),
    path("preview/<int:preview_id>/apply/", preview.apply, name="preview-apply"),
    path("preview/<int:preview_id>/list/", preview.download, name="preview-list"),
    path("pause/", overview.pause, name="pause"),
    path("resume/", overview.resume, name="resume"),
    path("rules/", overview.rules, name="rules"),
    path("left-behind/", overview.remove_left_behind, name="left-behind"),
    path("activity/", activity.activity, name="activity"),
    path("activity/activity.csv", activity.download, name="activity-download"),
    path("activity/runs/<int:run_id>/", activity.run, name="activity-run"),
    path("activity/events/<int:event_id>/", activity.event, name="activity-event"),
    path("attention/", attention.attention, name="attention"),
    path("attention/retry/", attention.retry, name="retry"),
    path("attention/held/", held.held, name="held"),
    path("troubleshooting/", troubleshooting.troubleshooting, name="troubleshooting"),
    path("troubleshooting/check/", troubleshooting.check, name="check"),
    path("troubleshooting/person/", troubleshooting.find_person, name="find-person"),
    path("help/<slug:topic>/", topics.show, name="help"),
    path("move-in/", move_in.move_in, name="move-in"),
    path("move-in/test/", move_in.test, name="move-in-test"),
    path("move-in/record/", move_in.record, name="move-in-record"),
    path("move-in/cut-over/", move_in.cut_over, name="cut-over"),
    path("members/<int:member_id>/sync/", member_sync.sync_member, name="sync-member"),
    path("members/<int:member_id>/exempt/", member_sync.exempt_member, name="exempt-member"),
]
