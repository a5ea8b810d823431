"""Every page beyond the states, by name: each scene leads a window from one to the next and names where it is."""

from __future__ import annotations

from tests.browser.scenes import accounts, connecting, finding, moving, plans, previews, refusals
from tests.browser.scenes import members as people
from tests.browser.scenes.kinds import Scene

SCENES: dict[str, Scene] = {
    **previews.SCENES,
    **connecting.SCENES,
    **moving.SCENES,
    **finding.SCENES,
    **plans.SCENES,
    **people.SCENES,
    **accounts.SCENES,
    **refusals.SCENES,
}
