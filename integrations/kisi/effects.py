"""What a change in Core does to the doors, by name, before it is made; and the word of whoever confirms it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from integrations.access.policy import Person, decide
from integrations.kisi import explain, mails, numbers, wording
from integrations.kisi.entries import entry_of
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import deciding, gather, left_alone
from members import words
from members.models import Gym, Member
from members.slots import Addresses, Effect, EffectLine, ListMoved, Supposed

Status = KisiConnection.Status


class _Right(NamedTuple):
    """A subscription that opens doors, of whom and by which plan."""

    member: int
    subscription: int
    email: str
    name: str
    plan: str


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Who is entitled, and through which subscriptions."""

    names: dict[str, str]
    through: dict[str, frozenset[int]]
    members: dict[str, int]
    rights: dict[int, _Right]


class KisiEffects:
    """Fills `members.slots.door_effects`."""

    name = "Kisi"

    def forecast(self, gym: Gym, change: Callable[[], object], *, about: Addresses = None) -> Effect:
        """Who would gain, lose or keep access; `change` is run and rolled back. `about`: see DoorEffects."""
        connection = _deciding(gym)
        if connection is None:
            return Effect()
        with transaction.atomic():
            before = _snapshot(_rights(gym, about))
            change()
            effect = _effect(connection, before, _snapshot(_rights(gym, about)))
            transaction.set_rollback(True)
        return effect

    def suppose(self, gym: Gym, supposed: Supposed, *, about: Addresses = None) -> Effect:
        """Who would gain, lose or keep access if all were as supposed; only reads."""
        connection = _deciding(gym)
        if connection is None:
            return Effect()
        rights = _rights(gym, about)
        return _effect(connection, _snapshot(rights), _snapshot(_supposed(gym, supposed, rights)))

    def carry_out(
        self,
        gym: Gym,
        change: Callable[[], object],
        *,
        by: Any,
        cause: str,
        shown: str,
        about: Addresses = None,
    ) -> Effect:
        """Make the change and keep the word for everybody who loses by it; ListMoved changes nothing."""
        with transaction.atomic():
            connection = _deciding(gym, lock=True)
            if connection is None:
                change()
                return Effect()
            before = _snapshot(_rights(gym, about))
            change()
            effect = _effect(connection, before, _snapshot(_rights(gym, about)))
            if effect.touches_anybody and effect.fingerprint != shown:
                raise ListMoved(effect)
            _give_words(connection, effect, by=by, cause=cause)
        return effect


def _deciding(gym: Gym, *, lock: bool = False) -> KisiConnection | None:
    """The connection whose doors a change concerns; none when the gym has none or left Kisi."""
    rows = KisiConnection.objects.annotate(last_sign=numbers.OLDEST_SIGN).filter(gym=gym)
    rows = rows.exclude(status__in=[Status.DISCONNECTED, Status.DISCONNECTING])
    return (rows.select_for_update() if lock else rows).first()


def _rights(gym: Gym, about: Addresses) -> list[_Right]:
    subscriptions = gather.entitling(gym.pk, gym.today(timezone.now())).exclude(member__email="")
    if about is not None:
        subscriptions = subscriptions.filter(member__email__in=about)
    values = subscriptions.order_by("member_id", "pk").values_list(
        "member_id", "pk", "member__email", "member__first_name", "member__last_name", "plan__name"
    )
    return [
        _Right(member, pk, email, f"{first} {last}".strip(), plan)
        for member, pk, email, first, last, plan in values
    ]


def _supposed(gym: Gym, supposed: Supposed, rights: list[_Right]) -> list[_Right]:
    """The rights there would be, in the order in which they would be read."""
    today, changed = gym.today(timezone.now()), {row.pk for row in supposed.instead}
    stay = [
        right
        for right in rights
        if right.member not in supposed.leaving and right.subscription not in changed
    ]
    for row in supposed.instead:
        if row.member.email and decide(Person((entry_of(gym, row),)), today).allowed:
            stay.append(_Right(row.member_id, row.pk, row.member.email, row.member.name, row.plan.name))
    return sorted(stay)


def _snapshot(rights: Iterable[_Right]) -> _Snapshot:
    names: dict[str, str] = {}
    members: dict[str, int] = {}
    through: dict[str, set[int]] = {}
    known: dict[int, _Right] = {}
    for right in rights:
        known[right.subscription] = right
        names.setdefault(right.email, right.name)
        members[right.email] = right.member
        through.setdefault(right.email, set()).add(right.subscription)
    return _Snapshot(names, {email: frozenset(pks) for email, pks in through.items()}, members, known)


def _effect(connection: KisiConnection, before: _Snapshot, after: _Snapshot) -> Effect:
    came, went = set(after.names) - set(before.names), set(before.names) - set(after.names)
    shrunk = {email for email, pks in before.through.items() if pks - after.through.get(email, frozenset())}
    rows = _rows(connection, came | went | shrunk)
    left_alone = {email for email, row in rows.items() if row.is_left_alone} | _followed(
        connection, after, came
    )
    entitled, gone = sorted(came - left_alone), sorted(went - left_alone)
    gains = [email for email in entitled if not _has(rows.get(email))]
    stays = [email for email in entitled if email not in gains]
    later = [email for email in gone if _stays_until_cut_over(connection, rows.get(email))]
    loses = [email for email in gone if email not in later]
    keeps = sorted((shrunk & set(after.names)) - left_alone)
    lost = tuple(_lost(before, email, rows.get(email)) for email in loses)
    return Effect(
        gains=_lines(gains, after),
        loses=lost,
        keeps=tuple(_kept(before, after, email) for email in keeps),
        stays=_lines(stays, after),
        notes=(
            *_notes(connection, gains, [before.names[email] for email in later]),
            *_apart(len((came | went) & left_alone)),
            *_shared(connection, [*_lines(gains, after), *_lines(loses, before)]),
        ),
        warning=_warning(connection, [rows.get(email) for email in loses]),
        fingerprint=_fingerprint(gains, lost),
        later=_later(connection, is_removal=bool(loses) and not gains),
        keeps_profiles=connection.keep_profiles,
    )


