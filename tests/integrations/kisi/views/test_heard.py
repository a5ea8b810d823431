"""Only what Kisi said itself is quoted; that it gave no usable answer is said in plain words."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import integrations.kisi
from integrations.kisi import heard, timeline
from integrations.kisi.models import AccessEvent, KisiConnection
from integrations.kisi.simulator import Kind

OWN = "Email is on a blocked domain"
KISI = Path(integrations.kisi.__file__).parent
ERRORS = {"Conflict", "NoAnswer", "KeyRejected", "KeyTooWeak", "Unusable", "_Shifted", "_TooLong"}


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("no connection (ConnectionError)", heard.SILENT),
        ("no answer in time", heard.SILENT),
        ("the answer came too slowly", heard.SILENT),
        ("status 502", heard.ODD),
        ("the answer is not JSON", heard.ODD),
        ("3 rows of 5", heard.ODD),
        ("2 Kisi people have this address", "Kisi has 2 people with this address"),
        ("another person: Bo Lee", "Core found that the key belongs to Bo Lee"),
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


@pytest.mark.parametrize("said", ["no connection to the payment system", "404 rows of 5 were moved", OWN])
def test_what_only_begins_like_cores_own_words_is_kisis(said):
    assert heard.kisi_says(said) == heard.plain(said) == said


def raised_texts() -> Iterator[str]:
    """Every text that Core itself gives an error which is kept on a person or a connection; 7 for each value."""
    for path in KISI.rglob("*.py"):
        if "simulator" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                    yield from _text(node.args[0])


def _text(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "7" for part in node.values)


def test_no_text_that_core_makes_itself_passes_for_kisis():
    texts = set(raised_texts())
    assert len(texts) >= 10
    assert [said for said in texts if heard.kisi_says(said)] == []
    assert not heard.kisi_says(KisiConnection.UNREADABLE)


@pytest.fixture
def twice(connected):
    """Ana, whose address two people of Kisi have: Core leaves that to somebody, and Kisi said nothing."""
    connected.world.switch(email_filter="partial")
    for _ in range(2):
        connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    connected.sync()
    return connected


def test_what_core_found_is_told_apart_from_what_kisi_said(twice, admin):
    event = AccessEvent.objects.get(kind="refused")
    [line] = timeline.lines(AccessEvent.objects.filter(pk=event.pk))
    assert line.said == ""
    assert line.what.endswith(" could not be updated: Kisi has 2 people with this address")
    page = admin.open("kisi:activity-event", event.pk)
    assert page.says("Core found Kisi has 2 people with this address")
    assert "Kisi said" not in page.text


def test_on_the_members_page_the_fact_is_named_after_whose_words_it_holds(twice, admin):
    page = admin.open("members:detail", twice.grant("ana").member_id)
    assert page.says("Last try Kisi has 2 people with this address")
    assert "Kisi last said" not in page.text


@pytest.mark.parametrize(
    ("status", "kept", "sentence"),
    [
        ("in_trouble", "Kisi did not answer", "Connection: Kisi not answering"),
        (
            "wrong_organization",
            "Summit",
            "Connection: Wrong organization: Core found that the key belongs to Summit",
        ),
        (
            "needs_new_key",
            KisiConnection.UNREADABLE,
            "Connection: Needs new key: Core cannot open the stored API key",
        ),
    ],
)
def test_of_a_connection_only_kisis_words_are_its_own(connected, status, kept, sentence):
    facts = {"gym_id": connected.gym.pk, "connection_id": connected.connection.pk, "kind": "status"}
    label = KisiConnection.Status(status).label
    event = AccessEvent.objects.create(cause=label, kisi_said=kept, **facts)
    [line] = timeline.lines(AccessEvent.objects.filter(pk=event.pk))
    assert (line.what, line.said) == (sentence, "")


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
