"""When a gym's admins are told by mail: each cause once an hour at most, until the mail really went out.

What there is to tell is computed from how things stand now, as everything owed is: a mail that could not be
sent is sent at the next look, and one whose cause is gone is never sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.contrib.auth import get_user_model
from django.db.models import Max, Q

from integrations.kisi import causes, letters
from integrations.kisi.causes import Cause, News
from integrations.kisi.letters import Letter
from integrations.kisi.models import Alert, KisiConnection
from members.models import Staff

log = logging.getLogger(__name__)

ONCE_PER = timedelta(hours=1)
TRY_AGAIN = timedelta(minutes=5)
# Where all may be said to be well again: one trouble often ends in another that is not told yet.
IN_ORDER = (KisiConnection.Status.CONNECTED, KisiConnection.Status.THROTTLED)
Write = Callable[[], Letter]


@dataclass(frozen=True, slots=True)
class Told:
    """Whether the mail server took what there was to send."""

    reached: bool = True


def tell(connection_id: int, now: datetime) -> Told:
    """Mail what is true of this connection and was not told yet; says whether the mail server was there."""
    rows = KisiConnection.objects.select_related("gym").filter(pk=connection_id)
    connection = rows.first()
    if connection is None or not causes.of(connection):
        return Told()
    known = {alert.cause: alert for alert in Alert.objects.filter(connection=connection)}
    is_grave, told = False, Told()
    for cause in causes.of(connection):
        news = cause.look(connection, now)
        if news is None:
            _is_over(known.get(cause.key), cause)
            continue
        is_grave = is_grave or cause.is_grave
        if _is_due(known.get(cause.key), cause, news, now):
            told = _tell(connection, cause, news, now)
    is_silent = is_grave or connection.status not in IN_ORDER
    return told if is_silent or not told.reached else _all_clear(connection, now)


def _is_due(alert: Alert | None, cause: Cause, news: News, now: datetime) -> bool:
    if alert is None or alert.told_at is None:
        return True
    if now - alert.told_at < ONCE_PER:
        return False
    if alert.since is None or set(news.about) - set(alert.about):
        return True
    return cause.again is not None and now - alert.told_at >= cause.again


def _is_over(alert: Alert | None, cause: Cause) -> None:
    """The cause holds no longer; of a grave one that was told, the end is told too."""
    if alert is not None and alert.since is not None:
        owes = cause.is_grave and alert.told_at is not None
        Alert.objects.filter(pk=alert.pk).update(since=None, busy_until=None, owes_all_clear=owes, about=[])


def _tell(connection: KisiConnection, cause: Cause, news: News, now: datetime) -> Told:
    alert, _ = Alert.objects.get_or_create(connection=connection, cause=cause.key)
    mine = Alert.objects.filter(pk=alert.pk, told_at=alert.told_at)
    if not _claim(mine, now):
        return Told()
    if not _send(connection, news.write):
        return Told(reached=False)
    since = alert.since or now
    mine.update(told_at=now, since=since, about=list(news.about), busy_until=None, owes_all_clear=False)
    return Told()


def _all_clear(connection: KisiConnection, now: datetime) -> Told:
    owed = Alert.objects.filter(connection=connection, owes_all_clear=True)
    told_at = owed.aggregate(last=Max("told_at"))["last"]
    if told_at is None or not _claim(owed, now):
        return Told()
    if not _send(connection, partial(causes.all_clear, connection, told_at=told_at, now=now)):
        return Told(reached=False)
    owed.update(owes_all_clear=False, busy_until=None)
    return Told()


def _claim(alerts: object, now: datetime) -> bool:
    """One process sends; whoever dies doing it, or finds no mail server, leaves it to a later look."""
    free = Q(busy_until=None) | Q(busy_until__lte=now)
    return bool(alerts.filter(free).update(busy_until=now + TRY_AGAIN))  # type: ignore[attr-defined]


def _send(connection: KisiConnection, write: Write) -> bool:
    """False when the mail server did not take it; a gym without an admin's address has nobody to tell."""
    to = _admins(connection)
    if not to:
        return True
    try:
        letters.message(connection, write(), to).send()
    except OSError as error:
        log.warning("a mail about connection %s was not sent: %s", connection.pk, type(error).__name__)
        return False
    return True


def _admins(connection: KisiConnection) -> list[str]:
    users = get_user_model().objects.filter(
        staff_of__gym_id=connection.gym_id, staff_of__role=Staff.Role.ADMIN, is_active=True
    )
    return [address for address in users.values_list("email", flat=True) if address]
