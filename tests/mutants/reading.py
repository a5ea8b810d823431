"""Bugs in how answers and lists of Kisi are read. Data only."""

from __future__ import annotations

from tests.mutants.seed import Seed

READS = "tests/integrations/kisi/sync/test_reads.py"
LISTS = "tests/integrations/kisi/test_client_lists.py"
CLIENT = "tests/integrations/kisi/test_client.py"
TRANSPORT = "tests/integrations/kisi/test_transport.py"
COMPARISON = "integrations.access.comparison"
FINDINGS = "integrations.kisi.sync.findings"
WALK = "integrations.kisi.transport.lists"

SEEDS = (
    Seed(
        "an-empty-list-is-believed",
        FINDINGS,
        old="    if not rights:\n        _believe_empty(session)\n",
        new="",
        breaks="an empty answer counts as a read of the whole group",
        caught_by=(f"{READS}::test_a_walk_that_was_not_whole_ends_as_incomplete_with_its_reason",),
    ),
    Seed(
        "missing-in-a-list-means-removed",
        FINDINGS,
        old="    ledger.doubt([row.pk for row in granted if row.state == State.GRANTED])\n",
        new="    for row in granted:\n        row.delete()\n",
        breaks="a partial list makes Core forget people who still hold their right",
        caught_by=(f"{READS}::test_an_empty_list_is_believed_only_when_known_rights_are_gone_singly_too",),
    ),
    Seed(
        "missing-in-a-list-is-planned-as-gone",
        COMPARISON,
        old='after[email] = replace(after[email], state="uncertain", waits_until=None)',
        new='after[email] = replace(after[email], state="absent", waits_until=None)',
        breaks="a preview promises a new access for everybody whom a partial list left out",
        caught_by=(
            "tests/integrations/access/test_properties.py::test_an_empty_list_removes_nobody_and_grants_nobody_unseen",
        ),
    ),
    Seed(
        "the-first-page-is-the-list",
        WALK,
        old="        total = now_total\n",
        new="        total = len(listed)\n",
        breaks="everybody after the first page is hidden",
        caught_by=(f"{READS}::test_a_walk_that_was_not_whole_ends_as_incomplete_with_its_reason",),
    ),
    Seed(
        "the-default-page-of-ten",
        WALK,
        old='        page = {**params, "limit": limit, "offset": len(found)}\n'
        "        listed, now_total = _page(http, path, page, parse, about)\n"
        "        _require_agreement(found, listed, total, now_total)\n"
        "        total = now_total\n",
        new='        page = {**params, "offset": len(found)}\n'
        "        listed, now_total = _page(http, path, page, parse, about)\n"
        "        total = len(listed)\n",
        breaks="Kisi's default page of 10 hides everybody after the tenth",
        caught_by=(f"{READS}::test_a_walk_that_was_not_whole_ends_as_incomplete_with_its_reason",),
    ),
    Seed(
        "a-list-that-shifts-is-believed",
        WALK,
        old='        raise _Shifted(f"the total changed from {total} to {now_total}")\n',
        new="        pass\n",
        breaks="offset paging is believed although the list changed while it was read",
        caught_by=(LISTS,),
    ),
    Seed(
        "the-same-row-twice-is-believed",
        WALK,
        old='        raise _Shifted("the same row twice")\n',
        new="        pass\n",
        breaks="a list that shifted by one in, one out is believed when its total is right",
        caught_by=(LISTS,),
    ),
    Seed(
        "a-list-without-its-range-is-believed",
        WALK,
        old='        raise WrongShape("X-Collection-Range is missing or odd")\n',
        new="        return 0\n",
        breaks="a list that does not say how long it is counts as whole",
        caught_by=(LISTS,),
    ),
    Seed(
        "a-filter-that-is-ignored-is-believed",
        "integrations.kisi.client",
        old="        if not fits(found):\n",
        new="        if False:\n",
        breaks="rights of other groups and of other people are read as those asked for",
        caught_by=(LISTS, CLIENT),
    ),
    Seed(
        "the-first-hit-of-a-search",
        "integrations.kisi.client",
        old="            exact = tuple(user for user in found if user.email == address)\n",
        new="            exact = found[:1]\n",
        breaks="the first hit of a search by address gets the door, whoever it is",
        caught_by=(CLIENT, "tests/integrations/kisi/sync/test_grant.py"),
    ),
    Seed(
        "a-manager-of-the-group-is-anybody",
        "integrations.kisi.sync.people",
        old='        if right.scope != "group" or right.role_id != GROUP_BASIC:\n',
        new='        if right.scope != "group":\n',
        breaks="somebody with another role in a group is treated like any member",
        caught_by=("tests/rules/test_never_touched.py",),
    ),
    Seed(
        "a-right-out-of-date-counts",
        "integrations.kisi.sync.people",
        old="if counts(right, session.connection.group_id) and right.valid_at(now)]",
        new="if counts(right, session.connection.group_id)]",
        breaks="a right that ran out is taken for access, and nobody gets a new one",
        caught_by=(f"{READS}::test_a_right_that_is_not_valid_now_is_no_access_and_ours_is_added_beside_it",),
    ),
    Seed(
        "a-recent-read-asks-since-the-end",
        "integrations.kisi.sync.reading",
        old="findings.recent_addresses(session.connection, last.started_at)",
        new="findings.recent_addresses(session.connection, last.finished_at)",
        breaks="whoever changed while the last recent read ran is never compared",
        caught_by=(f"{READS}::test_somebody_who_changed_while_a_recent_read_ran_is_in_the_next_one",),
    ),
    Seed(
        "a-redirect-is-followed",
        "integrations.kisi.transport.wire",
        old="    def get_redirect_target(self, resp: requests.Response) -> None:\n"
        '        """None: with a target requests reads the whole body first, whatever its size."""\n',
        new="    def request(self, *args: Any, **how: Any) -> requests.Response:\n"
        '        return super().request(*args, **(how | {"allow_redirects": True}))\n',
        breaks="a 3xx takes the key to another host",
        caught_by=(TRANSPORT,),
    ),
    Seed(
        "retry-after-is-ignored",
        "integrations.kisi.transport.calls",
        old="self.gate.slow_down(error.retry_after)",
        new="self.gate.slow_down(None)",
        breaks="Core calls again before the time that Kisi asked for",
        caught_by=(
            "tests/integrations/kisi/sync/test_answers.py::test_a_429_pushes_the_pace_by_what_kisi_says",
        ),
    ),
    Seed(
        "a-write-is-sent-again",
        "integrations.kisi.transport.calls",
        old="        tries = 1 if write else READ_TRIES\n",
        new="        tries = READ_TRIES\n",
        breaks="a write whose answer was lost is sent twice more without a look",
        caught_by=(TRANSPORT,),
    ),
    Seed(
        "a-dead-key-is-one-persons-trouble",
        "integrations.kisi.transport.answers",
        old="        return KeyRejected(said, **facts)\n",
        new="        return Forbidden(said, **facts)\n",
        breaks="a dead key fails every member one by one instead of stopping the run",
        caught_by=(TRANSPORT,),
    ),
    Seed(
        "anybodys-id-is-believed",
        "integrations.kisi.sync.people",
        old="    if user.email != grant.email:\n",
        new="    if False:\n",
        breaks="a Kisi person who took another address gets our member's right",
        caught_by=(
            "tests/integrations/kisi/sync/test_grant.py",
            "tests/integrations/kisi/sync/test_looks_before_acts.py",
        ),
    ),
)
