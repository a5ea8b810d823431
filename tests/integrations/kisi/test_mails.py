"""How many mails a forecast announces: what the simulated Kisi then sends, or at most that."""

from __future__ import annotations

import pytest

from integrations.kisi import mails
from integrations.kisi.mails import Mails
from integrations.kisi.models import KisiConnection
from tests.conftest import House


def announced(house: House, *names: str) -> Mails:
    return mails.expected(house.connection, [f"{name}@example.com" for name in names])


def sent(house: House) -> int:
    return len(house.world.outbox)


@pytest.mark.parametrize("notices", [True, False])
def test_somebody_new_to_kisi_gets_an_invitation_and_a_notice_unless_these_are_off(connected, notices):
    KisiConnection.objects.update(send_mails=notices)
    told = announced(connected, "ana")
    assert told == Mails(1, int(notices))
    connected.member("Ana")
    connected.sync()
    assert sent(connected) == 1 + notices


def test_somebody_whose_profile_core_knows_gets_the_notice_alone(connected):
    KisiConnection.objects.update(keep_profiles=True)
    ana = connected.member("Ana")
    connected.sync()
    connected.world.remove_right(connected.world.rights_of("ana@example.com")[0])
    connected.grant("ana")
    before = sent(connected)
    connected.connection.grants.update(
        state="absent", granted_before=False, role_assignment_id=None, origin=""
    )
    assert announced(connected, "ana") == Mails(0, 1)
    connected.sync()
    assert sent(connected) - before == 1
    assert ana.email == "ana@example.com"


def test_a_repair_mails_nobody(connected):
    connected.member("Ana")
    connected.sync()
    assert announced(connected, "ana") == Mails(0, 0)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Mails(0, 0), ""),
        (Mails(0, 1), "Kisi will send 1 email."),
        (Mails(0, 1204), "Kisi will send 1,204 emails."),
        (Mails(1, 0), "Kisi will send up to 1 email: an invitation to whoever is new to Kisi."),
        (
            Mails(2, 3),
            "Kisi will send up to 5 emails: an invitation to whoever is new to Kisi, "
            "and a notice to everybody that access starts.",
        ),
    ],
)
def test_how_it_is_said(told, said):
    assert told.said == said
