"""How many could get in, day by day: today's number walked back through what was noted (pure, then from rows)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kisi import curve
from integrations.kisi.curve import DAYS, Curve, Day, Move, walk_back
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync.drift import Drift
from tests.factories import GymFactory
from tests.integrations.kisi.diary import NOON, Diary

TODAY = date(2026, 11, 20)
MOVES = st.dictionaries(
    st.integers(0, 30).map(lambda back: TODAY - timedelta(days=back)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
)


def move_of(gained: int, lost: int) -> Move:
    return Move(gained - lost, gained, lost)


def back(people: int, moves: dict[int, tuple[int, int]], days: int = 4) -> list[int]:
    known = {TODAY - timedelta(days=ago): move_of(*move) for ago, move in moves.items()}
    return [
        day.people
        for day in walk_back(people, known, first=TODAY - timedelta(days=days - 1), last=TODAY).days
    ]


class TestWalkingBack:
    def test_nothing_happened(self):
        assert back(7, {}) == [7, 7, 7, 7]

    def test_each_day_is_undone_to_know_the_one_before(self):
        assert back(7, {0: (2, 0), 2: (0, 3)}) == [8, 5, 5, 7]

    def test_what_was_noted_wrongly_never_makes_fewer_than_nobody(self):
        assert back(1, {0: (5, 0)}) == [0, 0, 0, 1]

    @given(people=st.integers(0, 50), moves=MOVES)
    def test_forwards_it_is_what_each_day_says(self, people, moves):
        moves = {on: move_of(*move) for on, move in moves.items()}
        days = walk_back(people, moves, first=TODAY - timedelta(days=30), last=TODAY).days
        assert len(days) == 31
        assert days[-1].people == people
        for before, day in zip(days, days[1:], strict=False):
            assert before.people == max(day.people - day.gained + day.lost, 0)


class TestPicture:
    def drawn(self, *people: int) -> Curve:
        return Curve(tuple(Day(TODAY + timedelta(days=n), count) for n, count in enumerate(people)))

    def test_a_step_where_the_number_changes(self):
        assert self.drawn(5, 10, 10, 0).line == "M0 50.0H1V 0.0H3V 100.0H4"
        assert self.drawn(5, 10).area == "M0 50.0H1V 0.0H2V100H0Z"

    def test_nobody_at_all_lies_at_the_bottom(self):
        assert self.drawn(0, 0).line == "M0 100.0H2"

    def test_the_most_and_the_fewest(self):
        drawn = self.drawn(4, 9, 9, 4)
        assert (drawn.most.on - TODAY).days == 2
        assert (drawn.fewest.on - TODAY).days == 3

    def test_the_table_has_the_days_that_changed_and_both_ends(self):
        days = [Day(TODAY + timedelta(days=n), 5, gained=n == 2) for n in range(5)]
        assert [day.on.day for day in Curve(tuple(days)).changed] == [24, 22, 20]

    def test_the_table_has_the_days_on_which_people_were_only_taken_over(self):
        assert [day.on.day for day in self.drawn(5, 5, 9, 9, 9).changed] == [24, 22, 20]

    @pytest.mark.parametrize(
        ("gained", "lost", "said"),
        [
            (0, 0, "nobody got or lost access"),
            (1, 0, "1 person got access"),
            (0, 2, "2 people lost access"),
            (3, 1, "3 people got access, 1 person lost it"),
        ],
    )
    def test_a_day_in_words(self, gained, lost, said):
        assert Day(TODAY, 1, gained, lost).said == said


@pytest.mark.django_db
class TestFromRows:
    @pytest.fixture
    def diary(self) -> Diary:
        gym = GymFactory(timezone="America/Los_Angeles")  # noon in UTC is four in the morning
        connection = KisiConnection.objects.create(
            gym=gym, group_id=1, connected_at=NOON - timedelta(days=400)
        )
        return Diary(connection)

    def people(self, diary: Diary, now: int = 10) -> list[int]:
        return [day.people for day in curve.of(diary.connection, now, NOON).days[-4:]]

    def test_what_gave_and_what_took(self, diary):
        for kind in ("granted", "adopted", "repaired"):
            diary.event(kind, "Ana", hours=-24)
        diary.event("revoked", "Ana")
        assert self.people(diary) == [8, 8, 11, 10]

    def test_what_was_only_said_changes_no_number(self, diary):
        for kind in (
            "held",
            "allowed",
            "kept",
            "refused",
            "managed",
            "exempted",
            "renamed",
            "status",
            "setting",
        ):
            diary.event(kind, "Ana")
        assert self.people(diary) == [10] * 4

    def test_a_right_that_kisi_lost_was_lost_until_it_was_put_back(self, diary):
        diary.event("drift", "Ana", hours=-48, cause=Drift.RIGHT_GONE)
        diary.event("drift", "Ana", hours=-48, cause=Drift.SUSPENDED)
        diary.event("repaired", "Ana", hours=-24)
        assert self.people(diary) == [10, 9, 10, 10]

    def test_who_stayed_behind_in_another_group_left_ours(self, diary):
        facts = {"connection": diary.connection, "state": "closed", "closed_at": NOON}
        KisiGrant.objects.create(email="ana@example.com", closed_how="left_behind", **facts)
        KisiGrant.objects.create(email="ben@example.com", closed_how="removed", **facts)
        assert self.people(diary) == [11, 11, 11, 10]

    def told(self, diary: Diary) -> list[tuple[int, int]]:
        return [(day.gained, day.lost) for day in curve.of(diary.connection, 10, NOON).days[-2:]]

    def left(self, diary: Diary, name: str, how: str = "left_behind", **facts: Any) -> None:
        facts = {"closed_at": NOON, "role_assignment_id": 7, "state": "closed"} | facts
        KisiGrant.objects.create(
            connection=diary.connection, email=f"{name}@example.com", closed_how=how, **facts
        )

    def test_who_moved_to_another_group_neither_got_nor_lost_access(self, diary):
        self.left(diary, "ana")
        KisiGrant.objects.create(connection=diary.connection, email="ana@example.com", state="granted")
        diary.event("repaired", "Ana")
        assert self.told(diary) == [(0, 0), (0, 0)]
        assert self.people(diary) == [10] * 4

    def test_who_was_left_behind_and_has_nothing_in_the_new_group_lost_access(self, diary):
        self.left(diary, "ben")
        assert self.told(diary) == [(0, 0), (0, 1)]

    def test_who_was_taken_over_had_access_already(self, diary):
        diary.event("adopted", "Ana")
        assert self.told(diary) == [(0, 0), (0, 0)]
        assert self.people(diary) == [9, 9, 9, 10]

    def test_a_right_put_back_was_lost_before(self, diary):
        diary.event("drift", "Ana", hours=-24, cause=Drift.RIGHT_GONE)
        diary.event("repaired", "Ana")
        assert self.told(diary) == [(0, 1), (1, 0)]

    @pytest.mark.parametrize("how", ["removed", "gone"])
    def test_the_old_right_that_was_removed_later_left_our_group_when_its_person_was_left_behind(
        self, diary, how
    ):
        self.left(diary, "ana", how, kisi_group_id=9, closed_at=NOON - timedelta(days=2))
        diary.event("repaired", "Ana", hours=-48)
        if how == "removed":
            diary.event("revoked", "Ana", cause="left behind")
        assert self.people(diary) == [10] * 4
        assert self.told(diary) == [(0, 0), (0, 0)]

    def test_who_was_removed_from_the_old_group_before_it_was_changed_lost_access_once(self, diary):
        """And came again, was left behind, and the right there was removed in the end."""
        earlier = NOON - timedelta(days=2)
        begun = {"intent_at": earlier, "confirmed_at": earlier - timedelta(days=1)}
        self.left(diary, "ana", "removed", kisi_group_id=9, closed_at=earlier, **begun)
        diary.event("revoked", "Ana", hours=-48)
        diary.event("granted", "Ana", hours=-24)
        moved = {"closed_at": NOON - timedelta(days=1), "role_assignment_id": 8}
        self.left(diary, "ana", "removed", kisi_group_id=9, **moved)
        diary.event("repaired", "Ana", hours=-24)
        diary.event("revoked", "Ana", cause="left behind")
        assert self.people(diary) == [10, 9, 10, 10]

    def test_who_moved_to_another_group_and_back_was_inside_all_the_time(self, diary):
        """Back in the first group they go on with the right they have there: nothing was given, nothing is told."""
        for name in ("ana", "ben"):
            self.left(diary, name, "gone", closed_at=NOON - timedelta(days=2), role_assignment_id=len(name))
            diary.event("repaired", name.title(), hours=-48)
            self.left(diary, name, role_assignment_id=8, closed_at=NOON - timedelta(days=1))
            KisiGrant.objects.create(
                connection=diary.connection,
                email=f"{name}@example.com",
                state="granted",
                role_assignment_id=len(name),
            )
        assert self.people(diary) == [10] * 4
        assert self.told(diary) == [(0, 0), (0, 0)]

    def test_a_day_is_the_gyms(self, diary):
        at = datetime(2026, 11, 20, 7, 59, tzinfo=UTC)  # a minute before midnight of the 19th there
        diary.event("granted", "Ana", hours=(at - NOON).total_seconds() / 3600)
        assert self.people(diary) == [9, 9, 10, 10]

    def test_ninety_days_and_no_more(self, diary):
        diary.event("granted", "Ana", hours=-24 * DAYS)
        drawn = curve.of(diary.connection, 10, NOON)
        assert len(drawn.days) == DAYS
        assert drawn.days[0].people == 10

    def test_a_young_connection_begins_with_its_first_day(self, diary):
        diary.connection.connected_at = NOON - timedelta(days=2)
        assert len(curve.of(diary.connection, 10, NOON).days) == 3

    def test_another_connections_rows_do_not_count(self, diary):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2))
        other.event("granted", "Eve")
        assert self.people(diary) == [10] * 4

    def test_it_is_one_question(self, diary, django_assert_num_queries):
        diary.many(300)
        with django_assert_num_queries(1):
            curve.of(diary.connection, 10, NOON)
