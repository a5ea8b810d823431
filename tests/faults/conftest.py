"""What the fault tests share: a report of what was seen, and the table at the end of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.table import LAST, Row, lines, missing
from tests.processes.real import broker, gym, mailbox, postgres, running, serve, start

# Fixtures of the tests with real processes.
__all__ = ["broker", "gym", "mailbox", "postgres", "running", "serve", "start"]
Saw = Callable[..., None]


@pytest.fixture
def saw(record_property: Callable[[str, Any], None]) -> Saw:
    """Report, after asserting it, what came of the fault and its figure: `saw("one user, linked", "0 duplicates")`."""

    def report(seen: str, figure: str = "") -> None:
        record_property("seen", seen)
        record_property("figure", figure)

    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    mark = item.get_closest_marker("fault")
    if mark:
        item.user_properties.append(("fault", list(mark.args)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-faults", action="store_true", help="fail unless every fault of the table was tried"
    )


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = [row for report in _ended(terminalreporter) if (row := _row(report))]
    if not rows or not (config.getoption("--all-faults") or len(rows) == _count(terminalreporter)):
        return
    terminalreporter.section("faults")
    for line in lines(rows):
        terminalreporter.write_line(line)
    untried = missing(rows)
    terminalreporter.write_line(
        f"{LAST - len(untried)} of {LAST} faults tried, {_failed(rows)} not as expected"
    )
    if untried and config.getoption("--all-faults"):
        terminalreporter.write_line(f"not tried: {', '.join(map(str, untried))}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """`make faults` is red when a fault has no test."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--all-faults") and reporter:
        rows = [row for report in _ended(reporter) if (row := _row(report))]
        if missing(rows) and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _ended(reporter: Any) -> list[Any]:
    kept = [report for outcome in ("passed", "failed", "error") for report in reporter.stats.get(outcome, [])]
    return [report for report in kept if getattr(report, "when", "") == "call" or report.failed]


def _count(reporter: Any) -> int:
    return len(_ended(reporter))


def _failed(rows: list[Row]) -> int:
    return sum(row.outcome != "ok" for row in rows)


def _row(report: Any) -> Row | None:
    facts = dict(getattr(report, "user_properties", []))
    if "fault" not in facts:
        return None
    number, name, expected = facts["fault"]
    outcome = "ok" if report.passed else "FAILED"
    return Row(number, name, expected, outcome, facts.get("seen", ""), facts.get("figure", ""))
