"""The rows of the demo gym: about sixty members over every status. Made once; running it again adds nothing."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from integrations.kisi.simulator import cast
from members.models import Gym, Member, Staff
from plans.models import Plan, Subscription

Status = Subscription.Status
SLUG = "harbor-gym"
PASSWORDS = {"admin@example.com": "open-the-harbor", "staff@example.com": "mind-the-harbor"}
FIRST = (
    *("Alma", "Bo", "Cem", "Dina", "Elif", "Finn", "Gia", "Hugo", "Ines", "Jonas"),
    *("Kim", "Lea", "Milo", "Nora", "Otis", "Pia", "Quin", "Rosa", "Sami", "Tess"),
)
LAST = ["Abadi", "Berg", "Costa", "Dahl"]
SPREAD = (
    *[(Status.ACTIVE, None)] * 6,
    (Status.PAUSED, "payment failed"),
    (Status.EXPIRED, None),
    (Status.CANCELLED, "moved away"),
    (Status.PENDING_ACTIVE, None),
)


@transaction.atomic
def ensure() -> Gym:
    """The demo gym, made if it is not there."""
    gym, made = Gym.objects.get_or_create(
        slug=SLUG, defaults={"name": "Harbor Gym", "timezone": "Europe/Stockholm"}
    )
    if made:
        _sign_ins(gym)
        _people(gym, _plans(gym), gym.today(timezone.now()))
    return gym


def _sign_ins(gym: Gym) -> None:
    names = {"admin@example.com": ("Ada", "Admin"), "staff@example.com": ("Stig", "Staff")}
    for email, password in PASSWORDS.items():
        first, last = names[email]
        user = get_user_model().objects.create_user(
            username=email, email=email, password=password, first_name=first, last_name=last
        )
        is_admin = email.startswith("admin")
        user.is_staff = user.is_superuser = is_admin
        user.save(update_fields=["is_staff", "is_superuser"])
        Staff.objects.create(user=user, gym=gym, role=Staff.Role.ADMIN if is_admin else Staff.Role.STAFF)


def _plans(gym: Gym) -> dict[str, Plan]:
    facts = (
        ("All Hours", "79.00", True, "Train whenever you like"),
        ("Night Owl", "49.00", True, "Evenings, nights and early mornings"),
        ("Day Pass Club", "29.00", False, "While the desk is staffed"),
    )
    return {
        name: Plan.objects.create(gym=gym, name=name, price=price, has_24hr_access=opens, description=words)
        for name, price, opens, words in facts
    }


def _people(gym: Gym, plans: dict[str, Plan], today: date) -> None:
    allhours, owl, club = plans.values()
    for name, email in cast.KNOWN_IN_KISI:
        _subscribe(_member(gym, name, email), allhours, Status.ACTIVE, today)
    _subscribe(_member(gym, *cast.ADMINISTRATOR), owl, Status.ACTIVE, today)
    for number in range(42):
        name = f"{FIRST[number % 20]} {LAST[number // 20]}"
        member = _member(gym, name, f"{name.lower().replace(' ', '.')}@example.com")
        status, cause = SPREAD[number % len(SPREAD)]
        _subscribe(member, (allhours, owl, club)[number % 3], status, today, cause=cause or "")
    _special(gym, allhours, owl, club, today)


def _special(gym: Gym, allhours: Plan, owl: Plan, club: Plan, today: date) -> None:
    """Two who share an address, one with two subscriptions, one leaving next week, one without any."""
    for name in ("Vera Holm", "Viggo Holm"):
        _subscribe(_member(gym, name, "holm.family@example.com"), owl, Status.ACTIVE, today)
    both = _member(gym, "Wilma Stark", "wilma.stark@example.com")
    _subscribe(both, allhours, Status.ACTIVE, today)
    _subscribe(both, club, Status.ACTIVE, today)
    leaving = _member(gym, "Xaver Kern", "xaver.kern@example.com")
    _subscribe(leaving, allhours, Status.PENDING_CANCEL, today, ends_on=today + timedelta(days=7))
    _member(gym, "Ylva Quist", "ylva.quist@example.com")


def _member(gym: Gym, name: str, email: str) -> Member:
    first, _, last = name.partition(" ")
    return Member.objects.create(gym=gym, first_name=first, last_name=last, email=email)


def _subscribe(
    member: Member, plan: Plan, status: str, today: date, *, ends_on: date | None = None, cause: str = ""
) -> None:
    later = status == Status.PENDING_ACTIVE
    starts_on = today + timedelta(days=5) if later else today - timedelta(days=120)
    if status in Subscription.ENDED:
        ends_on = today - timedelta(days=20)
    Subscription.objects.create(
        member=member, plan=plan, status=status, starts_on=starts_on, ends_on=ends_on, cause=cause
    )
