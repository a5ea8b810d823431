"""A save that is rolled back."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.table import fault


@fault(6, "Rollback after a save", expected="no wake-up, no call", first=True)
@pytest.mark.django_db(transaction=True)
def test_a_save_that_is_rolled_back_asks_for_nothing(connected: House, saw: Saw) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        connected.member("Ana")
        raise RuntimeError("the view failed")
    connected.connection.refresh_from_db()
    assert not connected.connection.look_again
    connected.sync()
    calls = connected.calls()
    assert calls == []
    saw("nobody was asked for anything", f"{len(calls)} calls")
