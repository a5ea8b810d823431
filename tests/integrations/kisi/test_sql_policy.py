"""The policy stands twice, in SQL and in plain Python: on random gyms both must say the same, in few queries."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.access import planner
from integrations.access.facts import Row, Wanted
from integrations.access.policy import Entry, Person, decide
from integrations.kisi.models import KisiConnection, KisiGrant, Release
from integrations.kisi.sync import gather
from members.models import Gym, Member
from plans.dates import apply_reached_dates
from plans.models import Plan, Subscription

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
STATUSES = list(Subscription.Status.values)
State = KisiGrant.State
GYMS = 50
AT_MOST_QUERIES = 4


@dataclass(frozen=True)
class Place:
    """One random gym with its neighbour, and the random source that goes on making its ledger."""

    gym: Gym
    connection: KisiConnection
    chance: random.Random


@pytest.fixture(params=range(GYMS))
def place(request) -> Place:
    return random_place(request.param)


def test_the_sql_policy_and_the_plain_policy_let_in_the_same_people(place):
    assert gather.wanted_addresses(place.gym.pk, TODAY) == wanted_by_policy(place.gym)


def test_the_sql_policy_says_of_each_subscription_what_the_plain_one_says(place):
    in_sql = set(gather.entitling(place.gym.pk, TODAY).values_list("pk", flat=True))
    subscriptions = Subscription.objects.select_related("member", "plan")
    plain = {
        found.pk
        for found in subscriptions
        if found.member.gym_id == place.gym.pk and decide(Person((entry(found, place.gym),)), TODAY).allowed
    }
    assert in_sql == plain


def test_what_will_entitle_tomorrow_is_what_entitles_once_the_dates_are_applied(place):
    ahead = set(gather.entitling_from(place.gym.pk, TODAY + DAY).values_list("pk", flat=True))
    apply_reached_dates(NOW + DAY, place.gym)
    assert ahead == set(gather.entitling(place.gym.pk, TODAY + DAY).values_list("pk", flat=True))


def test_the_wanted_addresses_are_the_same_as_a_part_of_a_query(place):
    assert set(gather.wanted_emails(place.gym.pk, TODAY)) == wanted_by_policy(place.gym).keys()


def test_the_differences_lead_to_the_same_changes_as_everything(place):
    random_ledger(place)
    everything = gather.everything(place.connection, TODAY, NOW)
    differences = gather.differences(place.connection, TODAY, NOW)
    for sole_source in (True, False):
        assert changes(differences, sole_source=sole_source) == changes(everything, sole_source=sole_source)
        assert open_ends(differences, sole_source=sole_source) == open_ends(
            everything, sole_source=sole_source
        )
    assert (differences.confirmed, differences.gone_without_word) == (
        everything.confirmed,
        everything.gone_without_word,
    )


def test_a_row_in_step_is_not_even_read(place):
    wanted = gather.wanted_addresses(place.gym.pk, TODAY)
    for one in wanted.values():
        in_step(place, one).save()
    facts = gather.differences(place.connection, TODAY, NOW)
    assert (facts.wanted, facts.ledger, facts.confirmed) == ({}, {}, len(wanted))


def test_one_address_is_seen_as_everything_sees_it(place):
    random_ledger(place)
    facts = gather.everything(place.connection, TODAY, NOW)
    for email in {*facts.wanted, *facts.ledger}:
        wanted, row = gather.one(place.connection, email, TODAY)
        assert (wanted, row) == (facts.wanted.get(email), facts.ledger.get(email))


def test_the_rows_say_of_address_changes_what_members_say(place):
    """`moved`: the row's member is entitled, under another address that is confirmed or not yet."""
    random_ledger(place)
    wanted = wanted_by_policy(place.gym)
    granted = set(place.connection.grants.filter(state=State.GRANTED).values_list("email", flat=True))
    for row in gather.everything(place.connection, TODAY, NOW).ledger.values():
        member = Member.objects.filter(pk=row.member_id, gym=place.gym).exclude(email__in=["", row.email])
        now_at = member.values_list("email", flat=True).first()
        entitled = now_at in wanted and is_allowed(member.get(), place.gym) if now_at else False
        expected = ("confirmed" if now_at in granted else "waiting") if entitled else ""
        assert row.moved == expected, row


@pytest.mark.parametrize("members", [10, 300])
def test_the_ledger_read_takes_at_most_four_queries_however_many_people(members):
    place = Place(*gym_and_connection("quiet"), random.Random(1))
    many_people(place, members)
    with CaptureQueriesContext(
        database,
    ) as queries:
        facts = gather.differences(place.connection, TODAY, NOW)
    assert len(queries) <= AT_MOST_QUERIES, [query["sql"][:200] for query in queries]
    assert facts.confirmed == members - members // 10
    assert len(facts.wanted) == members // 10


