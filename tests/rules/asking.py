"""What the tests of the rules ask of Core and of Kisi: the sentence, the reason, the events, the mails."""

from __future__ import annotations

from integrations.kisi import doors
from integrations.kisi.models import AccessEvent
from integrations.kisi.sync import asking
from members.models import Member
from tests.conftest import House


def answer_for(house: House, member: Member) -> doors.Answer:
    """What the member's page says about the doors."""
    return doors.answer(doors.gather_facts(house.gym, [member], house.today())[member.pk])


def sentence(house: House, member: Member) -> str:
    return answer_for(house, member).sentence


def events(house: House, kind: str) -> int:
    """How many events of this kind the gym's activity holds."""
    return AccessEvent.objects.filter(gym_id=house.gym.pk, kind=kind).count()


def read_kisi(house: House, read: int) -> None:
    """A check against Kisi, as the daily (RECENT) or the weekly one (FULL) makes it."""
    asking.ask(house.connection, read, because="check", now=house.clock.now())
    house.sync()


def writes(house: House) -> list[str]:
    """The calls since the last look that change something at Kisi."""
    return [call for call in house.calls() if not call.startswith("GET")]
