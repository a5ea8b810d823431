"""Erasing a person from the ledger and the activity, once nothing of them is left at Kisi. Calls nobody."""

from __future__ import annotations

from django.db import transaction
from django.utils.crypto import salted_hmac

from integrations.kisi.models import AccessPerson, KisiGrant, Look, PreviewLine
from members.models import Gym, Member

SALT = "integrations.kisi.erased"


class StillThere(Exception):
    """The person cannot be erased yet; says why and what to do first."""


def forget(gym: Gym, email: str) -> bool:
    """Empty everything that names this address in this gym; False when nothing did. Raises StillThere.

    Events stay: they hold no name. A keyed digest stays in the person's row, so that the question "was this
    address here?" can still be answered by whoever has the key and the address.
    """
    if Member.objects.filter(gym=gym, email=email).exists():
        raise StillThere("a member of the gym has this address: delete or change the member first")
    rows = KisiGrant.objects.filter(connection__gym=gym, email=email)
    if rows.open().exists():
        raise StillThere("Core has not confirmed yet that Kisi let go of this person: run the sync first")
    with transaction.atomic():
        emptied = rows.update(email="", name="", last_error="")
        people = AccessPerson.objects.filter(gym_id=gym.pk, email=email)
        emptied += people.update(email="", name="", digest=digest_of(email))
        emptied += PreviewLine.objects.filter(preview__connection__gym=gym, email=email).delete()[0]
        emptied += Look.objects.filter(connection__gym=gym, email=email).delete()[0]
    return bool(emptied)


def digest_of(email: str) -> str:
    return salted_hmac(SALT, email, algorithm="sha256").hexdigest()
