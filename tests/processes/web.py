"""A real web server for tests, and somebody who works at it: Core's own pages over HTTP, as a browser uses them."""

from __future__ import annotations

import time
from typing import Any

import requests
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import embedded
from members.models import Member
from plans.models import Plan
from tests.desk import BACKEND
from tests.factories import StaffFactory
from tests.processes.machinery import Process

DYING = "tests.processes.dying_web"


class Web(Process):
    """gunicorn with one process, as production runs it; an admin of the plan's gym is signed in."""

    def __init__(self, plan: Plan, *, application: str = "config.wsgi", **environment: Any) -> None:
        self.url = f"http://127.0.0.1:{(port := embedded.free_port())}"
        bind = ("--bind", f"127.0.0.1:{port}", "--threads", "2")
        super().__init__("gunicorn", f"{application}:application", *bind, ready="Booting", **environment)
        self._plan = plan
        self._browser = requests.Session()
        self._browser.trust_env = False

    def sign_in(self) -> None:
        """By a session of the database; the first page gives the token that forms carry."""
        staff, client = StaffFactory(gym=self._plan.gym), Client()
        client.force_login(staff.user, backend=BACKEND)
        name = settings.SESSION_COOKIE_NAME
        self._browser.cookies.set(name, client.cookies[name].value)
        assert self.get("/members/new/").status_code == 200

    def get(self, path: str) -> requests.Response:
        return self._browser.get(self.url + path, timeout=30)

    def post(self, path: str, **fields: Any) -> requests.Response:
        token = self._browser.cookies[settings.CSRF_COOKIE_NAME]
        data = fields | {"csrfmiddlewaretoken": token}
        return self._browser.post(self.url + path, data=data, timeout=30, allow_redirects=False)

    def sell(self, member: Member) -> float:
        """Sell the plan to a member: the seconds until the answer. The page it leads to has to open."""
        today = self._plan.gym.today(timezone.now())
        before = time.monotonic()
        answer = self.post(
            reverse("subscriptions:new", args=[member.pk]), plan=self._plan.pk, starts_on=today.isoformat()
        )
        took = time.monotonic() - before
        assert answer.status_code == 302, answer.text[:2000]
        assert self.get(answer.headers["Location"]).status_code == 200
        return took
