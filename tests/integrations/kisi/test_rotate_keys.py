"""Rotation of the keys that seal API keys: resumable, and never a lost secret."""

import base64

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.core.management import call_command

from integrations.kisi.models import KisiConnection
from integrations.vault import Secret
from tests.factories import GymFactory, UserFactory

OLD = base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()


def connection(number: int) -> KisiConnection:
    row = KisiConnection(gym=GymFactory(), group_id=number)
    row.set_key(Secret(f"an-api-key-number-{number}"))
    row.save()
    return row


@pytest.mark.django_db
def test_every_key_opens_with_the_new_key_alone_after_rotation(settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    rows = [connection(number) for number in (1, 2)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rows[0].set_key(rows[0].api_key())
    rows[0].save()
    call_command("rotate_keys")
    assert "1 sealed anew, 0 could not be opened." in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    for number, row in enumerate(rows, 1):
        row.refresh_from_db()
        assert row.api_key().reveal() == f"an-api-key-number-{number}"


@pytest.mark.django_db
def test_a_key_that_cannot_be_opened_is_said_and_the_others_are_rotated(settings, capsys):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    lost = connection(1)
    settings.FIELD_ENCRYPTION_KEYS = [base64.urlsafe_b64encode(b"m" * 32).decode()]
    kept = connection(2)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, *settings.FIELD_ENCRYPTION_KEYS]
    with pytest.raises(SystemExit):
        call_command("rotate_keys")
    said = capsys.readouterr()
    assert "1 sealed anew, 1 could not be opened." in said.out
    assert f"connection {lost.pk}" in said.err
    kept.refresh_from_db()
    assert kept.api_key().reveal() == "an-api-key-number-2"
    assert "an-api-key" not in said.out + said.err


@pytest.mark.django_db
def test_the_secrets_of_two_step_sign_in_are_never_in_clear_and_are_rotated_too(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    user = UserFactory()
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    codes = RecoveryCodes.activate(user).get_unused_codes()
    before = {row.type: row.data for row in Authenticator.objects.all()}
    assert "JBSWY3DPEHPK3PXP" not in str(before)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    rows = {row.type: row for row in Authenticator.objects.all()}
    assert rows["totp"].data["secret"] != before["totp"]["secret"]
    assert decrypt(rows["totp"].data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert RecoveryCodes(rows["recovery_codes"]).get_unused_codes() == codes
