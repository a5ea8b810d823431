"""Members by door access and cause: on random gyms the database finds whom `doors.answer` tells so."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integrations.access.policy import Reason
from integrations.kisi import access_filter, doors
from integrations.kisi.access_filter import CAUSES, RANKS, STATES
from integrations.kisi.doors import Answer, Facts
from integrations.kisi.models import KisiConnection, KisiGrant, Release
from members.models import Gym, Member
from plans.models import Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
GYMS = 60
ROW_STATES = [*KisiGrant.State.values, "granted", "granted", "closed", "uncertain", "uncertain"]
# The tag on a member's page, and the state to choose for it.
STATE_OF = {
    "Can get in": "in",
    "Kept": "in",
    "Can't get in": "out",
    "Suspended": "out",
    "No doors": "out",
    "Waiting": "waiting",
    "Failed": "failed",
    "Held": "held",
    "In Kisi": "kisi",
}


def random_gym(seed: int) -> KisiConnection:
    """Ten people, some with one address or none, any subscriptions, any rows."""
    chance = random.Random(seed)
    gym = GymFactory()
    since = NOW if chance.random() < 0.5 else None
    doors = ["Front door"] if chance.random() < 0.8 else []
    status = chance.choice(["connected"] * 8 + ["group_gone", "disconnecting"])
    connection = KisiConnection.objects.create(
        gym=gym, group_id=seed + 1, sole_source_since=since, doors=doors, status=status
    )
    plans = [PlanFactory(gym=gym, has_24hr_access=opens) for opens in (True, True, False)]
    plans.append(PlanFactory(has_24hr_access=True))
    for number in range(10):
        email = chance.choice([f"p{number}@example.com", f"p{number}@example.com", "home@example.com", ""])
        member = MemberFactory(gym=gym, first_name=f"P{number}", email=email)
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            _subscribe(member, chance.choice(plans), chance)
    for email in sorted(set(Member.objects.of_gym(gym).with_address().values_list("email", flat=True))):
        for _ in range(chance.choice([0, 0, 1])):
            _row(connection, email, chance, state="closed")
        if chance.random() < 0.8:
            _row(connection, email, chance)
        if chance.random() < 0.2:
            due = chance.choice([None, TODAY, TODAY + timedelta(days=1)])
            Release.objects.create(connection=connection, email=email, cause="allowed", due_on=due)
    return connection


def _subscribe(member: Member, plan: object, chance: random.Random) -> None:
    status = chance.choice(Subscription.Status.values)
    ends = chance.choice([None, -3, 0, 4]) if status != "pending_cancel" else chance.choice([-3, 0, 4])
    SubscriptionFactory(
        member=member,
        plan=plan,
        status=status,
        starts_on=TODAY + timedelta(days=chance.choice([-9, -9, 0, 2])),
        ends_on=None if ends is None else TODAY + timedelta(days=ends),
    )


def _row(connection: KisiConnection, email: str, chance: random.Random, **known: str) -> None:
    def often(share: float) -> bool:
        return chance.random() < share

    KisiGrant.objects.create(
        connection=connection,
        email=email,
        state=known.get("state") or chance.choice(ROW_STATES),
        origin=chance.choice(["created", "adopted", ""]),
        trouble=chance.choice(["", "", *KisiGrant.Trouble.values]),
        exempt=often(0.1),
        managed="has the role administrator" if often(0.1) else "",
        other_way=often(0.3),
        suspended=often(0.2),
        retry_at=NOW if often(0.3) else None,
        role_assignment_id=7 if often(0.8) else None,
        confirmed_at=NOW if often(0.9) else None,
        intent_at=NOW + timedelta(hours=chance.choice([-1, -1, 0, 1])) if often(0.7) else None,
        missed_at=NOW if often(0.2) else None,
        held_since=NOW if often(0.25) else None,
        kept_until=NOW if often(0.25) else None,
    )


def answers(connection: KisiConnection) -> Iterator[tuple[Member, Facts, Answer]]:
    members = list(Member.objects.of_gym(connection.gym))
    for facts in doors.gather_facts(connection.gym, members, TODAY).values():
        yield facts.member, facts, doors.answer(facts)


def found(connection: KisiConnection, value: str) -> set[str]:
    members = Member.objects.of_gym(connection.gym)
    return {member.name for member in access_filter.narrow(members, value, connection, TODAY)}


@pytest.mark.parametrize("seed", range(GYMS))
def test_everybody_is_in_the_one_state_that_their_page_tells(seed):
    connection = random_gym(seed)
    expected: dict[str, set[str]] = {state: set() for state in STATES}
    for member, _, said in answers(connection):
        expected[STATE_OF[said.tag.word]].add(member.name)
    assert {state: found(connection, state) for state in STATES} == expected


@pytest.mark.parametrize("seed", range(GYMS))
def test_everybody_is_found_by_the_reason_of_their_page(seed):
    connection = random_gym(seed)
    expected: dict[str, set[str]] = {reason: set() for reason in Reason}
    for member, facts, _ in answers(connection):
        expected[facts.decision.reason].add(member.name)
    assert {reason: found(connection, reason) for reason in Reason} == expected


@pytest.mark.parametrize("seed", range(0, GYMS, 3))
def test_the_other_causes_are_those_of_the_page(seed):
    connection = random_gym(seed)
    told = {
        "no email": "no-email",
        "Kisi refused": "parked",
        "kept": "kept",
        "another way in": "other-way",
        "until cut-over": "not-cut-over",
    }
    others = ["suspended", "exempt", "managed", "shared"]
    expected: dict[str, set[str]] = {cause: set() for cause in [*told.values(), *others]}
    for member, facts, said in answers(connection):
        if facts.row and facts.row.exempt:
            expected["exempt"].add(member.name)
        elif said.tag.word == "In Kisi" and said.short != "another way in":
            expected["managed"].add(member.name)
        elif said.short in told and said.short != "no email":
            expected[told[said.short]].add(member.name)
        if said.tag.word == "Suspended":
            expected["suspended"].add(member.name)
        if not member.email:
            expected["no-email"].add(member.name)
        if facts.sharers:
            expected["shared"].add(member.name)
    assert {cause: found(connection, cause) for cause in expected} == expected


@pytest.mark.parametrize("seed", range(0, GYMS, 3))
def test_who_waits_waits_for_a_turn_or_to_be_tried_again(seed):
    connection = random_gym(seed)
    expected: dict[str, set[str]] = {"turn": set(), "retry": set()}
    for member, facts, said in answers(connection):
        if said.tag.word == "Waiting":
            expected["retry" if facts.row and facts.row.retry_at else "turn"].add(member.name)
    assert {cause: found(connection, cause) for cause in expected} == expected


@pytest.mark.parametrize("seed", range(0, GYMS, 3))
def test_the_order_by_access_is_that_of_the_states(seed):
    connection = random_gym(seed)
    ranks = {member.name: RANKS.index(STATE_OF[said.tag.word]) for member, _, said in answers(connection)}
    members = access_filter.ranked(Member.objects.of_gym(connection.gym), connection, TODAY)
    assert {member.name: member.rank for member in members} == ranks


@pytest.mark.parametrize("trouble", [trouble for trouble in KisiGrant.Trouble if trouble])
def test_a_trouble_finds_whoever_has_it(trouble):
    here = KisiConnection.objects.create(gym=GymFactory(), group_id=1, sole_source_since=NOW)
    for name, has in (("Ana", trouble), ("Ben", "")):
        member = MemberFactory(gym=here.gym, first_name=name)
        KisiGrant.objects.create(connection=here, email=member.email, state="absent", trouble=has)
    assert found(here, trouble) == {"Ana Test"}


def test_every_reason_and_trouble_has_its_words_and_stands_once():
    causes = [cause for group in CAUSES.values() for cause in group]
    assert {*Reason, *KisiGrant.Trouble} - {KisiGrant.Trouble.NONE} <= set(causes)
    assert len(set(causes) | set(STATES)) == len(causes) + len(STATES)
    assert set(RANKS) == set(STATES)


def test_a_row_of_another_gym_says_nothing_here():
    facts = {"sole_source_since": NOW, "doors": ["Front door"]}
    here = KisiConnection.objects.create(gym=GymFactory(), group_id=1, **facts)
    there = KisiConnection.objects.create(gym=GymFactory(), group_id=2, **facts)
    for gym in Gym.objects.all():
        SubscriptionFactory(member=MemberFactory(gym=gym, first_name="Ana"), starts_on=TODAY)
    KisiGrant.objects.create(connection=there, email="ana@example.com", state="granted")
    assert found(here, "in") == set()
    assert found(here, "waiting") == {"Ana Test"}
    assert found(there, "in") == {"Ana Test"}
