"""Pinpoint says why not, and what instead."""

import pytest

from deepracer_admin.errors import Unsupported
from deepracer_admin.mail.pinpoint import Pinpoint, ses_settings


def test_choosing_pinpoint_explains_that_it_ended_and_what_to_set() -> None:
    with pytest.raises(Unsupported, match="30 October 2026") as told:
        Pinpoint(application_id="abc")
    assert "set `mailer` to `ses`" in told.value.sentence


def test_the_settings_of_a_pinpoint_project_become_those_of_ses() -> None:
    channel = {"FromAddress": "race@example.com", "ConfigurationSet": "race", "Region": "eu-west-1", "Profile": "mail"}
    assert ses_settings(channel) == {
        "mailer": "ses",
        "mail_from": "race@example.com",
        "mail_configuration_set": "race",
        "mail_region": "eu-west-1",
        "mail_aws_profile": "mail",
    }


def test_a_sender_is_read_from_the_identity_when_there_is_no_address() -> None:
    identity = "arn:aws:ses:eu-west-1:123456789012:identity/race@example.com"
    assert ses_settings({"Identity": identity}) == {
        "mailer": "ses",
        "mail_from": "race@example.com",
        "mail_region": "eu-west-1",
    }
    domain = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
    assert ses_settings({"Identity": domain}) == {"mailer": "ses", "mail_region": "eu-west-1"}
