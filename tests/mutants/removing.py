"""Bugs in who loses access, how, and on whose word. Data only."""

from __future__ import annotations

from tests.mutants.seed import Seed

BRAKE = "tests/integrations/kisi/sync/test_brake.py"
REVOKE = "tests/integrations/kisi/sync/test_revoke.py"
PLANNER = "tests/integrations/access/test_planner.py"
PROFILES = "tests/rules/test_profiles.py"
NEVER_TOUCHED = "tests/rules/test_never_touched.py"
ADDRESSES = "tests/rules/test_names_and_addresses.py"

SEEDS = (
    Seed(
        "the-brake-is-armed-above-five",
        "integrations.access.brake",
        old="holds=owed > 0 and over",
        new="holds=owed > 5 and over",
        breaks="in a small gym the brake never fires",
        caught_by=("tests/integrations/access/test_brake.py", BRAKE),
    ),
    Seed(
        "the-brake-forgets-the-last-day",
        "integrations.access.brake",
        old="over = allowed is not None and owed + gone_without_word > allowed",
        new="over = allowed is not None and owed > allowed",
        breaks="many small batches remove everybody within a day",
        caught_by=("tests/integrations/access/test_brake.py",),
    ),
    Seed(
        "the-brake-counts-a-slice",
        "integrations.kisi.sync.planning",
        old="        owed=len(plan.owed) + len(plan.in_flight),\n",
        new="        owed=len(plan.owed[:3]),\n",
        breaks="the brake judges what one slice would remove instead of the whole batch",
        caught_by=(BRAKE,),
    ),
    Seed(
        "the-brake-forgets-begun-removals",
        "integrations.kisi.sync.planning",
        old="        owed=len(plan.owed) + len(plan.in_flight),\n",
        new="        owed=len(plan.owed),\n",
        breaks="removals that were begun and got no answer make room for as many more",
        caught_by=(f"{BRAKE}::test_a_removal_that_was_begun_and_got_no_answer_counts",),
    ),
    Seed(
        "a-hold-outlives-its-reason",
        "integrations.kisi.sync.apply",
        old="            held_since=None,\n            kept_until=None,\n",
        new="            kept_until=None,\n",
        breaks="somebody who is wanted again stays held, and is not judged when leaving next",
        caught_by=(f"{BRAKE}::test_being_wanted_again_ends_the_hold",),
    ),
    Seed(
        "a-decision-to-keep-is-not-heard",
        "integrations.kisi.sync.ledger",
        old="or _protected_by_choice(row):",
        new="or False:",
        breaks="somebody whom an admin just kept is removed all the same",
        caught_by=(f"{BRAKE}::test_a_decision_to_keep_between_plan_and_removal_is_heard",),
    ),
    Seed(
        "a-word-is-for-any-list",
        "integrations.kisi.effects",
        old="effect.touches_anybody and effect.fingerprint != shown",
        new="effect.touches_anybody and not shown",
        breaks="confirming one list lets people go who came onto it later",
        caught_by=(
            f"{BRAKE}::test_a_list_that_changed_since_it_was_shown_is_shown_again_and_changes_nothing",
        ),
    ),
    Seed(
        "a-word-lasts-for-ever",
        "integrations.kisi.sync.planning",
        old="        old.delete()\n",
        new="        pass\n",
        breaks="a word given weeks ago lets somebody go who came back since",
        caught_by=(f"{BRAKE}::test_a_word_lasts_seven_days",),
    ),
    Seed(
        "allow-lets-the-entitled-go",
        "integrations.kisi.sync.deciding",
        old="    going = [row for row in rows if row.email not in wanted]\n    with",
        new="    going = rows\n    with",
        breaks="Allow gives a word against people who are entitled again",
        caught_by=(f"{BRAKE}::test_allow_leaves_out_whoever_is_entitled_again",),
    ),
    Seed(
        "the-old-address-goes-first",
        "integrations.kisi.sync.gather",
        old='        When(elsewhere, then=Value("waiting")),',
        new='        When(elsewhere, then=Value("confirmed")),',
        breaks="a changed address is removed before the new one has access",
        caught_by=(f"{ADDRESSES}::test_the_old_person_keeps_the_door_however_long_the_new_one_waits",),
    ),
    Seed(
        "a-changed-address-is-a-removal",
        "integrations.access.planner",
        old="        elif row.moved:\n            self._moves(row)\n",
        new="",
        breaks="a changed address is planned as a person who left and another who came",
        caught_by=(PLANNER,),
    ),
    Seed(
        "removal-goes-by-member",
        "integrations.access.planner",
        old="        elif want:\n            self._stays(want, row)\n",
        new="        elif want and row.member_id in (None, want.member_id):\n            self._stays(want, row)\n",
        breaks="two entitled people who swap their addresses are both removed",
        caught_by=(f"{ADDRESSES}::test_a_swap_of_two_addresses_in_two_saves_within_one_run_removes_nobody",),
    ),
    Seed(
        "the-wish-is-not-read-again",
        "integrations.kisi.sync.ledger",
        old="        if wanted is not None and not session.connection.is_leaving:\n",
        new="        if False:\n",
        breaks="somebody wanted again between plan and removal is removed",
        caught_by=(f"{REVOKE}::test_somebody_wanted_again_between_plan_and_removal_stays",),
    ),
    Seed(
        "nobody-is-looked-at-before-a-removal",
        "integrations.kisi.sync.revoke",
        old="    role = people.protected_role(session, row.kisi_user_id, rights)\n",
        new='    role = ""\n',
        breaks="somebody who became staff a moment ago is removed",
        caught_by=(f"{REVOKE}::test_a_person_who_became_staff_a_moment_ago_is_seen_by_the_look",),
    ),
    Seed(
        "the-owner-is-anybody",
        "integrations.kisi.sync.people",
        old="    if user_id == session.connection.owner_id:\n",
        new="    if False:\n",
        breaks="the organization's owner is treated like any member",
        caught_by=(NEVER_TOUCHED,),
    ),
    Seed(
        "the-keys-own-user-is-anybody",
        "integrations.kisi.sync.people",
        old="    if user_id == session.connection.own_user_id:\n",
        new="    if False:\n",
        breaks="the key's own user is removed, and the key with that person",
        caught_by=(f"{NEVER_TOUCHED}::test_the_keys_own_user_is_never_touched",),
    ),
    Seed(
        "suspending-instead-of-the-right",
        "integrations.kisi.sync.revoke",
        old="        remove_right(session, right.id)\n    return finish(",
        new='        session.kisi._send("PATCH", f"/users/{right.user_id}", {"user": {"access_enabled": False}})\n'
        "    return finish(",
        breaks="access is disabled in the whole organization instead of in our group",
        caught_by=(f"{REVOKE}::test_a_removal_reads_the_person_first_then_the_right_goes_then_the_profile",),
    ),
    Seed(
        "the-profile-goes-despite-other-rights",
        "integrations.kisi.sync.revoke",
        old="lone_right=bool(doomed) and len(doomed) == len(rights)",
        new="lone_right=bool(doomed)",
        breaks="a person with a right in another group loses the profile, and that right with it",
        caught_by=(
            f"{PROFILES}::test_somebody_with_a_right_in_another_group_keeps_the_profile_and_that_right",
        ),
    ),
    Seed(
        "the-profile-goes-despite-a-team",
        "integrations.kisi.sync.people",
        old="    return session.team is None or user_id in session.team\n",
        new="    return False\n",
        breaks="a person in a team loses the profile, and the team's doors with it",
        caught_by=(f"{PROFILES}::test_somebody_in_a_team_keeps_the_profile",),
    ),
    Seed(
        "teams-that-cannot-be-read-are-none",
        "integrations.kisi.sync.people",
        old="    return session.team is None or user_id in session.team\n",
        new="    return session.team is not None and user_id in session.team\n",
        breaks="profiles go while nobody knows who is in a team",
        caught_by=(f"{PROFILES}::test_nobody_loses_the_profile_while_the_teams_cannot_be_read",),
    ),
    Seed(
        "another-gym-is-nobodys-business",
        "integrations.kisi.sync.people",
        old="    return not _wanted_elsewhere(session, grant) and not _in_team(session, grant.kisi_user_id)\n",
        new="    return not _in_team(session, grant.kisi_user_id)\n",
        breaks="leaving one gym of an organization deletes the profile that another gym let in",
        caught_by=(
            f"{PROFILES}::test_somebody_whom_another_gym_of_the_organization_wants_and_has_not_let_in_yet_keeps_the_profile",
        ),
    ),
    Seed(
        "not-found-means-removed",
        "integrations.kisi.sync.revoke",
        old="    except Gone:\n        require_group(session)\n        return\n",
        new="    except Gone:\n        return\n",
        breaks="a 404 by a key of another organization, or a demoted one, is read as already removed",
        caught_by=(
            f"{REVOKE}::test_a_key_demoted_in_the_middle_of_a_removal_removes_nobody_and_closes_no_row",
        ),
    ),
    Seed(
        "an-empty-list-proves-the-right-is-gone",
        "integrations.kisi.sync.revoke",
        old="    if not doomed:\n        require_gone(session, row)\n",
        new="",
        breaks="an empty list of one person's rights closes the row of somebody who still gets in",
        caught_by=(f"{REVOKE}::test_an_empty_list_alone_is_no_proof_that_the_right_is_gone",),
    ),
    Seed(
        "move-in-removes-what-others-gave",
        "integrations.access.planner",
        old='        if not self.sole_source and row.origin != "created":\n',
        new="        if False:\n",
        breaks="before the cut-over people lose an access that Core did not give",
        caught_by=(PLANNER, "tests/integrations/kisi/sync/test_transition.py"),
    ),
    Seed(
        "removals-before-the-first-full-read",
        "integrations.kisi.sync.planning",
        old="    if connection.must_read_first:\n",
        new="    if False:\n",
        breaks="after a reconnect people are removed by a ledger that may be old",
        caught_by=("tests/integrations/kisi/sync/test_reconnect.py",),
    ),
    Seed(
        "left-to-kisi-is-not-heard",
        "integrations.kisi.sync.ledger",
        old="        if row is None or row.exempt or _protected_by_choice(row):\n",
        new="        if row is None or _protected_by_choice(row):\n",
        breaks="somebody left to Kisi between plan and removal is removed",
        caught_by=("tests/rules/test_taking_over.py",),
    ),
)
