"""Core's web server, killed each time between a subscription's COMMIT and the callbacks after it. For tests."""

import os
import signal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver

from config.wsgi import application
from plans.models import Subscription

__all__ = ["application"]


@receiver(pre_save, sender=Subscription, dispatch_uid="dying_web.after_commit")
def die_after_commit(**_: Any) -> None:
    """Callbacks run in the order in which they were added, and this one is the first."""
    transaction.on_commit(partial(os.kill, os.getpid(), signal.SIGKILL))
