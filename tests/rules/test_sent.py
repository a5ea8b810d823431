"""product.md 1: what Kisi is told of a member, and which mails go out because of it."""

from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting
from tests.stories import events, read_kisi


def mails(house):
    return [(mail.recipient, mail.flag) for mail in house.world.outbox]


def test_kisi_is_sent_the_name_the_address_the_right_and_the_mark_and_nothing_else(connected):
    connected.member("Ana Ruiz", cause="payment failed")
    connected.sync()
    person = connected.world.user_by_email("ana@example.com")
    assert (person.name, person.email) == ("Ana Ruiz", "ana@example.com")
    assert person.metadata == {"made_by": "core", "core_gym": str(connected.gym.pk)}
    assert (person.notes, person.image) == (None, None)
    (right,) = connected.world.rights_of("ana@example.com")
    assert (right.role_id, right.applies_to_id) == ("group_basic", connected.world.group_id)
    assert (right.valid_from, right.valid_until) == (None, None)


def test_a_new_person_is_two_calls_after_the_checks(connected):
    connected.member("Ana")
    connected.sync()
    assert connected.calls()[2:] == ["POST /users", "POST /role_assignments"]


def test_when_access_starts_kisi_mails_the_member(connected):
    connected.member("Ana")
    connected.sync()
    assert mails(connected) == [("ana@example.com", "send_emails"), ("ana@example.com", "notify")]


def test_a_gym_can_switch_the_mail_about_the_right_off_and_the_one_for_the_app_stays(connected):
    """`send_emails` is Kisi's invitation to its app; without it nobody could open a door by phone."""
    KisiConnection.objects.update(send_mails=False)
    connected.member("Ana")
    connected.sync()
    assert mails(connected) == [("ana@example.com", "send_emails")]


def test_somebody_kisi_knows_already_gets_the_mail_about_the_right_only(connected):
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    connected.sync()
    assert mails(connected) == [("ana@example.com", "notify")]


def test_taking_over_a_right_that_is_there_sends_no_mail(house):
    house.in_kisi("Ana")
    house.member("Ana")
    house.connect()
    house.sync()
    assert mails(house) == []
    assert house.world.writes() == []


def test_a_repair_sends_no_mail(connected):
    connected.member("Ana")
    connected.sync()
    (right,) = connected.world.rights_of("ana@example.com")
    connected.world.remove_right(right)
    connected.world.forget_requests()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["ana"]
    assert mails(connected) == []


def test_a_restored_person_gets_no_mail(connected):
    """Somebody deleted the whole profile by hand: made again, silently."""
    connected.member("Ana")
    connected.sync()
    connected.world.delete_user("ana@example.com")
    connected.world.forget_requests()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["ana"]
    assert events(connected, "repaired") == 1
    assert mails(connected) == []


def test_a_changed_group_sends_no_mail(connected):
    connected.member("Ana")
    connected.sync()
    upstairs = connected.world.add_group("Upstairs", [connected.world.add_door("Upstairs")])
    connected.world.forget_requests()
    key = connected.connection.api_key()
    connecting.update_credentials(connected.connection, key=key, group_id=upstairs.id, clock=connected.clock)
    connected.sync()
    assert connected.world.in_group(upstairs) == ["ana@example.com"]
    assert mails(connected) == []


def test_a_second_start_of_access_is_mailed_again(connected):
    """Paused and resumed: the profile went and comes anew, so that the invitation is needed."""
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()
    connected.sync()
    connected.world.forget_requests()
    connected.seen = 0
    connected.subscription(ana).resume(today=connected.today())
    connected.sync()
    assert mails(connected) == [("ana@example.com", "send_emails"), ("ana@example.com", "notify")]


def test_a_lost_answer_does_not_mail_twice(connected):
    connected.member("Ana")
    connected.world.fault(method="POST", path="/users", kind=Kind.LOST, after_effect=True)
    connected.sync()
    assert mails(connected) == [("ana@example.com", "send_emails"), ("ana@example.com", "notify")]


def test_the_forecast_says_how_many_mails_kisi_will_send(house):
    house.in_kisi("Ana")
    house.member("Ana")
    house.members(3)
    house.connect()
    said = connecting.forecast(house.connection, now=house.clock.now()).mails
    house.sync()
    assert said.startswith(f"Kisi will send up to {len(house.world.outbox)} emails")
    assert len({mail.recipient for mail in house.world.outbox}) == 3
