"""Each live check in words: its question, what was found, what that means, and what to do next. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.kisi import explain, wording
from integrations.kisi.models import KisiConnection
from integrations.kisi.wording import Counts
from members.slots import Tag
from members.words import counted, people

OK, BAD, UNKNOWN = Tag("OK", "ok"), Tag("Problem", "bad"), Tag("Could not check", "idle")
NOT_YET = Tag("Not checked yet", "idle")
_TAGS = {"ok": OK, "bad": BAD, "unknown": UNKNOWN}
Facts = dict[str, Any]
Status = KisiConnection.Status


@dataclass(frozen=True, slots=True)
class Answer:
    """One check as it is shown. `action` and `topic` lead on; "" for nowhere."""

    question: str
    tag: Tag
    text: str = ""
    button: str = ""
    action: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class _Check:
    question: str
    ok: Callable[[KisiConnection, Facts], str]
    bad: Callable[[KisiConnection, Facts], str]
    unknown: Callable[[KisiConnection, Facts], str]
    button: str = ""
    action: str = ""
    topic: str = ""


NEW_KEY = ("Update credentials", "kisi:credentials", "api-key")
TELL = "Tell whoever runs Core."


def _not_asked(connection: KisiConnection, facts: Facts) -> str:
    if connection.status == Status.DISCONNECTED:
        return "Kisi is disconnected, so it is not asked."
    return "Kisi could not be asked: see the first problem on this list."


def _not_yet(name: str) -> str:
    return "Check again measures it." if name == "time" else "Check again asks Kisi."


def _owner(connection: KisiConnection, facts: Facts) -> str:
    return str(facts.get("owner") or connection.own_user_name or "the key's owner")


def _accepted(connection: KisiConnection, facts: Facts) -> str:
    owner = facts.get("owner", connection.own_user_name)
    whose = f" It belongs to {owner}." if owner else ""
    return f"Kisi accepts the key that ends in {connection.key_last4}.{whose}"


def _other_organization(connection: KisiConnection, facts: Facts) -> str:
    """As it was found just now, else as the connection's state says: whose key it is may not be known then."""
    face = wording.standing(connection, Counts())
    if "has" not in facts and face is not None:
        return f"{face.heading}. {face.text}"
    return (
        f"The key is {_owner(connection, facts)}'s, of {facts.get('has') or 'another organization'}; the "
        f"connection was made with {connection.own_user_name}'s, of {connection.organization_name}. "
        "Core changes nothing until that is right."
    )


def _works(connection: KisiConnection, facts: Facts) -> str:
    """What a worker that lives means for changes now."""
    if connection.is_ending:
        return f"It runs. {_left(connection)}, so changes in Core no longer reach it."
    later = wording.later(connection)
    return f"It runs. Changes reach Kisi {later}." if later else "Changes reach Kisi within seconds."


def _left(connection: KisiConnection) -> str:
    is_over = connection.status == Status.DISCONNECTED
    return "Kisi is disconnected" if is_over else "Kisi is being disconnected"


def _unasked(connection: KisiConnection, facts: Facts) -> str:
    return f"{_left(connection)}, so nobody's access is confirmed any more."


def _bad_key(connection: KisiConnection, facts: Facts) -> str:
    if facts.get("sealed"):
        return f"Core cannot open the stored key. Enter it again. {TELL}"
    return (
        f"Kisi does not accept the key that ends in {connection.key_last4}. "
        "The doors stay as they are until you enter a new one."
    )


def _bad_time(connection: KisiConnection, facts: Facts) -> str:
    if "seconds" in facts:
        return (
            f"The slowest answer took {facts['seconds']} seconds. Everything goes through, only later. "
            "status.kisi.io shows known faults."
        )
    why = explain.failure(facts.get("failure", "")).heading
    return f"{why}. Nobody's access changes by that. status.kisi.io shows known faults."


def _quick(connection: KisiConnection, facts: Facts) -> str:
    seconds = facts.get("seconds", 0)
    took = f"{seconds} seconds" if seconds else "less than a tenth of a second"
    return f"The slowest answer took {took}."


def _opens(connection: KisiConnection, facts: Facts) -> str:
    doors = counted(facts.get("count", 0), "door", "doors")
    return f"{doors}: {', '.join(connection.doors)}." if connection.doors else f"{doors}."


def _bad_schedule(connection: KisiConnection, facts: Facts) -> str:
    if facts.get("silent"):
        return f"Nothing was started by the clock for 15 minutes or more, so dates and checks wait. {TELL}"
    checks = " and ".join(name.removeprefix("Kisi: ") for name in facts.get("off", []))
    return f"The {checks} is switched off in the Django admin, so changes made in Kisi by hand stay. {TELL}"


def _bad_mail(connection: KisiConnection, facts: Facts) -> str:
    if facts.get("nobody"):
        return f"No admin of this gym has an email address, so nobody is told of trouble. {TELL}"
    return f"The mail server did not answer ({facts.get('failure')}), so nobody is told of trouble. {TELL}"


