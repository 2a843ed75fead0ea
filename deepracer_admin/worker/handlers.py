"""Which handler carries out which kind of job."""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.flows.access.resend_invitation import InviteResendHandler
from deepracer_admin.flows.calls.trial import TrialHandler
from deepracer_admin.flows.closeout.run import CloseoutHandler
from deepracer_admin.flows.engine.jobs import Handler
from deepracer_admin.flows.mail.to_myself import MailTestHandler
from deepracer_admin.flows.races.entrants import AdmitHandler, ExpelHandler, LinkHandler
from deepracer_admin.flows.races.race_jobs import (
    ModelsHandler,
    RaceCloseHandler,
    RaceCreateHandler,
    RaceDeleteHandler,
    RaceEditHandler,
)
from deepracer_admin.flows.setup.bill import BillHandler
from deepracer_admin.flows.setup.canary import CanaryHandler
from deepracer_admin.flows.setup.connect_check import CheckHandler
from deepracer_admin.flows.setup.prices import PricesHandler
from deepracer_admin.flows.setup.slot_quotas import SlotQuotasHandler
from deepracer_admin.flows.setup.staff import AccountLimitsHandler, RoleHandler
from deepracer_admin.flows.sponsorship.look_at_models import ModelsLookHandler
from deepracer_admin.flows.sponsorship.quotas import QuotaHandler
from deepracer_admin.flows.sponsorship.switch import SponsorHandler, SponsorshipHandler

__all__ = ["HANDLERS"]

HANDLERS: Mapping[str, Handler] = {
    "sponsorship": SponsorshipHandler(),
    "canary": CanaryHandler(),
    "check": CheckHandler(),
    "quotas.read": SlotQuotasHandler(),
    "prices.read": PricesHandler(),
    "bill.read": BillHandler(),
    "quota": QuotaHandler(),
    "role": RoleHandler(),
    "account.limits": AccountLimitsHandler(),
    "sponsor": SponsorHandler(),
    "models.look": ModelsLookHandler(),
    "models.delete": ModelsHandler(),
    "race.create": RaceCreateHandler(),
    "race.edit": RaceEditHandler(),
    "race.close": RaceCloseHandler(),
    "race.delete": RaceDeleteHandler(),
    "race.admit": AdmitHandler(),
    "race.expel": ExpelHandler(),
    "race.link": LinkHandler(),
    "mail.test": MailTestHandler(),
    "invite.resend": InviteResendHandler(),
    "alarm.try": TrialHandler(),
    "closeout": CloseoutHandler(),
}