def _later(connection: KisiConnection, *, is_removal: bool) -> str:
    reads = explain.READS_FIRST if is_removal and connection.must_read_first else ""
    return wording.later(connection, is_silent=_is_silent(connection)) or reads


def _is_silent(connection: KisiConnection) -> bool:
    """Whether Core's own worker has been silent for too long; `last_sign` comes with the connection."""
    return numbers.silent_since(connection, timezone.now(), connection.last_sign) is not None  # type: ignore[attr-defined]


def _kept(before: _Snapshot, after: _Snapshot, email: str) -> EffectLine:
    """Who lost a subscription, and through which they keep access: their own, or that of who has the same address."""
    gone = sorted(before.through[email] - set(after.rights))
    losers = {before.rights[pk].member: before.rights[pk].name for pk in gone}
    left = [after.rights[pk] for pk in sorted(after.through[email])]
    own = [right for right in left if right.member in losers]
    if own or not losers:
        right = (own or left)[-1]
        return EffectLine(right.name, email, right.plan)
    other, loser = left[-1], next(iter(losers.values()))
    return EffectLine(loser, email, f"{other.name}'s {other.plan}, who has the same address")


def _rows(connection: KisiConnection, emails: Collection[str]) -> dict[str, KisiGrant]:
    """The open row of each address, or the last one of somebody with a role in Kisi."""
    known = KisiGrant.objects.telling().filter(connection=connection)
    found = known.filter(email__in=emails) if emails else ()
    return {row.email: row for row in sorted(found, key=lambda row: (row.is_open, row.pk))}


def _followed(connection: KisiConnection, after: _Snapshot, came: Collection[str]) -> set[str]:
    """New addresses of members whom an admin left to Kisi."""
    return left_alone.followed(connection, {after.members[email]: email for email in came})


def _stays_until_cut_over(connection: KisiConnection, row: KisiGrant | None) -> bool:
    return connection.in_transition and row is not None and row.origin == KisiGrant.Origin.ADOPTED


def _has(row: KisiGrant | None) -> bool:
    return row is not None and (row.state == KisiGrant.State.GRANTED or row.is_asked_about)


def _lost(before: _Snapshot, email: str, row: KisiGrant | None) -> EffectLine:
    """Nothing goes of somebody whom Kisi has not let in yet, nor ever will."""
    has_none = row is None or row.state in (KisiGrant.State.ABSENT, KisiGrant.State.CLOSED)
    return EffectLine(before.names[email], email, explain.NONE_YET if has_none else "", has_none)


def _lines(emails: list[str], snapshot: _Snapshot) -> tuple[EffectLine, ...]:
    return tuple(EffectLine(snapshot.names[email], email) for email in emails)


def _notes(connection: KisiConnection, new: list[str], later: list[str]) -> tuple[str, ...]:
    """`later`: the names of those who lose it at cut-over."""
    notes = []
    if new and not connection.doors and connection.status != Status.GROUP_GONE:
        notes.append(explain.opens_nothing(wording.shut(connection)))
    if said := mails.expected(connection, new).said:
        notes.append(said)
    if later:
        who = later[0] if len(later) == 1 else words.people(len(later))
        notes.append(f"{who} can still get in until you cut over.")
    return tuple(notes)


def _apart(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    are = "is" if count == 1 else "are"
    return (f"{words.people(count)} {are} managed in Kisi: Core neither gives nor removes their access.",)


def _shared(connection: KisiConnection, lines: list[EffectLine]) -> tuple[str, ...]:
    """Who gets in and out with the one person a step is about; of many people nobody asks."""
    if len(lines) != 1:
        return ()
    here = Member.objects.filter(gym=connection.gym_id, email=lines[0].email).order_by("pk")
    others = [member.name for member in here if member.name != lines[0].name]
    has = "has" if len(others) == 1 else "have"
    return (f"{words.some(others)} {has} the same address, so the same door access.",) if others else ()


def _warning(connection: KisiConnection, rows: list[KisiGrant | None]) -> str:
    """`rows`: of each who loses access."""
    going = sum(row is not None and _has_profile_to_lose(connection, row) for row in rows)
    if not going or connection.keep_profiles:
        return ""
    return explain.history_lost(going) if going == len(rows) else explain.history_of_some_lost(going)


def _has_profile_to_lose(connection: KisiConnection, row: KisiGrant) -> bool:
    """A profile that was there before stays until the cut-over, and with whoever was never let in."""
    if row.profile_was_there is False:
        return row.is_open
    has_access = row.state not in (KisiGrant.State.ABSENT, KisiGrant.State.CLOSED)
    return has_access and not connection.in_transition


def _fingerprint(gains: list[str], lost: tuple[EffectLine, ...]) -> str:
    """Of who gains and who loses: whoever had none yet when the page was shown and has it since is shown again."""
    losing = [f"{line.email} {line.has_none}" for line in lost]
    return sha256("\n".join(["+", *gains, "-", *losing]).encode()).hexdigest()


def _give_words(connection: KisiConnection, effect: Effect, *, by: Any, cause: str) -> None:
    """Only where there is something to remove; a word for nobody would outlive its reason."""
    losing = [line.email for line in effect.loses]
    rows = KisiGrant.objects.open().filter(connection=connection, email__in=losing)
    now = timezone.now()
    for email in rows.values_list("email", flat=True):
        deciding.give_word(connection, email, cause=cause, by=by, now=now)
