"""What the machine found, each as the shortest story that shows it: random search misses rare orders."""

from __future__ import annotations

from integrations.kisi.simulator import Kind
from integrations.kisi.sync import deciding
from plans.models import Subscription
from tests.conftest import House


def test_an_address_changed_to_the_owners_does_not_leave_the_old_one_open(connected: House) -> None:
    """The new address is managed in Kisi and never confirmed by Core: the old right waited for ever."""
    ana = connected.member("Ana")
    connected.sync()
    ana.email = connected.world.owner.email
    ana.save()
    connected.sync()
    connected.sync()
    assert connected.inside() == []


def test_a_profile_that_stayed_gets_the_name_of_whoever_has_its_address_now(connected: House) -> None:
    """Found by its address, it was taken for one that has the new name already."""
    connected.member("Ana Ruiz")
    connected.sync()
    connected.world.fault(path="/team_memberships", status=500, times=0)
    connected.gym.members.all().delete()
    connected.sync()
    connected.world.clear_faults()
    assert connected.inside() == []
    assert connected.world.person("ana@example.com").name == "Ana Ruiz"
    connected.member("Ana Silva")
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.world.person("ana@example.com").name == "Ana Silva"


def test_a_profile_that_did_not_show_itself_is_looked_for_again_before_it_is_forgotten(
    connected: House,
) -> None:
    """The answer to its making was lost, Kisi's search lagged, and the membership ended meanwhile."""
    connected.world.switch(query_lag_seconds=3600, lag_hits_email_filter=True)
    connected.world.fault(method="POST", path="/users", kind=Kind.LOST, after_effect=True)
    ana = connected.member("Ana")
    connected.sync()
    assert connected.world.user_by_email("ana@example.com") is not None
    ana.delete()
    connected.sync()
    connected.world.switch(query_lag_seconds=0)
    for _ in range(3):
        connected.clock.forward(minutes=5)
        connected.sync()
    assert connected.world.user_by_email("ana@example.com") is None
    assert not connected.connection.grants.open().exists()


def test_a_profile_goes_also_when_the_answer_to_an_allowed_removal_was_lost(connected: House) -> None:
    """Somebody's word had ended the hold; the look after the lost answer still took the person for held."""
    connected.members(3)
    connected.sync()
    Subscription.objects.update(status="cancelled")
    connected.sync()
    held = [row.email for row in deciding.held(connected.connection)]
    assert len(held) == 3
    connected.world.fault(method="DELETE", path="/role_assignments/.*", kind=Kind.LOST, after_effect=True)
    deciding.allow(connected.connection, held, by=None, now=connected.clock.now())
    for _ in range(3):
        connected.sync()
        connected.clock.forward(minutes=5)
    assert connected.inside() == []
    assert [email for email in held if connected.world.user_by_email(email)] == []
