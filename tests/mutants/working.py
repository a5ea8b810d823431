"""Bugs in when work is done, by whom, how fast, and with which key. Data only."""

from __future__ import annotations

from tests.mutants.seed import Seed

LEASE = "tests/integrations/kisi/sync/test_lease.py"
ANSWERS = "tests/integrations/kisi/sync/test_answers.py"
STATUSES = "tests/integrations/kisi/sync/test_statuses.py"
PAUSE = "tests/integrations/kisi/sync/test_pause.py"
PACE = "tests/integrations/kisi/test_pace.py"
SCHEDULE = "tests/integrations/kisi/test_schedule.py"

SEEDS = (
    Seed(
        "the-lease-is-not-looked-at",
        "integrations.kisi.sync.session",
        old="PaceGate(connection.own_user_id, clock, lease.check, on_answer=session.heard)",
        new="PaceGate(connection.own_user_id, clock, on_answer=session.heard)",
        breaks="a run that was paused or taken over goes on calling Kisi",
        caught_by=(f"{LEASE}::test_after_a_pause_or_disconnect_at_most_the_call_in_flight_goes_out",),
    ),
    Seed(
        "the-fence-is-not-looked-at",
        "integrations.kisi.sync.lease",
        old="filter(pk=self.connection_id, fence=self.fence, lease_until__gt=now)",
        new="filter(pk=self.connection_id, lease_until__gt=now)",
        breaks="a holder whose lease was taken over writes beside the new one",
        caught_by=(f"{LEASE}::test_a_lease_taken_over_in_a_call_ends_the_first_run",),
    ),
    Seed(
        "anybody-takes-the-lease",
        "integrations.kisi.sync.lease",
        old="                .filter(Q(lease_until=None) | Q(lease_until__lt=now))\n",
        new="",
        breaks="two workers write for one gym at once",
        caught_by=(f"{LEASE}::test_whoever_finds_the_lease_taken_returns_without_a_call",),
    ),
    Seed(
        "a-lease-runs-out-and-nobody-minds",
        "integrations.kisi.sync.lease",
        old="filter(pk=self.connection_id, fence=self.fence, lease_until__gt=now)",
        new="filter(pk=self.connection_id, fence=self.fence)",
        breaks="a call that took longer than the lease is recorded as if nobody else could have come",
        caught_by=(f"{LEASE}::test_a_lease_that_ran_out_in_a_call_ends_the_run_and_the_next_holder_settles",),
    ),
    Seed(
        "a-request-meanwhile-is-lost",
        "integrations.kisi.sync.lease",
        old="            mine = mine.filter(look_again=False)\n",
        new="            pass\n",
        breaks="a change that comes while a run works waits for the next sweep",
        caught_by=(f"{LEASE}::test_a_request_that_comes_while_a_run_works_is_served_by_it",),
    ),
    Seed(
        "a-slice-without-end",
        "integrations.kisi.sync.runs",
        old="        if session.clock.now() >= until:\n            return Outcome.MORE\n",
        new="",
        breaks="a long import keeps a worker from every other gym",
        caught_by=(f"{LEASE}::test_a_long_import_gives_the_worker_back_after_twenty_seconds_and_asks_again",),
    ),
    Seed(
        "paused-is-only-a-word",
        "integrations.kisi.sync.standing",
        old="    if connection.status in (Status.PAUSED, Status.DISCONNECTED):\n",
        new="    if connection.status == Status.DISCONNECTED:\n",
        breaks="access changes while the gym has paused the connection",
        caught_by=(f"{PAUSE}::test_while_paused_nothing_is_asked_and_nothing_is_sent",),
    ),
    Seed(
        "a-broken-connection-writes",
        "integrations.kisi.sync.standing",
        old="    return connection.is_broken or connection.status == Status.THROTTLED\n",
        new="    return False\n",
        breaks="a connection that Kisi refused goes on as if nothing were wrong, and never heals",
        caught_by=(f"{STATUSES}::test_in_trouble_nobodys_access_changes_and_the_backlog_drains_by_itself",),
    ),
    Seed(
        "a-wait-of-the-connection-is-not-kept",
        "integrations.kisi.sync.standing",
        old="    return connection.retry_at is None or connection.retry_at <= now\n",
        new="    return True\n",
        breaks="every wake-up calls a Kisi that asked for time",
        caught_by=(f"{STATUSES}::test_a_broken_connection_is_probed_every_fifteen_minutes_and_not_before",),
    ),
    Seed(
        "another-organizations-key-is-accepted",
        "integrations.kisi.sync.checks",
        old="    if me.organization_id != connection.organization_id:\n",
        new="    if False:\n",
        breaks="a key of another organization writes there",
        caught_by=(f"{ANSWERS}::test_a_key_of_another_organization_stops_before_any_write",),
    ),
    Seed(
        "another-persons-key-is-accepted",
        "integrations.kisi.sync.checks",
        old="    if me.id != connection.own_user_id:\n",
        new="    if False:\n",
        breaks="a stored key that became another person's is used, and its owner is not protected",
        caught_by=(f"{ANSWERS}::test_a_stored_key_that_became_another_persons_stops_before_any_write",),
    ),
    Seed(
        "no-checks-before-the-first-write",
        "integrations.kisi.sync.runs",
        old="    fresh = book.owes(len(calls))\n    check(session)\n",
        new="    fresh = book.owes(len(calls))\n",
        breaks="the first write of a run goes out before anybody looked whose key it is",
        caught_by=(
            "tests/integrations/kisi/sync/test_reads.py::test_the_first_write_of_a_lease_comes_after_the_key_and_the_group_were_looked_at",
        ),
    ),
    Seed(
        "a-dead-key-is-not-noticed",
        "integrations.kisi.sync.runs",
        old="    keep_watch(session)\n",
        new="",
        breaks="a key that dies while nothing is owed shows at the next change, days later",
        caught_by=("tests/integrations/kisi/sync/test_watch.py",),
    ),
    Seed(
        "a-weak-key-heals-by-itself",
        "integrations.kisi.sync.checks",
        old="    if session.connection.status == KisiConnection.Status.KEY_TOO_WEAK:\n",
        new="    if False:\n",
        breaks="every quarter of an hour a weak key tries everybody again, is refused, and mails",
        caught_by=("tests/integrations/kisi/sync/test_weak_key.py",),
    ),
    Seed(
        "refusals-are-nobodys-fault",
        "integrations.kisi.sync.apply",
        old="            check_strength(session)\n",
        new="            pass\n",
        breaks="a key that lost its role parks member after member, and nobody is told why",
        caught_by=("tests/integrations/kisi/sync/test_weak_key.py",),
    ),
    Seed(
        "a-pace-of-ones-own",
        "integrations.kisi.sync.session",
        old="PaceGate(connection.own_user_id, clock, lease.check,",
        new="PaceGate(connection.pk, clock, lease.check,",
        breaks="two gyms with one Kisi user together call twice as fast as Kisi allows",
        caught_by=(f"{PACE}::test_two_connections_with_one_kisi_user_share_one_pace",),
        needs_postgres=True,
    ),
    Seed(
        "a-429-slows-nobody",
        "integrations.kisi.governor",
        old="    return per_second / 2 if slowed else per_second\n",
        new="    return per_second\n",
        breaks="after a 429 the same pace meets the next one",
        caught_by=(PACE, ANSWERS),
    ),
    Seed(
        "good-reads-hide-failing-writes",
        "integrations.kisi.sync.session",
        old='        name = "failed_writes" if write else "failed_reads"\n',
        new='        name = "failed_reads"\n',
        breaks="writes fail for hours, and the good read between them keeps the page green",
        caught_by=(f"{STATUSES}::test_writes_that_fail_are_counted_over_runs",),
    ),
    Seed(
        "the-gate-is-measured-from-the-end",
        "integrations.kisi.sync.schedule",
        old='good_start=Subquery(good.values("started_at")[:1])',
        new='good_start=Subquery(good.values("finished_at")[:1])',
        breaks="a check that runs long is due a period late, every other time",
        caught_by=(f"{SCHEDULE}::test_the_start_of_the_run_counts_and_not_its_end",),
    ),
    Seed(
        "an-incomplete-read-counts",
        "integrations.kisi.sync.logbook",
        old="        state = SyncRun.State.INCOMPLETE if run.reason else SyncRun.State.FINISHED\n",
        new="        state = SyncRun.State.FINISHED\n",
        breaks="a read that concluded nothing passes for the weekly check",
        caught_by=(
            "tests/integrations/kisi/sync/test_reads.py::test_a_walk_that_was_not_whole_ends_as_incomplete_with_its_reason",
        ),
    ),
    Seed(
        "a-removal-waits-a-day",
        "integrations.kisi.sync.ledger",
        old="    return min(wait, REMOVAL_WAITS_AT_MOST) if removal else wait\n",
        new="    return wait\n",
        breaks="somebody who left gets in for a day after a few failed removals",
        caught_by=(
            "tests/integrations/kisi/sync/test_waits.py::test_a_removal_waits_thirty_minutes_at_most",
        ),
    ),
    Seed(
        "a-dead-broker-is-the-callers-trouble",
        "integrations.kisi.wake",
        old="        except Exception as error:",
        new="        except KeyError as error:",
        breaks="saving a member fails, or later callbacks are skipped, because the broker is down",
        caught_by=(
            "tests/integrations/kisi/test_wake.py::test_an_error_of_the_publisher_never_reaches_the_caller_and_later_callbacks_run",
        ),
    ),
)
