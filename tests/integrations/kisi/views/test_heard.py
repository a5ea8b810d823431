"""Only what Kisi said itself is quoted; that it gave no usable answer is said in plain words."""

from __future__ import annotations

import pytest

from integrations.kisi import heard
from integrations.kisi.models import AccessEvent
from integrations.kisi.simulator import Kind

OWN = "Email is on a blocked domain"


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("no connection (ConnectionError)", heard.SILENT),
        ("no answer in time", heard.SILENT),
        ("the answer came too slowly", heard.SILENT),
        ("status 502", heard.ODD),
        ("the answer is not JSON", heard.ODD),
        ("the answer is too large", heard.ODD),
        ("wrong shape: id is missing", heard.ODD),
        ("POST /users 500", heard.ODD),
        ("<html>Bad gateway</html>", heard.ODD),
        ("", ""),
        (OWN, OWN),
    ],
)
def test_in_plain_words(said, plain):
    assert heard.plain(said) == plain


@pytest.mark.parametrize(
    ("said", "quoted"),
    [("no connection (ConnectionError)", heard.SILENT), ("", ""), (OWN, f"Kisi said: “{OWN}”")],
)
def test_only_its_own_words_are_quoted(said, quoted):
    assert heard.quoted(said) == heard.quoted(heard.plain(said)) == quoted


@pytest.mark.parametrize("page", ["members:detail", "kisi:overview", "kisi:attention", "kisi:activity"])
def test_no_page_lets_kisi_say_that_there_was_no_connection(connected, admin, page):
    ana = connected.member("Ana")
    connected.world.fault(method="POST", path="/users", kind=Kind.LOST, times=3)
    connected.sync()
    shown = admin.open(page, *([ana.pk] if page == "members:detail" else []), **search(page))
    assert shown.says(heard.SILENT)
    assert "no connection" not in shown.text
    assert f"Kisi said: “{heard.SILENT}" not in shown.text


def search(page: str) -> dict[str, str]:
    """Events one by one, where runs stand for them."""
    return {"what": "refused"} if page == "kisi:activity" else {}


def test_the_events_own_page_has_the_raw_text_too(connected, admin):
    connected.member("Ana")
    connected.world.fault(method="POST", path="/users", kind=Kind.LOST, times=3)
    connected.sync()
    event = AccessEvent.objects.filter(kind="refused")[0]
    shown = admin.open("kisi:activity-event", event.pk)
    assert shown.says(f"{heard.SILENT} (no connection (ConnectionError))")
