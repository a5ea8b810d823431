"""What must hold of the brake, whatever ends when and however the work is cut into slices."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.access import brake, planner
from integrations.access.facts import Change, Kind, Row, Wanted

many = settings(derandomize=True, database=None, deadline=None, max_examples=200)

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Gym:
    """People with access, the hours at which some of them lost it without a word, and every n that was judged."""

    ledger: dict[str, Row]
    share: int
    wanted: dict[str, Wanted]
    now: datetime = NOW
    gone: dict[str, datetime] = field(default_factory=dict)
    judged: list[int] = field(default_factory=list)

    def gone_lately(self) -> int:
        return sum(at > self.now - DAY for at in self.gone.values())

    def plan(self) -> planner.Plan:
        plan = planner.plan(self.wanted, self.ledger, now=self.now, sole_source=True)
        confirmed = sum(row.right_id is not None for row in self.ledger.values())
        verdict = brake.judge(
            owed=len(plan.owed) + len(plan.in_flight),
            confirmed=confirmed,
            gone_without_word=self.gone_lately(),
            share=self.share,
        )
        self.judged.append(verdict.counted)
        if not (verdict.holds and plan.owed):
            return plan
        for change in plan.owed:
            self.ledger[change.email] = replace(self.ledger[change.email], held=True)
        return plan.without({change.email for change in plan.owed})

    def remove(self, change: Change, *, lost: bool) -> None:
        """The answer of a lost call is unknown: the row stays in flight and is settled as gone later."""
        if lost and change.kind is Kind.REVOKE:
            self.ledger[change.email] = replace(self.ledger[change.email], state="revoking")
        elif change.wanted is None and change.kind in (Kind.REVOKE, Kind.SETTLE):
            del self.ledger[change.email]
            if not change.word:
                self.gone[change.email] = self.now


steps = st.lists(
    st.tuples(
        st.sampled_from(["end", "end", "end", "word", "hour", "day"]),
        st.integers(1, 6),
        st.integers(1, 5),
        st.booleans(),
    ),
    min_size=5,
    max_size=25,
)


@many
@given(st.integers(1, 40), st.integers(1, 50), steps)
def test_no_slicing_removes_more_without_a_word_than_the_allowance(size, share, script):
    """People's subscriptions end in any order, some by a word; a worker does a few changes and plans afresh."""
    emails = [f"p{number}@example.com" for number in range(size)]
    wanted = {email: Wanted(email, "P", 1, None, NOW) for email in emails}
    ledger = {
        email: Row(email, "granted", NOW, name="P", member_id=1, right_id=1, origin="created")
        for email in emails
    }
    gym = Gym(ledger, share, wanted)
    for what, count, slice_size, lost in script:
        still_in = list(gym.wanted)
        for email in still_in[:count] if what in ("end", "word") else ():
            del gym.wanted[email]
            if what == "word":
                gym.ledger[email] = replace(gym.ledger[email], word="forecast")
        gym.now += {"hour": timedelta(hours=1), "day": DAY}.get(what, timedelta(minutes=1))
        for change in gym.plan().changes[:slice_size]:
            gym.remove(change, lost=lost)
        allowances = (brake.allowance(n, share) for n in gym.judged)
        most = max(
            n if allowed is None else allowed for n, allowed in zip(gym.judged, allowances, strict=True)
        )
        assert gym.gone_lately() <= most


@many
@given(st.integers(0, 2000), st.integers(1, 50))
def test_the_allowance_is_never_more_than_half_and_grows_with_the_gym(n, share):
    allowed = brake.allowance(n, share)
    if n <= 2:
        assert allowed is None
    else:
        assert allowed is not None and 1 <= allowed <= n // 2
        assert allowed <= (brake.allowance(n + 1, share) or 0)


@many
@given(
    st.integers(0, 50),
    st.integers(0, 100),
    st.integers(0, 50),
    st.integers(1, 50),
)
def test_more_owed_never_passes_where_less_was_held(owed, confirmed, gone, share):
    fewer = brake.judge(owed=owed, confirmed=confirmed, gone_without_word=gone, share=share)
    more = brake.judge(owed=owed + 1, confirmed=confirmed, gone_without_word=gone, share=share)
    assert more.holds or not fewer.holds
