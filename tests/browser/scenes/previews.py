"""A preview from the press to what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from integrations.kisi.models import Preview, PreviewLine
from integrations.kisi.sync import preview as previews
from integrations.kisi.sync import runs
from plans.models import Subscription
from tests.browser import causes, states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene
from tests.browser.served import Served


def asked(served: Served, desk: Window) -> Iterator[str]:
    """Before there is one, while it waits, while Kisi is read, and when Kisi could not be read."""
    desk.open(f"{KISI}preview/")
    yield "preview-none"
    _ask(desk)
    yield "preview-asked"
    Preview.objects.update(state="reading", read_so_far=1250)
    desk.page.reload()
    yield "preview-reading"
    Preview.objects.update(state="failed", failure="KeyRejected", said="Unauthorized")
    desk.page.reload()
    yield "preview-failed"


def read(served: Served, desk: Window) -> Iterator[str]:
    """With every kind of line; then everybody of one kind; then too old."""
    causes.make(served.house)
    served.house.members(60)
    _drift(served)
    _make(served, desk)
    yield "preview-every-line"
    desk.open(f"{_path(desk)}?show=give")
    yield "preview-everybody"
    Preview.objects.update(taken_at=timezone.now() - timedelta(minutes=61))
    desk.open(_path(desk))
    yield "preview-too-old"


def short(served: Served, desk: Window) -> Iterator[str]:
    """One of each that is done, being applied, applied, and applied in part; then nothing to do."""
    _drift(served)
    _make(served, desk)
    yield "preview-ready"
    desk.press("Apply these")
    yield "preview-applying"
    PreviewLine.objects.filter(group="put_back").update(digest="moved since")
    served.house.world.fault(method="POST", path="/users", status=422, times=0)
    runs.run(served.house.connection.pk, clock=served.house.clock)
    served.house.world.clear_faults()
    desk.page.reload()
    yield "preview-applied"


def empty(served: Served, desk: Window) -> Iterator[str]:
    _make(served, desk)
    yield "preview-empty"


def over(served: Served, desk: Window) -> Iterator[str]:
    paused = Subscription.objects.filter(plan=served.house.plan).values("pk")[: states.TOO_MANY]
    Subscription.objects.filter(pk__in=list(paused.values_list("pk", flat=True))).update(status="paused")
    _make(served, desk)
    yield "preview-over-the-limit"


def _drift(served: Served) -> None:
    """Zoe is new, Ben was taken out by hand, Cleo paused, the cleaner is only in Kisi."""
    house = served.house
    house.in_kisi("Cleaner")
    house.world.remove_right(house.world.rights_of("ben@example.com")[0])
    Subscription.objects.filter(member__first_name="Cleo").update(status="paused", cause="moved away")
    house.member("Zoe Quinn")


def _ask(desk: Window) -> None:
    desk.open(KISI)
    desk.press("Preview")


def _make(served: Served, desk: Window) -> None:
    _ask(desk)
    for waiting in Preview.objects.filter(state="asked"):
        previews.make(waiting.pk, clock=served.house.clock)
    desk.page.reload()


def _path(desk: Window) -> str:
    return desk.page.url.removeprefix(desk.site.url).partition("?")[0]


SCENES: dict[str, Scene] = {
    "preview-asked": asked,
    "preview-read": read,
    "preview-applied": short,
    "preview-empty": empty,
    "preview-over": over,
}
