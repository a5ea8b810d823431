"""The fixtures of the tests with real processes, which also serve those among the faults."""

from tests.processes.real import broker, gym, mailbox, postgres, running, serve, start

__all__ = ["broker", "gym", "mailbox", "postgres", "running", "serve", "start"]