def _mail_goes(connection: KisiConnection, facts: Facts) -> str:
    how = "The mail server answers." if facts.get("tried", True) else "A mail server is set up."
    return f"{how} {people(facts.get('admins', 0))} would be told of trouble."


def _shared(connection: KisiConnection, facts: Facts) -> str:
    count = facts.get("count", 0)
    if not count:
        return "Every member has an address of their own."
    addresses = "1 address is" if count == 1 else f"{count:,} addresses are"
    return f"{addresses} shared. Whoever shares one is one person for Kisi, so either subscription opens the doors."


_UNCONFIRMED = {
    "waiting": ("change waits for Kisi", "changes wait for Kisi"),
    "failed": ("change failed", "changes failed"),
    "held": ("removal is held", "removals are held"),
}


def _unconfirmed(connection: KisiConnection, facts: Facts) -> str:
    parts = [counted(facts[name], *forms) for name, forms in _UNCONFIRMED.items() if facts.get(name)]
    return f"{', '.join(parts)}."


def _changed(connection: KisiConnection, facts: Facts) -> str:
    count = facts.get("count", 0)
    were = "was" if count == 1 else "were"
    return (
        f"{people(count)} {were} changed in Kisi and put back in 7 days: "
        "is Zapier or another platform still on?"
    )


CHECKS = {
    "key": _Check(
        "Does the API key work?",
        _accepted,
        _bad_key,
        _not_asked,
        *NEW_KEY,
    ),
    "strength": _Check(
        "Is it strong enough?",
        lambda c, f: f"{_owner(c, f)} may change people in Kisi.",
        lambda c, f: (
            f"{_owner(c, f)} may not change people in Kisi. Make {_owner(c, f)} an administrator there, "
            "or enter another key."
        ),
        _not_asked,
        *NEW_KEY,
    ),
    "organization": _Check(
        "Is it the same organization?",
        lambda c, f: f"{c.organization_name}, as when it was connected.",
        _other_organization,
        _not_asked,
        *NEW_KEY,
    ),
    "group": _Check(
        "Does the group exist?",
        lambda c, f: f"{f.get('name') or c.group_name}, ID {c.group_id}.",
        lambda c, f: (
            f"Kisi shows this key no group {c.group_id}. If it was deleted, nobody gets in through it."
        ),
        _not_asked,
        *NEW_KEY,
    ),
    "doors": _Check(
        "Does it open doors?",
        _opens,
        lambda c, f: "This group opens no doors, so nobody gets in by it. Add doors to it in Kisi.",
        _not_asked,
        topic="connect",
    ),
    "time": _Check(
        "Does Kisi answer in time?",
        _quick,
        _bad_time,
        _not_asked,
    ),
    "schedule": _Check(
        "Is the schedule alive?",
        lambda c, f: "Dates and the daily and weekly checks come by themselves.",
        _bad_schedule,
        _not_asked,
    ),
    "worker": _Check(
        "Is the worker alive?",
        _works,
        lambda c, f: f"No sign of life for 15 minutes or more: changes wait, access stays as it is. {TELL}",
        _not_asked,
    ),
    "mail": _Check(
        "Can Core send mail?",
        _mail_goes,
        _bad_mail,
        lambda c, f: f"No mail server is set up here, so nobody is told of trouble. {TELL}",
    ),
    "shared": _Check("Do members share addresses?", _shared, _shared, _shared),
    "confirmed": _Check(
        "Is anyone entitled but not confirmed?",
        lambda c, f: "Kisi has confirmed everybody who is entitled and whom Core looks after.",
        _unconfirmed,
        _unasked,
        "See what to do",
        "kisi:attention",
        "no-access",
    ),
    "others": _Check(
        "Does something else change people in Kisi?",
        lambda c, f: "Nobody was changed against Core in 7 days.",
        _changed,
        _changed,
        "Open Activity",
        "kisi:activity",
    ),
}


def answers(
    connection: KisiConnection, found: Mapping[str, Facts], names: Iterable[str] = CHECKS
) -> list[Answer]:
    """These checks in the order of the page, as they were found."""
    return [_answer(connection, name, found[name]) for name in names]


def problems(told: list[Answer]) -> int:
    return sum(answer.tag == BAD for answer in told)


def summary(count: int) -> str:
    """How many problems were found, for the banner."""
    if not count:
        return "Checked: no problem found."
    return "Checked: 1 problem." if count == 1 else f"Checked: {count} problems."


def _answer(connection: KisiConnection, name: str, found: Facts) -> Answer:
    check, state = CHECKS[name], found["state"]
    if state == "not yet":
        return Answer(check.question, NOT_YET, _not_yet(name))
    tell = {"ok": check.ok, "bad": check.bad}.get(state, check.unknown)
    text, tag = tell(connection, found["facts"]), _TAGS[state]
    if state != "bad":
        return Answer(check.question, tag, text)
    return Answer(check.question, tag, text, check.button, check.action, check.topic)
