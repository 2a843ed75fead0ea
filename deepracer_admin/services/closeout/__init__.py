"""Close-out with its certificate, audit and jobs."""

from deepracer_admin.services.closeout.audit import AuditService
from deepracer_admin.services.closeout.closing import CloseoutService
from deepracer_admin.services.closeout.jobs import JobsService

__all__ = ["AuditService", "CloseoutService", "JobsService"]
