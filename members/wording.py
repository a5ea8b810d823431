"""Every message, error and state of the members app in words, in this one place. Counts and dates come from words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_letters, digits

from django.utils.html import format_html
from django.utils.safestring import SafeString

from members.words import counted, some


def told(sentence: str, **names: object) -> SafeString:
    """The sentence with each name in it kept apart, so that a name written from right to left turns nothing around."""
    kept_apart = {key: format_html("<bdi>{}</bdi>", name) for key, name in names.items()}
    return format_html(sentence, **kept_apart)


# Fields. What stands at a field says what to do; it names the field by its label.

LIKE = "like name@example.com"
NO_ADDRESS = f"Email must have an @, {LIKE}"
BEFORE_THE_AT = frozenset(f"{ascii_letters}{digits}.!#$%&'*+-/=?^_`{{}}|~\"")
CHOOSE = "Choose one of the list"
ANEW = "{label} cannot be read: enter it again"
FIELD: Mapping[str, str] = {
    "required": "Enter the {lower}",
    "max_length": "{label} must be {max_length} letters or fewer",
    "min_length": "{label} must be {min_length} letters or more",
    "null_characters_not_allowed": "{label} holds a character that cannot be kept: type it instead of pasting it",
    "invalid": ANEW,
    "min_value": "{label} must be {min_value} or more",
    "max_value": "{label} must be {max_value} or less",
    "max_digits": "{label} must be a shorter number",
    "max_whole_digits": "{label} must be a shorter number",
    "max_decimal_places": "{label} must have {decimal_places} decimals or fewer",
    "invalid_choice": CHOOSE,
    "invalid_list": CHOOSE,
    "invalid_pk_value": CHOOSE,
}
# By kind of field, where it can be said better.
NUMBER = {"invalid": "{label} must be a number"}
DATE = {"invalid": "{label} must be a date"}
EMAIL = {"invalid": NO_ADDRESS}
CHOICE = {"required": CHOOSE}
BOX = {"required": "Tick the box"}
LONG_LABEL = 5


def at_field(template: str, label: str, limits: Mapping[str, str]) -> str:
    """One error of a field, with those limits that it has; a label that is a whole sentence is not repeated."""
    name = label.removesuffix("(optional)").strip()
    name = "This" if len(name.split()) >= LONG_LABEL else name
    facts = {"label": name, "lower": f"{name[:1].lower()}{name[1:]}", **limits}
    try:
        return template.format(**facts)
    except KeyError:
        return ANEW.format(**facts)


def no_address(text: str) -> str:
    """What is wrong with an address that is none: the first that is found."""
    name, _, domain = text.strip().rpartition("@")
    odd = next((sign for sign in name if sign not in BEFORE_THE_AT), "")
    found = (
        ("@" not in text, "must have an @"),
        (len(text.split()) > 1, "must have no spaces"),
        ("@" in name, "must have only one @"),
        (not name or not domain, "must have a name before the @ and a domain after it"),
        (bool(odd), f"must not have {odd} before the @"),
        ("." not in domain, "must have a dot after the @"),
        (True, "is not an address as it stands: check it"),
    )
    return f"Email {next(words for is_so, words in found if is_so)}, {LIKE}"


# Members

MEMBER_ERRORS = {
    "first_name": {"required": "Enter a first name"},
    "email": {"invalid": NO_ADDRESS},
}
DOORS = "the door system"  # where nothing is connected that has a name
WHY_EMAIL = "The doors know people by email: without one, none can be opened"


def is_a_member(name: str) -> SafeString:
    return told("{name} is a member now. Add a subscription next.", name=name)


def member_added(name: str) -> str:
    return f"{name} added"


SAVED = "Saved."
MEMBER_DELETED = "A member deleted"


def saved_followed(before: str, after: str, doors: str, later: str, *, stays: bool = False) -> SafeString:
    """The new address gets in before the old one goes, or `stays` known there; `doors` is the system's name."""
    said = "Saved. {after} gets access first, then {before} "
    said += "loses access" if stays else "is removed from {doors}"
    said += ", {later}." if later else "."
    return told(said, before=before, after=after, doors=doors, later=later)


def saved_losing(email: str, later: str) -> SafeString:
    said = "Saved. {email} loses access {later}." if later else "Saved. {email} is losing access."
    return told(said, email=email, later=later)


def saved_gaining(email: str, later: str) -> SafeString:
    said = "Saved. {email} gets access {later}." if later else "Saved. {email} is getting access."
    return told(said, email=email, later=later)


