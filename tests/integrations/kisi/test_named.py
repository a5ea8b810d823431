"""The people of a page in one field: the same ones again, and nobody for what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kisi import named


@given(st.sets(st.integers(1, 3000)))
def test_the_same_people_again(ids):
    assert named.unpack(named.pack(ids)) == ids


def test_people_in_a_row_are_one_part():
    assert named.pack([5, 3, 4, 12, 9, 8]) == "3-5 8-9 12"


@pytest.mark.parametrize(
    "text", ["", "ana@example.com", "-", "3-", "-3", "9-3", "³", "1" * 5000, "1-999999999", "3--9"]
)
def test_what_makes_no_sense_names_nobody_else(text):
    assert named.unpack(text) <= {3}


def test_ten_thousand_people_fit_into_a_form():
    assert len(named.pack(range(1, 20_000, 2))) < 60_000