def test_a_gym_in_step_reads_no_row_at_all():
    place = Place(*gym_and_connection("quiet"), random.Random(1))
    many_people(place, 40, missing=0)
    facts = gather.differences(place.connection, TODAY, NOW)
    assert (facts.wanted, facts.ledger, facts.confirmed) == ({}, {}, 40)


# The plain policy over the same rows


def entry(found: Subscription, gym: Gym) -> Entry:
    return Entry(
        status=found.status,
        starts_on=found.starts_on,
        ends_on=found.ends_on,
        has_24hr_access=found.plan.has_24hr_access,
        ours=found.plan.gym_id == gym.pk,
    )


def is_allowed(member: Member, gym: Gym) -> bool:
    entries = tuple(entry(found, gym) for found in member.subscriptions.select_related("plan"))
    return decide(Person(entries), TODAY).allowed


def wanted_by_policy(gym: Gym) -> dict[str, Wanted]:
    """Every address of an allowed person; several people: the lowest id's name, the latest end and change."""
    found: dict[str, Wanted] = {}
    for member in Member.objects.filter(gym=gym).exclude(email="").order_by("pk"):
        entries = [(one, entry(one, gym)) for one in member.subscriptions.select_related("plan")]
        decision = decide(Person(tuple(pair[1] for pair in entries)), TODAY)
        if decision.allowed:
            giving = [one for one, shape in entries if decide(Person((shape,)), TODAY).allowed]
            at = max(member.changed_at, *(one.changed_at for one in giving))
            mine = Wanted(member.email, member.name, member.pk, decision.until, at)
            found[member.email] = joined(found[member.email], mine) if member.email in found else mine
    return found


def joined(first: Wanted, other: Wanted) -> Wanted:
    ends = [first.until, other.until]
    until = None if None in ends else max(end for end in ends if end)
    return replace(first, until=until, changed_at=max(first.changed_at, other.changed_at))


def changes(facts: gather.Facts, *, sole_source: bool) -> tuple[planner.Change, ...]:
    found = planner.plan(facts.wanted, facts.ledger, now=NOW, sole_source=sole_source).changes
    return tuple(sorted(found, key=lambda change: change.email))


def open_ends(facts: gather.Facts, *, sole_source: bool) -> tuple[set[str], ...]:
    """Who is held, waits, goes at cut-over, or was begun: what pages count beside the changes."""
    plan = planner.plan(facts.wanted, facts.ledger, now=NOW, sole_source=sole_source)
    return set(plan.held), set(plan.waiting), set(plan.at_cut_over), set(plan.in_flight)


# Random gyms


def gym_and_connection(slug: str) -> tuple[Gym, KisiConnection]:
    gym = Gym.objects.create(name=slug, slug=slug)
    facts = {"must_read_first": False, "sole_source_since": NOW}
    return gym, KisiConnection.objects.create(gym=gym, group_id=1000 + gym.pk, **facts)


def random_place(seed: int) -> Place:
    """Two gyms, a few plans each, people of both on plans of either, addresses shared and missing."""
    chance = random.Random(seed)
    gym, connection = gym_and_connection("harbor")
    other = Gym.objects.create(name="Other", slug="other")
    plans = Plan.objects.bulk_create(
        Plan(gym=chance.choice([gym, gym, other]), name=f"P{number}", has_24hr_access=chance.random() < 0.7)
        for number in range(5)
    )
    members = Member.objects.bulk_create(
        random_member(chance, chance.choice([gym, gym, gym, other]), number)
        for number in range(chance.randint(1, 18))
    )
    Subscription.objects.bulk_create(
        random_subscription(chance, member, plan)
        for member in members
        for plan in chance.sample(plans, chance.randint(0, 3))
    )
    for model in (Member, Subscription):
        for row in model.objects.all():
            model.objects.filter(pk=row.pk).update(changed_at=some_time(chance))
    return Place(gym, connection, chance)


def random_member(chance: random.Random, gym: Gym, number: int) -> Member:
    email = chance.choice(["", *(f"p{chance.randint(0, 7)}@example.com" for _ in range(9))])
    return Member(gym=gym, first_name=f"N{number}", last_name=chance.choice(["", "Ruiz"]), email=email)


def random_subscription(chance: random.Random, member: Member, plan: Plan) -> Subscription:
    status = chance.choice([*STATUSES, "active", "active", "pending_cancel"])
    ends_on = chance.choice([None, None, some_day(chance)])
    if status == Subscription.Status.PENDING_CANCEL:
        ends_on = some_day(chance)
    return Subscription(
        member=member, plan=plan, status=status, starts_on=some_day(chance, late=1), ends_on=ends_on
    )


