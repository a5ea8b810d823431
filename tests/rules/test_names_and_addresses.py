"""product.md 1: a changed address moves the access, a changed name is sent on."""

from django.db import transaction

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from tests.stories import events, meanwhile, written

ANA = "ana@example.com"


def move(member, address):
    member.email = address
    member.save()


# a changed address


def test_a_changed_address_gets_access_first_and_then_the_old_person_goes(connected, ana):
    move(ana, "anna@example.com")
    connected.sync()
    assert connected.inside() == ["anna"]
    assert connected.world.user_by_email(ANA) is None
    right, profile = r"DELETE /role_assignments", "DELETE /users"
    assert [call.rsplit("/", 1)[0] if "DELETE" in call else call for call in written(connected)] == [
        "POST /users",
        "POST /role_assignments",
        right,
        profile,
    ]


def test_the_old_person_keeps_the_door_however_long_the_new_one_waits(connected, ana):
    connected.world.fault(method="POST", path="/users", status=422, times=0)
    move(ana, "anna@example.com")
    for _ in range(3):
        connected.sync()
        connected.clock.forward(days=2)
    assert connected.inside() == ["ana"]
    connected.world.clear_faults()
    move(ana, "annika@example.com")
    connected.sync()
    assert connected.inside() == ["annika"]


def test_an_address_that_changes_back_to_life_between_plan_and_removal_is_waited_for(connected, ana):
    """Ended, planned for removal, and in that moment resumed under another address."""
    connected.subscription(ana).pause()

    @meanwhile
    def resume_elsewhere():
        move(ana, "anna@example.com")
        connected.subscription(ana).resume(today=connected.today())

    connected.world.fault(method="GET", path="/user", kind=Kind.PASS, run=resume_elsewhere)
    connected.sync()
    assert connected.inside() == ["anna"]
    kinds = [call.split()[0] for call in written(connected)]
    assert kinds == ["POST", "POST", "DELETE", "DELETE"]


def test_a_typo_that_is_corrected_before_kisi_heard_of_it_changes_nothing(connected, ana):
    move(ana, "anna@example.com")
    move(ana, ANA)
    connected.sync()
    assert written(connected) == []
    assert connected.inside() == ["ana"]


def test_an_address_that_is_taken_back_after_a_while_ends_where_it_began(connected, ana):
    move(ana, "anna@example.com")
    connected.sync()
    move(ana, ANA)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.world.user_by_email("anna@example.com") is None


def test_a_changed_address_is_no_removal_for_the_brake(connected):
    """Ten of twelve get a new address on one day: nobody is held, everybody moves."""
    members = connected.members(12)
    connected.sync()
    for number, member in enumerate(members[:10]):
        move(member, f"new{number:03d}@example.com")
    connected.sync()
    assert not connected.connection.grants.open().filter(held_since__isnull=False).exists()
    assert len(connected.inside()) == 12
    assert "p000" not in connected.inside()


def test_a_changed_address_whose_new_person_is_in_kisi_already_only_adds_the_right(connected, ana):
    connected.in_kisi("Anna", right=False)
    move(ana, "anna@example.com")
    connected.sync()
    assert connected.inside() == ["anna"]


def test_an_emptied_address_takes_the_access_away(connected, ana):
    move(ana, "")
    connected.sync()
    assert connected.inside() == []


def test_a_swap_of_two_addresses_in_two_saves_within_one_run_removes_nobody(connected):
    ana, ben = connected.member("Ana"), connected.member("Ben")
    connected.sync()
    connected.calls()
    move(ana, "ben@example.com")
    move(ben, ANA)
    connected.sync()
    assert connected.inside() == ["ana", "ben"]
    assert {call.split()[0] for call in written(connected)} <= {"PATCH"}
    assert connected.world.user_by_email(ANA).name.startswith("Ben")


def test_a_swap_of_two_addresses_in_one_transaction_removes_nobody(connected):
    ana, ben = connected.member("Ana"), connected.member("Ben")
    connected.sync()
    connected.calls()
    with transaction.atomic():
        move(ana, "ben@example.com")
        move(ben, ANA)
    connected.sync()
    assert connected.inside() == ["ana", "ben"]
    assert {call.split()[0] for call in written(connected)} <= {"PATCH"}


def test_a_swap_with_a_run_between_the_two_saves_takes_the_door_from_nobody(connected):
    ana, ben = connected.member("Ana"), connected.member("Ben")
    connected.sync()
    move(ana, "ben@example.com")
    connected.sync()
    assert connected.inside() == ["ben"]
    move(ben, ANA)
    connected.sync()
    assert connected.inside() == ["ana", "ben"]


# a changed name


def test_a_changed_name_is_sent_on(connected, ana):
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert connected.world.user_by_email(ANA).name == "Ana Ruiz"
    assert [call.split()[0] for call in written(connected)] == ["PATCH"]
    assert events(connected, "renamed") == 1


def test_the_name_of_a_profile_that_was_there_stays_kisis(connected):
    connected.in_kisi("Ben", right=False)
    ben = connected.member("Ben")
    connected.sync()
    connected.calls()
    ben.last_name = "Ruiz"
    ben.save()
    connected.sync()
    assert connected.world.user_by_email("ben@example.com").name == "Ben"
    assert written(connected) == []


def test_a_name_that_did_not_change_is_not_sent(connected, ana):
    ana.save()
    connected.sync()
    assert connected.calls() == []


def test_a_changed_name_finds_that_the_person_was_deleted_in_kisi_and_makes_her_again(connected, ana):
    connected.world.delete_user(ANA)
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.world.user_by_email(ANA).name == "Ana Ruiz"


def test_a_lost_answer_to_a_new_name_leaves_the_access_alone(connected, ana):
    connected.world.fault(method="PATCH", path=r"/users/\d+", kind=Kind.LOST)
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").state == KisiGrant.State.GRANTED
    assert connected.world.user_by_email(ANA).name == "Ana Ruiz"


def test_a_name_kisi_refuses_is_parked_and_the_access_stays(connected, ana):
    connected.world.fault(method="PATCH", path=r"/users/\d+", status=422, times=0)
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    connected.calls()
    connected.clock.forward(days=3)
    connected.sync()
    assert written(connected) == []
    assert connected.inside() == ["ana"]
    connected.world.clear_faults()
    ana.last_name = "Ruiz Diaz"
    ana.save()
    connected.sync()
    assert connected.world.user_by_email(ANA).name == "Ana Ruiz Diaz"
