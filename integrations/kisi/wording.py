"""Every state in words, in this one place: what happened, what it means for the doors, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from integrations.kisi.models import KisiConnection
from members import words
from members.slots import Tag
from members.words import people

Status = KisiConnection.Status
LONG = 90  # minutes, from which an estimate is told in hours


@dataclass(frozen=True, slots=True)
class Wrong:
    """Everybody whose last attempt failed, by what that means for the doors. `unclear` should get in."""

    shut_out: int = 0
    let_in: int = 0
    outdated: int = 0
    unclear: int = 0
    leftover: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """What a page counts about one connection; `causes` are the troubles of who failed, with how many each.

    `others` were changed in Kisi against Core again and again; `ahead` is what the brake counts at the next
    midnight (people with a right, and gone without a word), where anybody's access ends today.
    """

    have_access: int = 0
    suspended: int = 0
    waiting: int = 0
    entitled_waiting: int = 0
    failed: int = 0
    wrong: Wrong = Wrong()
    held: int = 0
    left_behind: int = 0
    managed: int = 0
    nameless: int = 0
    causes: tuple[tuple[str, int], ...] = ()
    others: int = 0
    ahead: tuple[int, int] | None = None
    allowed: int | None = None
    removed: int = 0
    stuck: int = 0
    kept: int = 0
    gives: bool = False
    takes: bool = False

    @property
    def inside(self) -> int:
        """Who gets in: somebody suspended in Kisi has access, and no door opens."""
        return self.have_access - self.suspended


@dataclass(frozen=True, slots=True)
class Face:
    """How a connection shows itself. `action` names the page of its one button, "" for none."""

    tag: Tag
    heading: str = ""
    text: str = ""
    button: str = ""
    action: str = ""


NEVER = Face(
    Tag("Not connected", "idle"),
    "Kisi is not connected",
    "Core opens no doors for anybody.",
    "Connect Kisi",
    "kisi:connect",
)


_WRONG = {
    "shut_out": "cannot open the doors though they should",
    "let_in": "can still open the doors though they should not",
    "outdated": "can open the doors, but their details in Kisi are not the newest",
    "unclear": "had access when Kisi last answered clearly, and Core looks again",
    "leftover": "cannot open the doors, as it should be, but may still have a Kisi profile",
}


def wrongly(wrong: Wrong) -> str:
    """What failed changes mean for the doors; a side that nobody is on goes unsaid."""
    counted = [(getattr(wrong, side), meaning) for side, meaning in _WRONG.items()]
    return "; ".join(f"{people(n)} {meaning}" for n, meaning in counted if n) + "."


def changes(n: int) -> str:
    return "1 change waits" if n == 1 else f"{n:,} changes wait" if n else "No change waits"


def sent(n: int) -> str:
    """The second half of a sentence about changes that wait."""
    return "is sent by itself" if n == 1 else "are sent by themselves"


def about(minutes: int) -> str:
    """An estimate, rounded up by whoever made it; a long one in hours, rounded up too."""
    if minutes <= 1:
        return "less than a minute"
    return f"about {minutes} minutes" if minutes < LONG else f"about {-(-minutes // 60)} hours"


def clock(connection: KisiConnection, at: datetime | None) -> str:
    """A time in the gym's zone, by its distance from now."""
    if at is None:
        return "never"
    zone = connection.gym.zone
    return words.moment(at.astimezone(zone), timezone.now().astimezone(zone).date())


def tries_again(connection: KisiConnection) -> str:
    """When Kisi is asked next; a time that has come is none to name."""
    is_ahead = connection.retry_at is not None and connection.retry_at > timezone.now()
    return f"Core tries again {clock(connection, connection.retry_at) if is_ahead else 'in a moment'}."


def dated(connection: KisiConnection, at: datetime) -> str:
    """The same for a mail, which is read on another day."""
    return words.dated(at.astimezone(connection.gym.zone))


def standing(connection: KisiConnection, counts: Counts) -> Face | None:
    """The face of a connection that does not simply work; None when its status is no trouble."""
    make = _STANDING.get(Status(connection.status))
    return make(connection, counts) if make else None


def _disconnecting(connection: KisiConnection, counts: Counts) -> Face:
    failed = sum(n for _, n in counts.causes)
    also = f" {people(failed)} could not be updated so far: see Needs attention." if failed else ""
    return Face(
        Tag("Disconnecting", "info"), "Removing access", f"Only access that Core gave is removed.{also}"
    )


def _disconnected(connection: KisiConnection, counts: Counts) -> Face:
    first = f"Core removed the access of {people(counts.removed)}. " if counts.removed else ""
    if counts.stuck:
        still = f"{people(counts.stuck)} could not be removed and still can open the doors. "
        first = f"Core removed the access of {people(counts.removed)}; {still}"
    kept = f"{people(counts.kept)} kept the access they had; Core no longer changes it."
    rest = kept if counts.kept else "Core no longer changes anybody's access."
    return Face(
        Tag("Disconnected", "warn" if counts.stuck else "idle"),
        "Kisi is disconnected",
        f"Since {_since(connection)}{_who(connection)}. {first}{rest}",
        "Reconnect",
        "kisi:reconnect",
    )


