"""Every message, error and state of the plans app in words, in this one place. Counts and dates come from words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from members.wording import told
from members.words import day, people

# States, by the value that is stored

STATUS = {
    "pending_active": "Starts later",
    "active": "Active",
    "pending_cancel": "Cancels",
    "paused": "Paused",
    "expired": "Expired",
    "cancelled": "Cancelled",
}

# Fields

NOT_A_PRICE = "Price must be a number, such as 49.00"
TOO_DEAR = "Price must be below 1,000,000"
PLAN_ERRORS = {
    "name": {"required": "Enter a name"},
    "price": {
        "required": "Enter a price",
        "invalid": NOT_A_PRICE,
        "max_decimal_places": NOT_A_PRICE,
        "min_value": "Price must be 0 or more",
        "max_digits": TOO_DEAR,
        "max_whole_digits": TOO_DEAR,
    },
    "billing": {"required": "Choose how often it is billed"},
}
PLAN_HINTS = {
    "has_24hr_access": "People with an active subscription to this plan can open the doors at any time",
}
CHOOSE_A_PLAN = {
    "required": "Choose a plan",
    "invalid_choice": "This plan is not sold any more: choose another one",
}
FIRST_DAY = {"required": "Enter the first day", "invalid": "First day must be a date"}
LAST_DAY = {"required": "Enter the last day", "invalid": "Last day must be a date"}
CAUSE_HINT = "Such as payment failed"
CAUSES_TO_GO_ON = dict.fromkeys(("activate", "resume", "undo_cancel"), "Such as payment received")


def already_a_plan(name: str) -> SafeString:
    return told("{name} is already a plan", name=name)


# What a subscription does not do

OTHER_GYM = "The plan belongs to another gym."
LAST_BEFORE_FIRST = "The last day must not be before the first."
LAST_IN_THE_PAST = "The last day must be today or later."
NEEDS_LAST_DAY = "A subscription that cancels needs its last day."
ENDED_UNSTARTED = "It ended before it was started."
ENDED_PAUSED = "It ended while it was paused. Add a new subscription instead."
ENDS_BEFORE = "It ends before that day anyway."
DELETED_MEANWHILE = "The subscription was deleted meanwhile."
CANNOT = {
    "activate": "be started",
    "pause": "be paused",
    "resume": "be resumed",
    "schedule_cancel": "be set to cancel",
    "undo_cancel": "have its cancel undone",
    "cancel_now": "be cancelled",
    "expire": "expire",
}
STANDS = {
    "pending_active": "it has not started",
    "active": "it is active",
    "pending_cancel": "it is set to cancel",
    "paused": "it is paused",
    "expired": "it has expired",
    "cancelled": "it was cancelled",
}


def not_sold(plan: object) -> SafeString:
    return told("{plan} is archived and no longer sold.", plan=plan)


def impossible(plan: object, action: str, status: str) -> SafeString:
    """Why this step is impossible from where the subscription stands."""
    return told(f"{{plan}} can't {CANNOT[action]}: {STANDS[status]}.", plan=plan)


# Steps of a subscription: the button, the question before, the result

LABELS = {
    "activate": "Start now",
    "pause": "Pause",
    "resume": "Resume",
    "schedule_cancel": "Schedule cancel",
    "undo_cancel": "Undo cancel",
    "cancel_now": "Cancel now",
    "expire": "Expire",
}
TITLES = {
    "activate": "Start {plan} for {first} now?",
    "pause": "Pause {plan} for {first}?",
    "resume": "Resume {plan} for {first}?",
    "schedule_cancel": "Cancel {plan} for {first} later?",
    "undo_cancel": "Undo the cancel of {plan} for {first}?",
    "cancel_now": "Cancel {plan} for {first} now?",
    "expire": "Expire {plan} for {first}?",
}
DONE = {
    "activate": "{plan} has started.",
    "pause": "{plan} is paused.",
    "resume": "{plan} is active again.",
    "schedule_cancel": "{plan} is cancelled from the end of {on}.",
    "undo_cancel": "{plan} goes on.",
    "cancel_now": "{plan} is cancelled.",
    "expire": "{plan} has expired.",
}
THEN = ("{first} loses access {when}.", "{first} gets access {when}.")
BEING_DONE = ("{first} is losing access.", "{first} is getting access.")
NONE_YET = "{first} has no access yet, and gets none."
KEEPS = "{first} keeps access through {plan}."
STAYS = "{first} keeps access."
NO_DOOR = "This changes nobody's door access now."


def button(action: str, *, loses: bool) -> str:
    return f"{LABELS[action]} and remove access" if loses else LABELS[action]


def ask_step(action: str, plan: object, first: str) -> SafeString:
    return told(TITLES[action], plan=plan, first=first)


def done_step(action: str, plan: object, on: str) -> SafeString:
    return told(DONE[action], plan=plan, on=on)


def loses(first: str, when: str) -> SafeString:
    """`when` the doors follow; "" while it is being done."""
    return told((THEN if when else BEING_DONE)[0], first=first, when=when)


def gets_none(first: str) -> SafeString:
    return told(NONE_YET, first=first)


def gains(first: str, when: str) -> SafeString:
    return told((THEN if when else BEING_DONE)[1], first=first, when=when)


def keeps(first: str, plan: str) -> SafeString:
    return told(KEEPS, first=first, plan=plan)


def stays(first: str) -> SafeString:
    return told(STAYS, first=first)


def started(first: str, plan: object, on: str) -> SafeString:
    """`on` is its first day where that is still to come, "" for now."""
    if on:
        return told("{first} is on {plan} from {on}.", first=first, plan=plan, on=on)
    return told("{first} is on {plan} now.", first=first, plan=plan)


def dates(first: date, last: date | None, *, is_over: bool) -> str:
    """The days of a subscription; one that is over may have ended within its last day, or before its first."""
    if last is None:
        return day(first) if is_over else f"{day(first)}, no end"
    if last < first:
        return f"never started, was to start on {day(first)}"
    return f"{day(first)} to {'' if is_over else 'the end of '}{day(last)}"


# Plans


def is_a_plan(plan: object) -> SafeString:
    return told("{plan} is a plan now.", plan=plan)


def archived(plan: object, *, opens: bool) -> SafeString:
    return told(
        f"{{plan}} is archived. Who has it keeps it{', and the doors with it' if opens else ''}.", plan=plan
    )


def sold_again(plan: object) -> SafeString:
    return told("{plan} is sold again.", plan=plan)


def turned(*, on: bool) -> str:
    return "on" if on else "off"


def ask_box(name: str, *, on: bool) -> SafeString:
    return told(f"Turn {turned(on=on)} 24-hr access for {{name}}?", name=name)


def turn(on: bool, *, gains: int, loses: int) -> str:  # noqa: FBT001
    """The button that does it, with its number."""
    said = f"Turn {turned(on=on)}"
    if loses:
        return f"{said} and remove access for {people(loses)}"
    return f"{said} for {people(gains)}" if gains else said


def plan_saved(*, gains: int, loses: int, later: str) -> str:
    parts = ["Plan saved."]
    for count, verb, being in ((gains, "get", "getting"), (loses, "lose", "losing")):
        if count and later:
            parts.append(f"{people(count)} {verb}{'s' if count == 1 else ''} access {later}.")
        elif count:
            parts.append(f"{people(count)} {'is' if count == 1 else 'are'} {being} access.")
    return " ".join(parts)


def plan_changed(plan: object, fields: Sequence[str]) -> str:
    """For the timeline."""
    return f"{plan} changed: {', '.join(fields)}"


def one_after_the_other(sentences: Sequence[str]) -> SafeString:
    return format_html_join(" ", "{}", ((sentence,) for sentence in sentences))
