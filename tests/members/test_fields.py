"""One spelling per address, however it was written and however it came in."""

from __future__ import annotations

import pytest

from members.fields import normalize_email
from members.models import Member
from tests.factories import GymFactory, MemberFactory

WRITTEN, STORED = "  Ju\u0308rgen@Example.COM ", "j\u00fcrgen@example.com"


@pytest.mark.parametrize(
    ("written", "stored"),
    [(WRITTEN, STORED), ("", ""), ("A@B.c", "a@b.c"), ("\tana@x.y\n", "ana@x.y"), (STORED, STORED)],
)
def test_an_address_has_one_spelling(written, stored):
    assert normalize_email(written) == stored
    assert normalize_email(stored) == stored


@pytest.mark.django_db
class TestStored:
    def test_by_save_also_on_the_object_in_hand(self):
        member = MemberFactory(email=WRITTEN)
        assert member.email == STORED
        assert Member.objects.values_list("email", flat=True).get() == STORED

    def test_by_bulk_create(self):
        Member.objects.bulk_create([Member(gym=GymFactory(), first_name="J", email=WRITTEN)])
        assert Member.objects.values_list("email", flat=True).get() == STORED

    def test_by_update(self):
        MemberFactory(email="other@example.com")
        Member.objects.update(email=WRITTEN)
        assert Member.objects.values_list("email", flat=True).get() == STORED

    def test_by_saving_one_field(self):
        member = MemberFactory(email="other@example.com")
        member.email = WRITTEN
        member.save(update_fields=["email"])
        assert Member.objects.values_list("email", flat=True).get() == STORED

    @pytest.mark.parametrize("lookup", ["email", "email__in"])
    def test_it_is_found_however_it_is_written(self, lookup):
        MemberFactory(email=STORED)
        wanted = [WRITTEN] if lookup.endswith("in") else WRITTEN
        assert Member.objects.filter(**{lookup: wanted}).exists()
