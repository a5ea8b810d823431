"""The facts about Kisi that nobody could confirm, each a named switch. Holds values, decides nothing."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

OTHERS = "others"


class UnknownSwitch(ValueError):
    """The name is no switch, or the value is not one of its values; `str()` says what would be."""


def _number(default: float, *others: float) -> Any:
    """A switch that is a number: its default, and the other values worth trying."""
    return field(default=default, metadata={OTHERS: others})


@dataclass(frozen=True, slots=True)
class Switches:
    """One field per uncertain fact of the fact sheet; the default is the sheet's, or the harsher one."""

    # Pace and refusals (sections 5 to 7)
    rate_limit: int = _number(5, 2)  # calls a second and Kisi user; 0 = no limit
    rate_window: Literal["sliding", "fixed"] = "sliding"
    rate_limit_headers: bool = False  # X-RateLimit-Limit and -Remaining on every answer
    retry_after: Literal["off", "seconds", "date"] = "off"
    too_many_body: Literal["json", "empty", "html"] = "json"
    bad_key_body: Literal["json", "empty"] = "json"
    error_code: Literal["status", "other", "missing"] = "status"  # `code` in an error's body
    error_key: Literal["error", "message"] = "error"  # where an error's body has its words
    suspend_after_bad_requests: int = _number(0, 2)  # a key is refused after so many 4xx; 0 = never
    suspended_status: Literal["403", "401", "429"] = "403"
    partner_headers_required: bool = False
    key_idle_days: int = _number(180, 14)  # an expiring key dies after so long unused
    weak_write: Literal["403", "404"] = "403"
    weak_read: Literal["403", "404", "empty"] = "403"
    weak_key_sees_itself: bool = True  # GET /user answers whatever the role
    access_manager_may_write: bool = True  # an organization access manager's key suffices
    foreign_id: Literal["404", "403"] = "404"  # an id of another organization
    past_due: Literal["no", "403", "402", "422"] = "no"  # an unpaid organization makes nobody new
    put_works: bool = False  # PUT as an old name of PATCH
    # Lists (section 4)
    over_max_limit: Literal["clamp", "422"] = "clamp"
    most_per_page: int = _number(0, 3)  # a page is cut to so many rows, whatever is documented; 0 = it is not
    offset_over_cap: Literal["422", "400", "empty"] = "422"
    offset_past_end: Literal["range", "star"] = "range"
    empty_range: Literal["*/0", "0-0/0", "missing"] = "*/0"
    default_order: Literal["id", "newest", "random"] = "id"
    resource_types: bool = True
    milliseconds: bool = False
    # Users (sections 2.2, 2.3 and 3)
    email_filter: Literal["exact", "partial"] = "exact"
    email_filter_case: Literal["ignored", "exact"] = "ignored"
    email_stored: Literal["lower", "as_sent"] = "lower"
    email_unique_case: Literal["ignored", "exact"] = "ignored"  # whether Ana@ and ana@ are one person
    query_lag_seconds: float = _number(0.0, 90.0)  # a fresh user is missing from `query` for so long
    lag_hits_email_filter: bool = False
    group_filter_counts_teams: bool = False
    group_filter_counts_expired: bool = True
    missing_wrapper: Literal["422", "400"] = "422"
    duplicate_user: Literal["409", "422"] = "409"
    name_when_missing: Literal["email", "null"] = "email"
    confirm: Literal["obeyed", "ignored"] = "obeyed"
    confirm_default: bool = False
    metadata: Literal["kept", "dropped"] = "kept"  # documented, never seen in use
    patch_unknown_field: Literal["ignored", "422"] = "ignored"
    patch_metadata: Literal["replace", "merge"] = "replace"
    delete_owner_or_self: Literal["403", "422"] = "403"
    deleted_email_blocked_seconds: float = _number(0.0, 30.0)
    deleted_user_rights: Literal["go", "stay"] = "go"  # "stay": rows of nobody remain in the lists
    recreated_user_id: Literal["new", "same"] = "new"  # of somebody who was deleted and comes back
    events_outlive_people: bool = True
    basic_organization_row: bool = False  # each new user also gets an organization-level `basic` row
    members: Literal["served", "gone"] = "served"
    deprecation_headers: Literal["off", "members", "everywhere"] = "off"
    organization_shows_owner: bool = True
    # Role assignments (sections 2.4 and 3)
    assignment_form: Literal["both", "old", "new"] = "both"  # in a request
    assignment_fields: Literal["both", "old", "new"] = "both"  # in an answer
    duplicate_assignment: Literal["by_validity", "409", "new_row", "422"] = "by_validity"
    second_role_in_group: Literal["422", "409", "allowed"] = "422"
    unknown_assignee: Literal["404", "422"] = "404"
    list_expired_assignments: bool = True
    half_filter: Literal["ignored", "400"] = "ignored"  # an assignee_id without assignee_type
    combined_filters: Literal["and", "first"] = "and"  # user_id together with group_id
    patch_assignment: Literal["role", "role_and_validity", "nothing"] = "role"
    place_role_ids: Literal["prefixed", "plain"] = "prefixed"  # "place_manager", or "manager" like the other
    # Mails and doors (section 9)
    notify_default: bool = True
    send_emails_persists: bool = True
    welcome_mail_when_confirmed: bool = True
    admins_open_doors: bool = False

    def changed(self, **values: Any) -> Switches:
        """A copy with these values, each given as its own type or as text."""
        hints = get_type_hints(type(self))
        unknown = sorted(set(values) - set(hints))
        if unknown:
            raise UnknownSwitch(f"No switch is called {unknown[0]}. There are: {', '.join(sorted(hints))}")
        return replace(self, **{name: _read(name, hints[name], value) for name, value in values.items()})

    def as_dict(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def alternatives() -> dict[str, tuple[Any, ...]]:
    """Every switch with its values besides the default; what a test of all alternatives goes through."""
    hints = get_type_hints(Switches)
    return {switch.name: _others(switch, hints[switch.name]) for switch in fields(Switches)}


def _others(switch: Field[Any], kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Literal:
        return tuple(value for value in get_args(kind) if value != switch.default)
    return (not switch.default,) if kind is bool else tuple(switch.metadata.get(OTHERS, ()))


def parsed(settings: list[str]) -> dict[str, str]:
    """`["rate_limit=0"]` as `{"rate_limit": "0"}`."""
    pairs = [setting.partition("=") for setting in settings]
    broken = [setting for setting, pair in zip(settings, pairs, strict=True) if not pair[1]]
    if broken:
        raise UnknownSwitch(f"{broken[0]} is not SWITCH=VALUE")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _read(name: str, kind: Any, value: Any) -> Any:
    if get_origin(kind) is Literal:
        return _one_of(name, get_args(kind), str(value))
    if kind is bool:
        return _one_of(name, ("on", "off", "true", "false"), str(value).lower()) in ("on", "true")
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise UnknownSwitch(f"{name} needs a number") from error


def _one_of(name: str, allowed: tuple[str, ...], value: str) -> str:
    if value not in allowed:
        raise UnknownSwitch(f"{name} is one of {', '.join(allowed)}")
    return value
