"""What is said of credentials that did not work, at the field it is about. Knows no connection."""

from __future__ import annotations

from integrations.access.errors import (
    DoorError,
    GroupGone,
    KeyRejected,
    KeyTooWeak,
    SlowDown,
)

TOO_WEAK = "may not change people in Kisi. Use a key of the organization's owner or an administrator."
CHECK_GROUP = "Check the number, and that the key belongs to the right organization."
GROUP_TAKEN = "This group is already connected in Core. Each gym needs a group of its own."
KEY_AGAIN = "Enter the key again: Core does not keep a key that failed."
KEY_UNTRIED = "Enter the key again: Core has not tried it, and keeps no key before it works."


def busy(*, is_new: bool) -> str:
    """`is_new` where the button says Connect."""
    again = "press Connect again" if is_new else "try again"
    return f"Kisi is busy with other requests for this key. Wait a minute, then {again}."


def refusal(error: DoorError, *, group_id: int, is_new: bool) -> tuple[str, str]:
    """(form field, sentence) for credentials that did not work; "" for the whole form."""
    if isinstance(error, KeyRejected):
        return "api_key", "Kisi does not accept this API key. Make a new one in Kisi and paste all of it."
    if isinstance(error, KeyTooWeak):
        who = f"{error.owner}, whose key this is," if error.owner else "The person whose key this is"
        return "api_key", f"{who} {TOO_WEAK}"
    if isinstance(error, GroupGone):
        where = f" in {error.organization}" if error.organization else ""
        return "group_id", f"This key sees no group {group_id}{where}. {CHECK_GROUP}"
    if isinstance(error, SlowDown):
        return "", busy(is_new=is_new)
    return "", (
        "Kisi did not answer as expected. Try again in a few minutes; status.kisi.io shows known faults."
    )


def other_organization(has: str, needs: str) -> str:
    made = f"The connection was made with {needs}."
    return f"This key belongs to {has}. {made} Use a key of {needs}, or disconnect first."
