"""The secrets of two-step sign-in, sealed as every secret is. Decides nothing about who may sign in."""

from __future__ import annotations

from integrations import vault
from members.sign_in import TwoSteps

OWNER = "members.two_steps"
SECRETS = ("secret", "seed")


class SealedTwoSteps(TwoSteps):
    """allauth hands over each secret before it is saved; raises vault.VaultError where it cannot be opened."""

    def encrypt(self, text: str) -> str:
        return vault.seal(text, owner=OWNER)

    def decrypt(self, encrypted_text: str) -> str:
        return vault.open_sealed(encrypted_text, owner=OWNER).reveal()
