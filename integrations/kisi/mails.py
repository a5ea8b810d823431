"""How many mails Kisi sends to people when access starts, as far as Core can know it, and how a forecast says so.

Kisi writes twice to somebody new: by `send_emails` when the profile is made, by `notify` when the right is given
(kisi-api.md 9). Core cannot know who has a profile that it never met; hence "up to".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from integrations.kisi.models import KisiConnection, KisiGrant
from members.words import counted


@dataclass(frozen=True, slots=True)
class Mails:
    """At most so many invitations to people new to Kisi; exactly so many notices that access starts."""

    invitations: int = 0
    notices: int = 0

    def __add__(self, other: Mails) -> Mails:
        return Mails(self.invitations + other.invitations, self.notices + other.notices)

    @property
    def said(self) -> str:
        """Kisi will send 3 emails. “” stands for nobody who gets any."""
        total = self.invitations + self.notices
        if not self.invitations:
            return f"Kisi will send {counted(total, 'email', 'emails')}." if total else ""
        each = "an invitation to whoever is new to Kisi"
        if self.notices:
            each += ", and a notice to everybody that access starts"
        return f"Kisi will send up to {counted(total, 'email', 'emails')}: {each}."


def expected(connection: KisiConnection, emails: Collection[str]) -> Mails:
    """For these people's access; whoever had it before by the same row gets none (repairs and restores)."""
    if not emails:
        return Mails()
    rows = KisiGrant.objects.open().filter(connection=connection, email__in=emails)
    facts = list(rows.values_list("email", "granted_before", "kisi_user_id"))
    fresh = set(emails) - {email for email, had_it, _ in facts if had_it}
    known = {email for email, _, user_id in facts if user_id is not None}
    return Mails(len(fresh - known), len(fresh) if connection.send_mails else 0)
