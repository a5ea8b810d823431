"""Which Kisi the story is told at: every single alternative, and the pairs that are worse than both alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from integrations.kisi.simulator import Kind
from integrations.kisi.simulator.switches import alternatives
from tests.switches import circumstances as when
from tests.switches.story import Circumstance


@dataclass(frozen=True)
class Case:
    """`always` are switches from the first call on; what nobody can live with comes and goes by circumstance."""

    name: str
    always: dict[str, Any] = field(default_factory=dict)
    circumstance: Circumstance | None = None


def under(circumstance: Circumstance) -> Callable[[str, Any], Case]:
    """The switch is turned from the start, and this happens so that it matters."""
    return lambda name, value: Case(f"{name}={value}", {name: value}, circumstance)


def for_a_while(name: str, value: Any) -> Case:
    return Case(f"{name}={value}", {}, when.newcomers_wait(**{name: value}))


def an_empty_list_without_a_range(name: str, value: Any) -> Case:
    """Without the header nobody can know that an empty list is whole: who has no right yet waits."""
    return for_a_while(name, value) if value == "missing" else Case(f"{name}={value}", {name: value})


SPECIAL: dict[str, Callable[[str, Any], Case]] = {
    "past_due": for_a_while,
    "empty_range": an_empty_list_without_a_range,
    "suspend_after_bad_requests": lambda name, value: Case(
        f"{name}={value}", {}, when.key_is_suspended(value, "403")
    ),
    "suspended_status": lambda name, value: Case(f"{name}={value}", {}, when.key_is_suspended(2, value)),
    "basic_organization_row": lambda name, value: Case(f"{name}={value}", {}, when.everybody_gets_a_role),
    "rate_window": under(when.kisi_is_busy),
    "rate_limit_headers": under(when.kisi_is_busy),
    "retry_after": under(when.kisi_is_busy),
    "too_many_body": under(when.kisi_is_busy),
    "bad_key_body": under(when.revoked),
    "weak_write": under(when.demoted("observer")),
    "weak_read": under(when.demoted("basic")),
    "weak_key_sees_itself": under(when.demoted("basic")),
    "access_manager_may_write": under(when.key_of_an_access_manager),
    "key_idle_days": under(when.an_expiring_key_is_used_daily),
    "foreign_id": under(when.a_group_of_another_organization),
    "recreated_user_id": under(when.back_within_the_minute),
    "deleted_email_blocked_seconds": under(when.back_within_the_minute),
    "events_outlive_people": under(when.back_within_the_minute),
    "deleted_user_rights": under(when.deleted_by_hand),
    "unknown_assignee": under(when.deleted_while_core_looks),
    "second_role_in_group": under(when.promoted_while_core_looks),
}


def singles() -> Iterator[Case]:
    for name, values in alternatives().items():
        make = SPECIAL.get(name, lambda name, value: Case(f"{name}={value}", {name: value}))
        yield from (make(name, value) for value in values)


LAG = {"query_lag_seconds": 90.0, "lag_hits_email_filter": True}
PAIRS = (
    # Kisi knows somebody whom no search shows: a lost answer looks as if it had never arrived.
    Case("a lag, and doubles are 422", LAG | {"duplicate_user": "422"}),
    Case("a lag, and no mark to know our own by", LAG | {"metadata": "dropped"}),
    Case("a lag, and an address is free again only later", LAG | {"deleted_email_blocked_seconds": 30.0}),
    Case(
        "a lag, and the filter finds near misses",
        LAG | {"email_filter": "partial", "email_filter_case": "exact"},
    ),
    # Lists that cannot be trusted, in pieces.
    Case("small pages, newest first", {"most_per_page": 3, "default_order": "newest"}),
    Case(
        "small pages in no order",
        {},
        when.newcomers_wait(most_per_page=3, default_order="random"),
    ),
    Case(
        "small pages, total too high",
        {"most_per_page": 3},
        when.newcomers_wait(faults=when.page_by_page(Kind.WRONG_TOTAL)),
    ),
    Case(
        "small pages, total too low",
        {"most_per_page": 3},
        when.newcomers_wait(faults=when.page_by_page(Kind.LOW_TOTAL)),
    ),
    Case(
        "small pages, a row twice",
        {"most_per_page": 3},
        when.newcomers_wait(faults=when.page_by_page(Kind.DOUBLED)),
    ),
    Case("an empty list is 0-0/0, and ends are starred", {"empty_range": "0-0/0", "offset_past_end": "star"}),
    # Refusals that look like something else.
    Case("PATCH is 422, a missing wrapper 400", {"patch_unknown_field": "422", "missing_wrapper": "400"}),
    Case(
        "a 422 means a double, and means unpaid",
        {"duplicate_user": "422"},
        when.newcomers_wait(past_due="422"),
    ),
    Case(
        "a double right is 422, and so is the older form",
        {"duplicate_assignment": "422", "assignment_form": "new"},
    ),
    Case(
        "a double right is 422, and so is one for nobody",
        {"duplicate_assignment": "422", "unknown_assignee": "422"},
        when.deleted_while_core_looks,
    ),
    Case(
        "errors say nothing, by no name",
        {"error_code": "missing", "error_key": "message", "bad_key_body": "empty"},
        when.revoked,
    ),
    # A key that was demoted is told that nothing is there, or that all lists are empty.
    Case("a weak key finds nothing", {"weak_read": "404", "weak_write": "404"}, when.demoted("basic")),
    Case("a weak key sees empty lists", {"weak_read": "empty", "weak_write": "404"}, when.demoted("basic")),
    Case(
        "a weak key sees empty lists without a range",
        {"weak_read": "empty", "weak_write": "404", "empty_range": "0-0/0"},
        when.demoted("basic"),
    ),
    Case(
        "a weak key reads all and is told its writes hit nothing",
        {"weak_write": "404"},
        when.demoted("observer"),
    ),
    # Rights twice, or of nobody.
    Case(
        "always a new row, and ended ones are hidden",
        {"duplicate_assignment": "new_row", "list_expired_assignments": False},
    ),
    Case(
        "always a new row, and two filters are one",
        {"duplicate_assignment": "new_row", "combined_filters": "first"},
    ),
    Case(
        "always a new row, and two roles in a group",
        {"duplicate_assignment": "new_row", "second_role_in_group": "allowed"},
        when.promoted_while_core_looks,
    ),
    Case(
        "who comes back finds the old rights",
        {"recreated_user_id": "same", "deleted_user_rights": "stay"},
        when.back_within_the_minute,
    ),
    Case(
        "two spellings are two people, and stay as sent",
        {"email_unique_case": "exact", "email_stored": "as_sent"},
    ),
    Case(
        "two spellings are two people, and a search wants the right one",
        {"email_unique_case": "exact", "email_filter_case": "exact"},
    ),
    # Kisi's protected people, refused in another way than documented.
    Case(
        "a role for everybody, and the owner is 422",
        {"delete_owner_or_self": "422"},
        when.everybody_gets_a_role,
    ),
    Case(
        "a role for everybody, and the owner is not told",
        {"organization_shows_owner": False},
        when.everybody_gets_a_role,
    ),
    # Another Kisi altogether: of tomorrow, and of 2024.
    Case(
        "tomorrow",
        {
            "assignment_form": "new",
            "assignment_fields": "new",
            "members": "gone",
            "deprecation_headers": "everywhere",
            "milliseconds": True,
        },
    ),
    Case("2024", {"assignment_form": "old", "assignment_fields": "old", "resource_types": False}),
    # Slow and silent.
    Case("half the pace, and pages for 429", {"rate_limit": 2, "too_many_body": "html"}),
    Case(
        "half the pace in fixed seconds, with a time",
        {"rate_limit": 2, "rate_window": "fixed", "retry_after": "seconds"},
    ),
)
