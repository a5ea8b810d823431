"""The one choke point between us and Kisi. Holds no model and no setting."""

from integrations.kisi.transport.answers import About
from integrations.kisi.transport.calls import Answer, Gate, Transport
from integrations.kisi.transport.wire import Timeouts

__all__ = ["About", "Answer", "Gate", "Timeouts", "Transport"]
