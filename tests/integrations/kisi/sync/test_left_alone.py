"""product.md: "leave this person to Kisi" is about one member, wherever the address goes, and shuts out nobody else."""

import pytest

from integrations.kisi.models import AccessEvent, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting, deciding, preview, switching
from tests.factories import SubscriptionFactory
from tests.stories import answer_for, meanwhile, read_kisi, written

NEW = "ana.ruiz@example.com"


def tick(house, member, by=None):
    deciding.leave_to_kisi(house.connection, member, by=by, now=house.clock.now())


def readdress(member, email):
    member.email = email
    member.save()


def swap(first, other):
    mine, theirs = first.email, other.email
    readdress(first, "between@example.com")
    readdress(other, mine)
    readdress(first, theirs)


@pytest.fixture
def gym(connected):
    """Four people have access besides those of the story."""
    connected.members(4)
    connected.sync()
    return connected


@pytest.fixture
def ana(gym):
    """Ana pays, has no access, and was left to Kisi."""
    member = gym.member("Ana")
    tick(gym, member)
    gym.sync()
    gym.calls()
    return member


def test_it_goes_along_with_a_changed_address_and_its_author(gym, admin_user):
    member = gym.member("Ana")
    tick(gym, member, by=admin_user)
    readdress(member, NEW)
    gym.calls()
    gym.sync()
    row = gym.connection.grants.get(email=NEW)
    assert (row.exempt, row.exempt_by, row.member, row.state) == (True, admin_user, member, "absent")
    assert written(gym) == []
    assert AccessEvent.objects.filter(kind="exempted", member_id=member.pk, by_id=admin_user.pk).count() == 2


def test_it_goes_along_once(gym, ana):
    readdress(ana, NEW)
    gym.sync()
    gym.sync()
    assert AccessEvent.objects.filter(kind="exempted").count() == 2


def test_a_right_given_by_hand_under_the_new_address_is_not_taken_over(gym, ana):
    readdress(ana, NEW)
    gym.in_kisi("ana.ruiz")
    gym.subscription(ana).pause()
    read_kisi(gym, Read.FULL)
    assert "ana.ruiz" in gym.inside()
    assert written(gym) == []


def test_a_preview_promises_no_access_under_the_new_address(gym, ana):
    readdress(ana, NEW)
    shown = preview.ask(gym.connection, by=None, now=gym.clock.now())
    preview.make(shown.pk, clock=gym.clock)
    assert {line.group for line in shown.lines.filter(email=NEW)} <= {"managed"}
    gym.sync()
    assert "ana.ruiz" not in gym.inside()


def test_it_does_not_go_to_an_address_that_somebody_else_has(gym, ana):
    """Ana's address is Ben's for a while, by a slip; Ben's subscription is paused meanwhile."""
    ben = gym.member("Ben", status="paused")
    readdress(ana, "ben@example.com")
    gym.sync()
    gym.subscription(ben).resume(today=gym.today())
    readdress(ana, "ana@example.com")
    gym.sync()
    assert "ben" in gym.inside()
    assert "ana" not in gym.inside()


def test_somebody_new_under_the_address_it_went_to_gets_access(gym, ana):
    readdress(ana, NEW)
    gym.sync()
    readdress(ana, "ana@example.com")
    gym.member("Anja", email=NEW)
    gym.sync()
    assert "ana.ruiz" in gym.inside()


def test_a_tick_for_one_of_two_who_share_an_address_does_not_follow_the_other(gym):
    ana, ben = gym.member("Ana", email="home@example.com"), gym.member("Ben", email="home@example.com")
    gym.sync()
    tick(gym, ben)
    readdress(ana, "ana@example.com")
    gym.sync()
    assert "ana" in gym.inside()


@pytest.mark.parametrize("status", ["active", "paused"])
def test_of_two_who_swap_addresses_the_one_who_pays_keeps_access(gym, status):
    ana, ben = gym.member("Ana", status=status), gym.member("Ben")
    tick(gym, ana)
    gym.sync()
    swap(ana, ben)
    gym.sync()
    read_kisi(gym, Read.FULL)
    assert "ana" in gym.inside()  # Ben's address now
    assert answer_for(gym, ben).tag.tone == "ok"


def test_who_is_left_to_kisi_and_does_not_pay_gets_nobodys_old_right(gym):
    ana, ben = gym.member("Ana", status="paused"), gym.member("Ben")
    tick(gym, ana)
    gym.sync()
    swap(ana, ben)
    gym.sync()
    assert "ben" not in gym.inside()


def test_the_old_address_of_somebody_left_to_kisi_is_a_payers_like_any_other(gym, ana):
    readdress(ana, NEW)
    gym.sync()
    carl = gym.member("Carl")
    gym.sync()
    readdress(carl, "ana@example.com")
    gym.sync()
    assert "ana" in gym.inside()
    assert answer_for(gym, carl).tag.tone == "ok"


def test_who_moves_to_an_address_that_is_left_to_kisi_keeps_the_access_they_have(gym, ana):
    """Shared by both now: the admin's word about Ana gives Carl nothing there, and takes nothing from him."""
    carl = gym.member("Carl")
    gym.sync()
    readdress(carl, "ana@example.com")
    gym.sync()
    assert "carl" in gym.inside()


def test_a_word_about_a_member_who_was_deleted_shuts_out_nobody(gym, ana):
    ana.delete()
    gym.sync()
    again = gym.member("Ana")
    gym.sync()
    assert answer_for(gym, again).tag.tone == "ok"
    assert "ana" in gym.inside()


def test_a_right_that_was_left_to_kisi_stays_when_its_member_is_deleted(gym):
    ana = gym.member("Ana")
    gym.sync()
    tick(gym, ana)
    ana.delete()
    gym.sync()
    read_kisi(gym, Read.FULL)
    assert "ana" in gym.inside()


def test_who_comes_to_pay_under_an_address_it_went_to_gets_access(gym, ana):
    readdress(ana, NEW)
    gym.sync()
    readdress(ana, "ana@example.com")
    anja = gym.member("Anja", status="", email=NEW)
    gym.sync()
    assert "ana.ruiz" not in gym.inside()
    SubscriptionFactory(member=anja, plan=gym.plan)
    gym.sync()
    assert "ana.ruiz" in gym.inside()


def test_an_address_that_changes_while_others_get_access_gets_none(gym, ana):
    gym.member("Zoe")

    @meanwhile
    def change():
        readdress(ana, NEW)

    gym.world.fault(method="POST", path="/users", kind=Kind.PASS, run=change)
    gym.sync()
    assert "zoe" in gym.inside()
    gym.sync()
    assert "ana.ruiz" not in gym.inside()
    assert gym.connection.grants.get(email=NEW).exempt


@pytest.mark.parametrize("read", [Read.LEDGER, Read.FULL])
def test_a_plan_that_is_only_printed_gives_none_under_the_new_address(gym, ana, read):
    readdress(ana, NEW)
    found = preview.plan(gym.connection, read, gym.clock)
    assert NEW not in [change.email for change in found.changes]


def test_a_gym_that_connects_again_promises_none_under_the_new_address(gym, ana):
    switching.disconnect(gym.connection, by=None, now=gym.clock.now())
    readdress(ana, NEW)
    connection = gym.connect()
    gains = connecting.forecast(connection, now=gym.clock.now()).gains
    assert NEW not in [email for _, email in gains.shown]
