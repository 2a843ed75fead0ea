"""The loop that makes what is into what should be, outside any browser session.

`Worker` keeps one `EventRuntime` per event with open work, each under a lease of its own, so that two events go on side
by side, on one machine or on two. What is of the installation and of no event (erasure on its date, the practice
world's clock and outbox) it does itself, under the lease `worker`.
"""

from __future__ import annotations

from deepracer_admin.worker.event_runtime import EventRuntime
from deepracer_admin.worker.loop import Worker
from deepracer_admin.worker.worker_watch import WorkerWatch

__all__ = ["EventRuntime", "Worker", "WorkerWatch"]
