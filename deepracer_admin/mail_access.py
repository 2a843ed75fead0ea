"""Who carries our words: the sender of mail, and the team's chat. Part of compose.py, names adapters as it does."""

from __future__ import annotations

from deepracer_admin.clock import Clock
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import BadSettings
from deepracer_admin.mail import Chat, Mailer
from deepracer_admin.mail.chat import Webhook
from deepracer_admin.mail.pinpoint import Pinpoint
from deepracer_admin.mail.ses import Ses
from deepracer_admin.mail.smtp import Smtp
from deepracer_admin.racing_access import practice_of
from deepracer_admin.settings import Practice, Settings

__all__ = ["chat_of", "mailer_of", "practice_access"]


def practice_access(practice: Practice, address: str) -> AwsAccess:
    """AWS as the practice world speaks it; `address` names which of its services."""
    return AwsAccess(
        region=practice.aws["region"],
        endpoint_url=practice.aws[address],
        access_key_id=practice.aws["access_key_id"],
        secret_access_key=practice.aws["secret_access_key"],
        reach=Reach.PRACTICE,
    )


def mailer_of(settings: Settings, clock: Clock) -> Mailer:
    """The sender of this mode. Raises BadSettings."""
    practice = practice_of(settings)
    if practice:
        return Ses(
            practice_access(practice, "ses_url"),
            configuration_set=practice.mail.get("configuration_set"),
            events_queue_url=practice.aws.get("mail_events_queue_url"),
            queue_access=practice_access(practice, "sqs_url") if "sqs_url" in practice.aws else None,
            clock=clock,
        )
    if settings.mailer == "pinpoint":
        Pinpoint()  # raises, and says what to use instead
    if settings.mailer == "smtp":
        if not settings.smtp_host:
            raise BadSettings("The SMTP server is not set; set DEEPRACER_ADMIN_SMTP_HOST.")
        return Smtp(
            settings.smtp_host,
            settings.smtp_port,
            username=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            clock=clock,
            reach=settings.reach,
        )
    return Ses(
        AwsAccess(profile=settings.mail_aws_profile, region=settings.mail_region),
        configuration_set=settings.mail_configuration_set or None,
        events_queue_url=settings.mail_events_queue or None,
        clock=clock,
    )


def chat_of(settings: Settings) -> Chat:
    """The chat of `alarm_webhook`. Raises BadSettings for an address that is none."""
    return Webhook(settings.alarm_webhook.get_secret_value(), reach=settings.reach, user_agent=settings.user_agent)