def some_day(chance: random.Random, late: int = 3) -> date:
    return TODAY + chance.randint(-3, late) * DAY


def some_time(chance: random.Random) -> datetime:
    return NOW - timedelta(minutes=chance.randint(0, 5000))


def random_ledger(place: Place) -> None:
    """Rows for people wanted and not, some quite in step, most with something about them."""
    wanted = gather.wanted_addresses(place.gym.pk, TODAY)
    emails = [f"p{number}@example.com" for number in range(10)]
    for email in place.chance.sample(emails, place.chance.randint(4, 10)):
        row = in_step(place, wanted[email]) if email in wanted else unwanted(place, email)
        for name, value in spoiled(place, row).items():
            setattr(row, name, value)
        row.save()
    for email in place.chance.sample(emails, 2):
        Release.objects.create(connection=place.connection, email=email, cause="allowed")
    KisiGrant.objects.create(
        connection=place.connection, email="gone@example.com", state=State.CLOSED, closed_how="removed",
        closed_at=NOW - timedelta(hours=place.chance.randint(1, 40)),
    )  # fmt: skip


def in_step(place: Place, wanted: Wanted) -> KisiGrant:
    """A row about which nothing has to be done; a profile that was there keeps the name it has at Kisi."""
    facts = {"name": wanted.name, "member_id": wanted.member_id, "until": wanted.until}
    row = granted(place, wanted.email, **facts)
    if row.profile_was_there is not False:
        row.name = "Her Name At Kisi"
    return row


def unwanted(place: Place, email: str) -> KisiGrant:
    member = place.chance.choice([None, *Member.objects.filter(gym=place.gym)])
    return granted(place, email, name="Former", member=member)


def granted(place: Place, email: str, **facts: object) -> KisiGrant:
    return KisiGrant(
        connection=place.connection,
        email=email,
        state=State.GRANTED,
        origin=place.chance.choice(["created", "adopted"]),
        role_assignment_id=place.chance.randint(1, 10**6),
        profile_was_there=place.chance.choice([None, True, False]),
        **facts,
    )


def spoiled(place: Place, row: KisiGrant) -> dict[str, object]:
    """Up to two things that make a row differ; often none."""
    chance = place.chance
    ways: list[dict[str, object]] = [
        {"name": "Old Name"},
        {"until": some_day(chance)},
        {"until": None},
        {"member": chance.choice([None, *Member.objects.filter(gym=place.gym)])},
        {"member": Member.objects.filter(gym=place.gym, email=row.email).last()},
        {"held_since": NOW - DAY},
        {"kept_until": NOW + chance.choice([-DAY, DAY])},
        {"exempt": True},
        {"state": chance.choice([State.GRANTING, State.REVOKING, State.UNCERTAIN])},
        {"state": State.ABSENT, "role_assignment_id": None, "managed": chance.choice(["", "admin"])},
        {"retry_at": NOW + chance.choice([-DAY, DAY]), "wish": planner.wish_of(row.email, None)},
        {"trouble": KisiGrant.Trouble.REFUSED, "wish": planner.wish_of(row.email, None)},
    ]
    picked = chance.sample(ways, chance.choice([0, 1, 1, 1, 1, 2]))
    return {name: value for way in picked for name, value in way.items()}


def many_people(place: Place, count: int, *, missing: int | None = None) -> None:
    """`count` people on one plan, nine in ten of them in the ledger as they should be."""
    plan = Plan.objects.create(gym=place.gym, name="Open Door", has_24hr_access=True)
    members = Member.objects.bulk_create(
        Member(gym=place.gym, first_name=f"P{number}", email=f"p{number}@example.com")
        for number in range(count)
    )
    Subscription.objects.bulk_create(
        Subscription(member=member, plan=plan, status="active", starts_on=TODAY) for member in members
    )
    missing = count // 10 if missing is None else missing
    KisiGrant.objects.bulk_create(
        granted(place, member.email, name=member.name, member=member) for member in members[missing:]
    )


def test_a_row_in_step_is_a_row_of_the_planner_without_a_change():
    """The helper above says "in step": the planner must agree, or the comparison proves nothing."""
    row = Row("a@example.com", State.GRANTED, NOW, name="A", member_id=1, right_id=1)
    wanted = Wanted("a@example.com", "A", 1, None, NOW)
    assert not planner.plan({row.email: wanted}, {row.email: row}, now=NOW, sole_source=True).changes
