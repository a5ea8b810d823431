"""The same two gyms and people as in the tests of members."""

from tests.members.conftest import alice, at_desk, bob, desk, doors, gym, no_doors, signed_in

__all__ = ["alice", "at_desk", "bob", "desk", "doors", "gym", "no_doors", "signed_in"]