def details_changed(fields: Sequence[str], before: str, after: str) -> str:
    """For the timeline; "" when nothing was changed."""
    parts = [name.replace("_", " ") for name in fields if name != "email"]
    if before != after:
        parts.append(f"email from {before or 'none'} to {after or 'none'}")
    return f"Details changed: {', '.join(parts)}" if parts else ""


def ask_address(name: str, after: str) -> SafeString:
    return told("Change the email of {name}?" if after else "Remove the email of {name}?", name=name)


SAVE_AND_REMOVE = "Save and remove access"


def ask_deletion(name: str) -> SafeString:
    return told("Delete {name}?", name=name)


def delete(name: str, *, loses: bool) -> SafeString:
    return told("Delete {name} and remove access" if loses else "Delete {name}", name=name)


def before_deletion(doors: str, later: str, *, loses: bool) -> tuple[str, ...]:
    gone = "The subscriptions are deleted too. This cannot be undone."
    then = f", {later}" if later else ""
    return (gone, f"Access is removed in {doors} too{then}.") if loses else (gone,)


def deleted(name: str, doors: str, later: str, *, loses: bool) -> SafeString:
    access = " Access is being removed in {doors} too." if loses else ""
    if loses and later:
        access = " Access is removed in {doors} too, {later}."
    return told("{name} is deleted." + access, name=name, doors=doors, later=later)


# Before a change that concerns the doors

GO_BACK = "Go back without saving"
GO_BACK_UNDELETED = "Go back without deleting"
LIST_CHANGED = "The list changed while you were reading. Check it again."
ACCESS_HEADINGS = ("Name", "Email", "Door access", "Reason")
GAINS, LOSES, DENIED, KEEPS = "gets access", "loses access", "gets no access", "keeps access"


def list_changed(came: Sequence[str], left: Sequence[str]) -> str:
    """How a list of people differs from the one that was shown: by count, and by name where it is known."""
    said = (
        f"The list changed while you were reading: {len(came):,} more, {len(left):,} fewer. Check it again."
    )
    for words, names in (("New on it", came), ("No longer on it", left)):
        if any(names):
            said += f" {words}: {some(names)}."
    return said


# Signing in

SESSION_ENDED = "Your session ended. Nothing was saved. Sign in to go on."
SIGN_IN_LABELS = {
    "login": "Email",
    "email": "Email",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, again",
    "code": "6-digit code",
}
SIGN_IN_REQUIRED = {
    "login": "Enter your email",
    "email": "Enter your email",
    "password": "Enter your password",
    "oldpassword": "Enter your current password",
    "password1": "Enter a new password",
    "password2": "Enter the new password again",
    "code": "Enter the code",
}
NEW_ONE_HINT = (
    "8 letters, digits or signs at least. Not your name or email, and not one that many people use."
)
TOO_MANY_TRIES = "Too many tries. Wait a few minutes."
SIGN_IN_ERRORS = {
    "email_password_mismatch": "The email or password is not right.",
    "invalid_login": "The email or password is not right.",
    "too_many_login_attempts": "Too many tries. Wait 5 minutes, or reset your password.",
    "enter_current_password": "This is not your current password.",
    "incorrect_password": "The password is not right.",
    "rate_limited": TOO_MANY_TRIES,
}
NEWEST_CODE = "The code is not right. Codes change every 30 seconds: enter the newest."
SECOND_STEP_ERRORS = {
    "incorrect_code": NEWEST_CODE,
    "rate_limited": TOO_MANY_TRIES,
    "unverified_email": "Your email is not confirmed yet. Ask whoever runs Core.",
    "cannot_generate_recovery_codes": "Set up your authenticator app first.",
}
NOT_POSSIBLE = "This cannot be done here. Nothing was changed. Ask whoever runs Core."
# What the libraries say of a new password, by their code; of two that differ there is only their text.
NEW_PASSWORD = {
    "password_too_short": "Password must be %(min_length)s letters, digits or signs or more",
    "password_too_similar": "Password must not be so close to your name or email",
    "password_too_common": "Password must not be one that many people use",
    "You must type the same password each time.": "The two new passwords must be the same",
}


def no_time_zone(name: str) -> str:
    return f"“{name}” is not a time zone, such as Europe/Berlin"


def found(count: int) -> str:
    """Read out after a search."""
    return f"{counted(count, 'member', 'members')} found"