def _paused(connection: KisiConnection, counts: Counts) -> Face:
    return Face(
        Tag("Paused", "idle"),
        "Syncing is paused",
        f"Since {_since(connection)}{_who(connection)}. Nobody's access changes: who cancels keeps it, "
        f"who joins does not get it. {changes(counts.waiting)}.",
        "Resume",
        "kisi:resume",
    )


def _needs_new_key(connection: KisiConnection, counts: Counts) -> Face:
    is_lost = connection.status_said == KisiConnection.UNREADABLE
    waits = f"{changes(counts.waiting)} since {_since(connection)} and {sent(counts.waiting)}"
    if not counts.waiting:
        waits = f"No change waits since {_since(connection)}; later ones are sent by themselves"
    return Face(
        Tag("Needs new key", "bad"),
        "Core cannot open the stored API key" if is_lost else "Kisi no longer accepts the API key",
        f"The doors stay as they are: nobody gains or loses access until you enter a new key. {waits} afterwards.",
        "Enter a new key",
        "kisi:credentials",
    )


def _wrong_organization(connection: KisiConnection, counts: Counts) -> Face:
    if connection.stranger:
        owner = connection.own_user_name or "somebody else"
        return Face(
            Tag("Wrong person", "bad"),
            "This key belongs to somebody else",
            f"It is {connection.stranger}'s; the connection was made with a key of {owner}. Core changed nothing.",
            "Enter another key",
            "kisi:credentials",
        )
    return Face(
        Tag("Wrong organization", "bad"),
        "This key belongs to another organization",
        f"It opens {connection.status_said}; the connection was made with {connection.organization_name}. "
        "Core changed nothing.",
        "Enter another key",
        "kisi:credentials",
    )


def _key_too_weak(connection: KisiConnection, counts: Counts) -> Face:
    owner = connection.own_user_name or "the key's owner"
    return Face(
        Tag("Key too weak", "bad"),
        "The key's owner may not change people in Kisi",
        f"The doors stay as they are. In Kisi make {owner} an administrator, or enter another key. "
        f"{changes(counts.waiting)}.",
        "Enter another key",
        "kisi:credentials",
    )


def _group_gone(connection: KisiConnection, counts: Counts) -> Face:
    return Face(
        Tag("Group not found", "bad"),
        f"Kisi has no group {connection.group_id} any more",
        "If it was deleted, nobody gets in through it. Core removed nobody. Enter another group's ID.",
        "Update credentials",
        "kisi:credentials",
    )


def _in_trouble(connection: KisiConnection, counts: Counts) -> Face:
    return Face(
        Tag("Kisi not answering", "warn"),
        f"Kisi has not answered since {_since(connection)}",
        f"Nobody's access was changed. {changes(counts.waiting)}; {tries_again(connection)} You need to do nothing.",
    )


_STANDING = {
    Status.DISCONNECTING: _disconnecting,
    Status.DISCONNECTED: _disconnected,
    Status.PAUSED: _paused,
    Status.NEEDS_NEW_KEY: _needs_new_key,
    Status.WRONG_ORGANIZATION: _wrong_organization,
    Status.KEY_TOO_WEAK: _key_too_weak,
    Status.GROUP_GONE: _group_gone,
    Status.IN_TROUBLE: _in_trouble,
}


def shut(connection: KisiConnection) -> str:
    """Why a right in this group lets nobody in, "" while it does."""
    if connection.status == Status.GROUP_GONE:
        return f"Kisi has no group {connection.group_id} any more"
    group = f"the group {connection.group_name}".rstrip()
    return "" if connection.doors else f"{group} opens no doors"


def inside(connection: KisiConnection, count: int) -> str:
    """How many get in, as far as Core can know."""
    has = "has" if count == 1 else "have"
    if connection.status == Status.DISCONNECTED:
        return f"{people(count)} had access when Kisi was disconnected"
    if shut(connection):
        return f"{people(count)} {has} access, but {shut(connection)}"
    return f"{people(count)} can open the doors"


_LATER = {
    Status.PAUSED: "once syncing is resumed",
    Status.NEEDS_NEW_KEY: "once there is a new key",
    Status.WRONG_ORGANIZATION: "once there is another key",
    Status.KEY_TOO_WEAK: "once the key may change people in Kisi",
    Status.GROUP_GONE: "once there is a group again",
    Status.IN_TROUBLE: "once Kisi answers again",
    Status.THROTTLED: "once Kisi lets Core go on",
}


STOPPED = "once Core's own sync runs again"


def later(connection: KisiConnection, *, is_silent: bool = False) -> str:
    """Since nothing is written now: when a change reaches the doors; "" where that is within seconds."""
    return _LATER.get(Status(connection.status), STOPPED if is_silent else "")


def retrying(connection: KisiConnection, count: int) -> str:
    if later(connection):
        return f"{people(count)} {'is' if count == 1 else 'are'} tried again {later(connection)}."
    return f"Retrying {people(count)}."


def _since(connection: KisiConnection) -> str:
    return clock(connection, connection.status_since)


def _who(connection: KisiConnection) -> str:
    by = connection.status_by
    return f" by {by.get_full_name() or by.get_username()}" if by else ""
