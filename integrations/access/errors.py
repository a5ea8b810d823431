"""What a door system may answer, one class per duty of the caller. Holds no vendor's words of its own."""

from __future__ import annotations


class DoorError(Exception):
    """A door system did not do what it was asked; `str()` is enough to debug from a log line.

    `said` is the system's own words (already redacted), `status` its HTTP status or None, `call` what was asked.
    """

    def __init__(self, said: str = "", *, status: int | None = None, call: str = "") -> None:
        self.said = said
        self.status = status
        self.call = call
        super().__init__(" ".join(part for part in (call, str(status or ""), said) if part))


class StopRun(DoorError):
    """Nothing more may be tried with this connection now; nobody's access was changed by this answer."""


class KeyRejected(StopRun):
    """The key is not valid (any more): stop, touch nobody, ask for a new one."""


class KeyTooWeak(StopRun):
    """The key's owner may not make a call that every run needs: stop, ask for a stronger one.

    `owner` is that person's name, "" when it is not known.
    """

    def __init__(self, said: str = "", *, owner: str = "", status: int | None = None, call: str = "") -> None:
        super().__init__(said, status=status, call=call)
        self.owner = owner


class GroupGone(StopRun):
    """The group of the connection is not there, or not visible to this key: stop.

    `organization` is the name of the one where it was looked for, "" when that is not known.
    """

    def __init__(
        self, said: str = "", *, organization: str = "", status: int | None = None, call: str = ""
    ) -> None:
        super().__init__(said, status=status, call=call)
        self.organization = organization


class WrongOrganization(StopRun):
    """The key belongs to another organization or another person than the one stored: stop before any write."""


class SlowDown(StopRun):
    """Too many calls: push everybody who shares the key's owner; `retry_after` in seconds, None when unsaid."""

    def __init__(
        self, said: str = "", *, retry_after: float | None = None, status: int | None = None, call: str = ""
    ) -> None:
        super().__init__(said, status=status, call=call)
        self.retry_after = retry_after


class NoAnswer(DoorError):
    """No usable answer. A read: it was tried several times. A write (`wrote`): it may have taken effect."""

    def __init__(
        self, said: str = "", *, wrote: bool = False, status: int | None = None, call: str = ""
    ) -> None:
        super().__init__(said, status=status, call=call)
        self.wrote = wrote


class IncompleteRead(DoorError):
    """A list was short, doubled, shifted or malformed on every try: conclude nothing from it."""


class PersonError(DoorError):
    """Concerns one person only: record it on that person and go on with the others."""


class Forbidden(PersonError):
    """The key may not change this person: park; three people in a row mean the key may be too weak."""


class Gone(PersonError):
    """The person or the right is not there: done for a removal, lost for a grant."""


class AlreadyExists(PersonError):
    """Somebody or something with these particulars is there already: find it and compare exactly."""


class Refused(PersonError):
    """The system refuses these particulars for good: park until they change, or by hand."""


class Conflict(PersonError):
    """Two people match one address, or a right belongs to somebody else: a person has to look."""
