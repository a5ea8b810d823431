"""Bugs in who gets access, and in what is remembered around a call. Data only."""

from __future__ import annotations

from tests.mutants.seed import Seed

LOST = "tests/integrations/kisi/sync/test_lost_answers.py"
LEASE = "tests/integrations/kisi/sync/test_lease.py"
GRANT = "tests/integrations/kisi/sync/test_grant.py"
ACCESS = "tests/rules/test_access.py"

SEEDS = (
    Seed(
        "no-intent-before-a-grant",
        "integrations.kisi.sync.ledger",
        old="_set(grant, state=State.GRANTING, ",
        new="_set(grant, state=State.ABSENT, ",
        breaks="a crash after the POST leaves somebody in Kisi whom nobody remembers",
        caught_by=(LEASE, LOST),
    ),
    Seed(
        "no-intent-before-a-removal",
        "integrations.kisi.sync.ledger",
        old="        _set(grant, state=State.REVOKING, worded=worded,",
        new="        _set(grant, worded=worded,",
        breaks="a crash after the DELETE leaves a row that says the right is still there",
        caught_by=(f"{LEASE}::test_a_holder_killed_after_any_call_leaves_work_that_the_next_one_finishes",),
    ),
    Seed(
        "a-lost-answer-is-a-yes",
        "integrations.kisi.sync.ledger",
        old='values |= {"state": State.UNCERTAIN, "retry_at"',
        new='values |= {"state": State.CLOSED if removal else State.GRANTED, "retry_at"',
        breaks="a write that got no answer is recorded as done",
        caught_by=(LOST,),
    ),
    Seed(
        "a-lost-answer-is-a-no",
        "integrations.kisi.sync.ledger",
        old="        if isinstance(error, NoAnswer) and error.wrote:\n",
        new="        if False:\n",
        breaks="a write that got no answer is taken as never carried out",
        caught_by=(LOST, "tests/integrations/kisi/sync/test_answers.py"),
    ),
    Seed(
        "not-found-once-is-proof",
        "integrations.kisi.sync.settle",
        old="    if row.missed_at is None:\n        ledger.save(",
        new="    if False:\n        ledger.save(",
        breaks="a search that lags makes Core forget a person it just created",
        caught_by=(LOST, "tests/integrations/kisi/sync/test_revoke.py"),
    ),
    Seed(
        "a-person-who-exists-ends-the-run",
        "integrations.kisi.sync.grant",
        old="        _find_existing(session, row, exists)\n        return False\n",
        new='        raise RuntimeError("this person exists already") from exists\n',
        breaks="a re-create after a 429 meets a 409, and the run dies",
        caught_by=(GRANT,),
    ),
    Seed(
        "every-profile-is-ours",
        "integrations.kisi.sync.people",
        old="    return mark_of(connection).items() <= dict(user.metadata).items()\n",
        new="    return True\n",
        breaks="a profile that somebody else made is renamed and deleted as Core's own",
        caught_by=(GRANT, "tests/rules/test_names_and_addresses.py"),
    ),
    Seed(
        "a-repair-mails-again",
        "integrations.kisi.sync.grant",
        old="    notify = session.connection.send_mails and not repair\n",
        new="    notify = session.connection.send_mails\n",
        breaks="every repair mails the member a new access",
        caught_by=("tests/rules/test_sent.py",),
    ),
    Seed(
        "the-day-is-greenwichs",
        "members.models",
        old="        return now.astimezone(self.zone).date()\n",
        new='        return now.astimezone(ZoneInfo("UTC")).date()\n',
        breaks="access ends and begins at midnight in Greenwich instead of at the gym",
        caught_by=(f"{ACCESS}::test_the_last_day_ends_at_midnight_on_the_gyms_own_wall",),
    ),
    Seed(
        "the-last-day-does-not-count",
        "integrations.kisi.sync.gather",
        old="Q(ends_on=None) | Q(ends_on__gte=on),",
        new="Q(ends_on=None) | Q(ends_on__gt=on),",
        breaks="members are locked out on the last day they paid for",
        caught_by=(ACCESS,),
    ),
    Seed(
        "another-gyms-plan-counts",
        "integrations.kisi.sync.gather",
        old="        plan__gym_id=gym_id,\n",
        new="",
        breaks="a subscription to another gym's plan opens this gym's doors",
        caught_by=(f"{ACCESS}::test_a_subscription_to_another_gyms_plan_never_counts",),
    ),
    Seed(
        "the-last-of-a-shared-address",
        "integrations.kisi.sync.gather",
        old="    return Wanted(first.email, first.name, first.member_id,",
        new="    return Wanted(other.email, other.name, other.member_id,",
        breaks="the name of a shared address changes with every member who joins it",
        caught_by=(
            "tests/integrations/kisi/sync/test_ledger.py",
            "tests/integrations/kisi/test_sql_policy.py",
        ),
    ),
    Seed(
        "a-shared-address-is-not-said",
        "integrations.kisi.doors",
        old="    if facts.sharers:\n",
        new="    if False:\n",
        breaks="nobody learns that two members are one person for Kisi",
        caught_by=(f"{ACCESS}::test_both_pages_say_that_the_address_is_shared",),
    ),
    Seed(
        "a-parked-person-is-tried-for-ever",
        "integrations.access.planner",
        old="        return row.parked or bool(",
        new="        return bool(",
        breaks="an address that Kisi refuses is sent again with every run",
        caught_by=(
            "tests/integrations/kisi/sync/test_answers.py::test_a_403_on_a_person_parks_that_person_and_the_others_go_on",
        ),
    ),
    Seed(
        "a-failure-is-not-kept",
        "integrations.kisi.sync.apply",
        old="        ledger.fail(session, row, error, removal=change.wanted is None)\n",
        new="        ledger.undo_intent(session, row)\n",
        breaks="a grant that fails in every run leaves no trace, and the page says all is well",
        caught_by=(
            "tests/integrations/kisi/sync/test_answers.py::test_a_403_on_a_person_parks_that_person_and_the_others_go_on",
        ),
    ),
    Seed(
        "the-page-is-green-while-one-failed",
        "integrations.kisi.glance",
        old="        faces.failed(counts) if counts.failed else None,\n",
        new="",
        breaks="the status says Connected while a member's last attempt failed",
        caught_by=(
            "tests/integrations/kisi/test_glance.py::TestNotGreen::test_somebodys_last_attempt_failed",
        ),
    ),
)
