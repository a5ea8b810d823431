"""What a press of a button led to, in a sentence for the banner above the next page. The one place for these words."""

from __future__ import annotations

from django.utils.safestring import SafeString

from members.wording import told
from members.words import people

SYNC_RUNS = "A sync is already running. It looks again when it is done."
PAUSED = "Syncing is paused. Nobody's access changes until you resume."
RULES_SAVED = "Rules saved."
RECONNECTED = "Kisi is connected again. Core reads the whole group before it removes anybody."
DISCONNECTED = "Kisi is disconnected. Everybody kept the access they had."
STOPPED = "Stopped. The rest keep their access, and Kisi is disconnected."


def sync_started(*, later: str) -> str:
    """`later` where nothing is written now, as in all of these."""
    return f"A sync is asked for. It starts {later}." if later else "Sync started."


def resumed(*, later: str) -> str:
    return f"Syncing goes on. What waited is {f'sent {later}' if later else 'being sent'}."


def applies(*, later: str) -> str:
    return f"Core applies this preview {later or 'now'}."


def cut_over(count: int, *, later: str) -> str:
    """What came of it; `later` is when they lose it."""
    lose = f"{people(count)} lose{'s' if count == 1 else ''} access"
    then = f"{lose} {later}." if later else f"{lose}."
    return f"Core is the only source now. {then} Now disconnect the other platform."


def removes_and_disconnects(count: int) -> str:
    return f"Removing the access of {people(count)}, then Kisi is disconnected."


def new_key(waiting: int, *, later: str, is_paused: bool) -> str:
    """After new credentials; who paused the syncing is told that they did not resume it."""
    stays = " Syncing stays paused." if is_paused else ""
    if not waiting:
        return f"New key saved.{stays}"
    many = "1 waiting change is" if waiting == 1 else f"{waiting:,} waiting changes are"
    return f"New key saved.{stays} {many} {f'sent {later}' if later else 'being sent'}."


def removes_left_behind(count: int, *, later: str) -> str:
    removed = f"removed {later}" if later else "being removed"
    return f"Access of {people(count)} in the former group is {removed}."


def off_the_list(count: int) -> str:
    return f"{people(count)} {_are(count)} no longer listed. Core changed nothing in Kisi."


def other_group(name: str, group_id: int, *, later: str) -> SafeString:
    """After new credentials with another Group ID."""
    given = f"given there {later}" if later else "being given there"
    return told(
        f"Core uses the group {{name}}, ID {{group_id}}, from now on. Access is {given}.",
        name=name,
        group_id=group_id,
    )


def connected_already(name: str, group_id: int) -> SafeString:
    """Where somebody connects a gym that was connected meanwhile, in another window or by another admin."""
    return told(
        "This gym is connected already, to the group {name}, ID {group_id}. Nothing you entered was saved. "
        "To use another group, update the credentials here.",
        name=name,
        group_id=group_id,
    )


def asked_about(name: str) -> SafeString:
    return told("Kisi was asked about {name}.", name=name)


def found_person(email: str) -> SafeString:
    return told("Kisi was asked about {email}: see Find a person.", email=email)


def left_to_kisi(first: str) -> SafeString:
    return told("{first}'s door access is left to Kisi.", first=first)


def taken_back(first: str) -> SafeString:
    return told("Core decides about {first}'s door access again.", first=first)


def not_confirmed(first: str) -> SafeString:
    """At the test with one person, where the access that was seen is not Core's."""
    return told(
        "Core has not confirmed {first}'s access yet. Sync this person, and wait for five times Yes.",
        first=first,
    )


def test_recorded(name: str) -> SafeString:
    return told("The test with {name} is recorded.", name=name)


def allowed(count: int, *, entitled: int, left_out: int, later: str) -> str:
    """Held removals that were let go, `later` where nothing is written now.

    `entitled` are so again since, `left_out` were not held any more.
    """
    going = f"Access of {people(count)} is {f'removed {later}' if later else 'being removed'}."
    said = [going if count else "Nobody's access is being removed."]
    if entitled:
        said.append(f"{people(entitled)} {_are(entitled)} entitled again and {_were(entitled)} left out.")
    return " ".join([*said, *_not_held(left_out)])


def kept(count: int, *, left_out: int) -> str:
    keep = f"{people(count)} keep{'s' if count == 1 else ''} their access."
    return " ".join([keep, *_not_held(left_out)])


def allowed_ahead(count: int) -> str:
    if not count:
        return "Nobody on that list waits for your word any more."
    return f"{people(count)} lose{'s' if count == 1 else ''} access tomorrow, without another question."


def _not_held(count: int) -> list[str]:
    return [f"{people(count)} {_are(count)} not held any more and {_were(count)} left out."] if count else []


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
