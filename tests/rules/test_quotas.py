"""Which quota a person has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deepracer_admin.model import Attendee, Event, Quota
from deepracer_admin.rules.quotas import cohorts_of, quota_for, quota_words

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVENT = Event("e", "Cup", NOW, NOW + timedelta(days=1), "UTC", 10, 100.0, Quota(300, 5))
PERSON = Attendee("a", "a@example.com", "A", office="Milano", cost_centre="CC-1", new_to_ml=True, new_to_aws=False)


def test_the_event_s_quota_is_everybody_s_when_nothing_else_is_said() -> None:
    assert quota_for(EVENT, PERSON) == Quota(300, 5)


def test_a_cohort_goes_before_the_event_and_the_cost_centre_before_the_office() -> None:
    event = replace(EVENT, cohort_quotas={"office:Milano": Quota(60, 1)})
    assert quota_for(event, PERSON) == Quota(60, 1)
    event = replace(event, cohort_quotas={**event.cohort_quotas, "cost_centre:CC-1": Quota(90, 2)})
    assert quota_for(event, PERSON) == Quota(90, 2)


def test_a_person_s_own_quota_goes_before_all_even_when_it_is_zero() -> None:
    event = replace(EVENT, cohort_quotas={"office:Milano": Quota(60, 1)})
    assert quota_for(event, replace(PERSON, quota=Quota(0, 0))) == Quota(0, 0)


def test_cohorts_name_only_what_is_known() -> None:
    assert cohorts_of(PERSON) == ("cost_centre:CC-1", "office:Milano", "new_to_ml:yes", "new_to_aws:no")
    assert cohorts_of(Attendee("b", "b@example.com", "B")) == ()


def test_a_quota_is_said_in_words_and_unlimited_is_no_number() -> None:
    assert quota_words(Quota(300, 3)) == "5 h and 3 models"
    assert quota_words(Quota(90, 1)) == "1.5 h and 1 model"
    assert quota_words(Quota(-1, -1)) == "unlimited hours and unlimited models"
