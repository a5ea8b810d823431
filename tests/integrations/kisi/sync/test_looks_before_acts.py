"""Nothing rests on one look: an address that changed at Kisi, and a person's list that came back empty."""

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking

State, Trouble = KisiGrant.State, KisiGrant.Trouble


def test_a_kisi_person_who_took_another_address_is_not_given_our_members_right(connected):
    """The id in the ledger now is somebody else's: stop for them, a person has to look."""
    connected.member("Ana")
    connected.sync()
    user = connected.world.person("ana@example.com")
    connected.world.remove_right(connected.world.rights_of("ana@example.com")[0])
    user.email = "stranger@example.com"
    asking.ask_for_person(connected.connection, "ana@example.com", because="test", now=connected.clock.now())
    connected.sync()
    assert connected.inside() == []
    assert connected.grant("ana").trouble == Trouble.CONFLICT


def test_an_empty_list_of_a_persons_rights_is_no_proof_that_the_right_is_gone(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.fault(method="GET", path="/role_assignments", query="user_id", kind=Kind.EMPTY, times=0)
    connected.subscription(ana).pause()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").state == State.GRANTED
    connected.world.clear_faults()
    connected.clock.forward(minutes=31)
    connected.sync()
    assert connected.inside() == []
