"""What is known of the managed service beforehand: its account's limits and what an organizer should know of it
(managed-deepracer.md 1.7, 3.1, 4).
"""

from __future__ import annotations

from deepracer_admin.model import Quota

__all__ = ["ACCOUNT_QUOTAS", "DEFAULT_QUOTA", "NOTES"]

DEFAULT_QUOTA = Quota(minutes=300, models=3)  # 3.1: what a participant starts with
ACCOUNT_QUOTAS = {
    "concurrent trainings": 100,
    "concurrent evaluations": 100,
    "open or future races": 100,
    "cars": 1_000,
    "private leaderboards": 50,
}
NOTES = (
    "AWS closed this service in December 2025. The console speaks its documented protocol and could not be tried "
    "against the service itself.",
    "A profile appears when its racer signs in for the first time; before that no limit can be set.",
    "The service gives no e-mail address: racers are matched to attendees by their racer name, which they choose.",
    "A new profile starts with 5 training hours and 3 models.",
    "Pausing stops new models and trainings; a running training finishes and is billed, and submitting still works.",
    "Removing a profile ends its sponsorship; the models stay, and cost storage, until they are deleted.",
    "With multi-user mode off, profiles vanish from the admin's view; models persist and cost storage until deleted.",
    "Changing or closing a race sends the whole of it again: its terms and its league features (theme, play-off, "
    "rewards, country statistics) cannot be read, so they are lost.",
)
