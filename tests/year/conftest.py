"""The year is one of the faults, and reports what it saw as they do."""

from __future__ import annotations

from tests.faults.conftest import pytest_runtest_setup, saw

__all__ = ["pytest_runtest_setup", "saw"]
