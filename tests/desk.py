"""A browser without a screen: what a page says in words, and its forms, pressed as they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from members.models import Staff

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
INLINE = re.compile(r"</?(?:a|b|bdi|span|time|svg|use)\b[^>]*>")
TAG = re.compile(r"<[^>]+>")
UNCHECKED = ("checkbox", "radio")


@dataclass
class Button:
    words: str = ""
    name: str = ""
    value: str = ""


@dataclass
class Form:
    """One form with what is filled in and ticked."""

    action: str = ""
    method: str = "get"
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)

    def data(self, button: Button, changed: dict[str, Any]) -> dict[str, list[Any]]:
        """What a browser sends; a field changed to None is left out, as an unticked box is."""
        sent: dict[str, list[Any]] = {}
        for name, value in self.fields:
            sent.setdefault(name, []).append(value)
        for name, value in changed.items():
            sent[name] = value if isinstance(value, list) else [] if value is None else [value]
        if button.name:
            sent[button.name] = [button.value]
        return sent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select, self._options = "", list[tuple[str, bool]]()
        self._button: Button | None = None
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        got = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(got.get("action", ""), got.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "input" and got.get("name") and (got.get("type") not in UNCHECKED or "checked" in got):
            ticked = got.get("type") in UNCHECKED
            self._form.fields.append((got["name"], got.get("value", "on" if ticked else "")))
        elif tag == "select":
            self._select, self._options = got.get("name", ""), []
        elif tag == "option":
            self._options.append((got.get("value", ""), "selected" in got))
        elif tag == "textarea":
            self._area = got.get("name", "")
            self._form.fields.append((self._area, ""))
        elif tag == "button":
            self._button = Button("", got.get("name", ""), got.get("value", ""))
            self._form.buttons.append(self._button)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select" and self._form is not None and self._options:
            chosen = [value for value, selected in self._options if selected] or [self._options[0][0]]
            self._form.fields.append((self._select, chosen[0]))

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button.words += data
        elif self._area and self._form is not None:
            self._form.fields[-1] = (self._area, data.lstrip("\n"))


class Page:
    """An answer, after any redirects: where it ended, and what it says."""

    def __init__(self, response: HttpResponse, path: str) -> None:
        self.response = response
        self.status = response.status_code
        chain = getattr(response, "redirect_chain", [])
        self.path = chain[-1][0] if chain else path
        self.html = response.content.decode()
        reader = _Reader()
        reader.feed(self.html)
        self.forms = reader.forms

    @property
    def text(self) -> str:
        """The words inside `main`, as one line."""
        return plain(self.html.partition("<main")[2].partition("</main>")[0] or self.html)

    @property
    def title(self) -> str:
        return plain(self.html.partition("<title>")[2].partition("</title>")[0])

    @property
    def h1(self) -> str:
        return plain(re.findall(r"<h1[^>]*>(.*?)</h1>", self.html, re.DOTALL)[0])

    def says(self, *sentences: str) -> bool:
        missing = [sentence for sentence in sentences if sentence not in self.text]
        assert not missing, f"{missing} not in: {self.text}"
        return True

    @property
    def buttons(self) -> list[str]:
        return [plain(button.words) for form in self.forms for button in form.buttons]


class Desk:
    """One person's browser; without `staff` a stranger's."""

    def __init__(self, staff: Staff | None = None, **options: Any) -> None:
        self.client = Client(**options)
        self.staff = staff
        if staff is not None:
            self.client.force_login(staff.user, backend=BACKEND)

    @property
    def user(self) -> Any:
        assert self.staff is not None
        return self.staff.user

    def open(self, name: str, *args: Any, follow: bool = True, **query: Any) -> Page:
        """A page, by the name of its address, or by the address."""
        path = name if name.startswith("/") else reverse(name, args=args)
        return Page(self.client.get(path, query or None, follow=follow), path)

    def post(self, name: str, *args: Any, follow: bool = True, **data: Any) -> Page:
        path = name if name.startswith("/") else reverse(name, args=args)
        return Page(self.client.post(path, data, follow=follow), path)

    def press(self, page: Page, words: str, *, follow: bool = True, **changed: Any) -> Page:
        """The button with these words, in the form it stands in, with what the page filled in."""
        form, button = self._find(page, words)
        path = urlsplit(urljoin(page.path, form.action)).path if form.action else page.path
        data = form.data(button, changed)
        send = self.client.post if form.method == "post" else self.client.get
        return Page(send(path, data, follow=follow), path)

    def _find(self, page: Page, words: str) -> tuple[Form, Button]:
        for form in page.forms:
            for button in form.buttons:
                if plain(button.words) == words:
                    return form, button
        raise AssertionError(f"no button “{words}” among {page.buttons}")


def plain(html: str) -> str:
    return " ".join(unescape(TAG.sub(" ", INLINE.sub("", html))).split())
