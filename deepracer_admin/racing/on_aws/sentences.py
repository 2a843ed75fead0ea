"""What the service's exact messages mean for an organizer (deepracer-on-aws.md 1.4, 1.7; 1.3 page, 4 and 5).

Keys are the service's own words, matched exactly or by their beginning; values are our sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["code_of", "meaning_of", "sentence_for_fields", "sentence_for_validator"]

_AFTER_AN_HOUR = (
    "The console asks once more after an hour, unless a row without an account was left: then “Retry them” on the "
    "Onboarding page does."
)
_EXACT = {
    "A user with this email address already exists.": "This address already has an account.",
    "Invalid email address format.": "DeepRacer on AWS does not take this e-mail address: ask for another one.",
    "One or more entries has an invalid email address.": (
        "DeepRacer on AWS refused the whole invitation because of one address and does not say which: check the "
        "addresses of these people."
    ),
    "The request contains duplicate email addresses.": (
        "DeepRacer on AWS refused the invitation because an address is on it twice: remove one of the two."
    ),
    "Only administrators can create profiles.": (
        "Only an administrator of DeepRacer on AWS may invite: put the console's user into the group dr-admins."
    ),
    "Opening time cannot be after close time.": "A race must close after it opens: correct the times.",
    "Invalid maximum and minimum laps.": "The largest number of laps must not be below the smallest: correct the laps.",
    "Number of obstacle positions is invalid.": "An object-avoidance race needs 1 to 6 obstacles: correct that.",
    "Obstacle positions must be equal to number of objects.": "Give as many obstacle positions as obstacles, or none.",
    "Unable to delete an open leaderboard.": "An open race cannot be deleted: end it first, or wait until it closes.",
    "Declare a winner first.": "A live race that has begun needs its winner declared before it can be deleted.",
    "Can only edit future leaderboards that have not started yet.": (
        "This race has started (or is over), so this deployment does not let it be changed."
    ),
    "Can only edit live races before they start.": "A live race can only be changed before it starts.",
    "Cannot modify a completed live race.": "This live race is over and stays as it is.",
    "Admins can only edit the end time and submission limits on an active race.": (
        "While a race is open only its end and the number of submissions may change: leave everything else as it is."
    ),
    "End time must be in the future.": "The new end of the race has already passed: choose a later time.",
    "Cannot change scoring or track settings while submissions are queued.": (
        "Scoring and track stay as they are while submissions wait in the queue: try again when it is empty."
    ),
    "Item not found.": "DeepRacer on AWS knows no such item any more: refresh the page.",
    "Bulk invite job not found.": "DeepRacer on AWS no longer knows this invitation: the list of profiles will tell.",
    "Failed to retrieve global setting for provided key.": "DeepRacer on AWS has no such setting in this version.",
    "Invalid request structure": "Limits must be whole numbers, 0 or more, or -1 for no limit: correct them.",
    "Failed to update setting": "Another change of the settings is still being rolled out: the console tries again.",
    "Failed to verify user permissions.": "DeepRacer on AWS is busy checking permissions: the console tries again.",
    "Unable to create profile. Please try again.": (
        "DeepRacer on AWS could not create the account: its built-in mail sender may have used up its daily mails "
        f"(about 50; configure SES to send more), or the address is not acceptable to it. {_AFTER_AN_HOUR}"
    ),
    "Unable to register racer. Please try again.": (
        "DeepRacer on AWS could not create the account: its built-in mail sender may have used up its daily mails "
        f"(about 50; configure SES to send more), or the address is not acceptable to it. {_AFTER_AN_HOUR}"
    ),
    "Failed to remove user from groups.": (
        "DeepRacer on AWS could not change the role, most likely because there is no such user any more: refresh the "
        "list, then try again."
    ),
    "Unable to add user to Group. Please try again.": (
        f"DeepRacer on AWS could not make this account a racer, and took it back. {_AFTER_AN_HOUR}"
    ),
    "This user account is disabled.": "This account is disabled in Cognito: enable it there first.",
    "This user has already accepted their invitation and set a password.": (
        "This racer has already accepted the invitation and can use “forgot password” on the site."
    ),
    "This user authenticates via an external identity provider. Invitation resend is not applicable.": (
        "This racer signs in through another identity provider, so there is no invitation to send again."
    ),
    "Unable to resend invitation for this user.": (
        "Cognito does not allow a new invitation for this account: look at its state in the Cognito console."
    ),
    "User account not found. The user may have been deleted externally.": (
        "There is no account behind this profile (any more), so no invitation can go, and no call can delete what is "
        "left: the deployment's operator must remove its row from the table of profiles; then onboarding invites this "
        "person again by itself."
    ),
    "Max time in minutes is invalid.": "The time limit must lie between 10 and 1440 minutes: correct it.",
}
_BEGINNINGS = {
    "Invalid track configuration.": "This track cannot be driven in that direction: choose the other one.",
    "First obstacle position": "The first obstacle stands too close to the start: move it.",
    "Last obstacle position": "The last obstacle stands too close to the finish: move it.",
    "Obstacle position distances": "Two obstacles stand too close to each other: move them apart.",
    "Cannot edit track:": "This race is a track of an event that has begun: only its name and footer could change.",
    "Only administrators can": (
        "Only an administrator of DeepRacer on AWS may do that: put the console's user into the group dr-admins."
    ),
}
_FIELDS = {
    "alias": "the racer name",
    "emailAddress": "the e-mail address",
    "name": "the name",
    "openTime": "the opening time",
    "closeTime": "the closing time",
    "trackId": "the track",
    "trackDirection": "the direction",
    "maxSubmissionsPerUser": "the number of submissions",
    "minimumLaps": "the smallest number of laps",
    "maximumLaps": "the largest number of laps",
    "maxTimeInMinutes": "the time limit",
    "offTrackPenaltySeconds": "the off-track penalty",
    "collisionPenaltySeconds": "the collision penalty",
    "maxTotalComputeMinutes": "the minutes limit",
    "maxModelCount": "the models limit",
    "profileId": "the profile id",
    "leaderboardId": "the race id",
}
_RULE = re.compile(r"failed to satisfy constraint: Member (must .*)$", re.DOTALL)
_PATTERNS = {
    r"^[\w-]+$": "may hold only letters A-Z, digits, _ and -",
    r"^.*\S.*$": "must not be blank",
    "^[A-Za-z0-9]{15}$": "is not an id of this service",
    "^[a-zA-Z0-9-]+$": "may hold only letters, digits and -",
}


_CODES = {
    "A user with this email address already exists.": "exists",
    "Unable to create profile. Please try again.": "not_created",
    "Unable to register racer. Please try again.": "not_created",
    "Unable to add user to Group. Please try again.": "not_created",
    "A bulk invite is already in progress. Wait for it to finish before starting another.": "job_active",
    "A bulk invite with this idempotency token is already being processed.": "job_active",
    "End time must be in the future.": "end_in_past",
    "Unable to delete an open leaderboard.": "race_open",
}
_CAP = re.compile(r"limited to (\d+) emails")


def code_of(message: str) -> str:
    """A short stable code for the messages on which the adapter acts; "" for all others. "mail_cap:N" carries N."""
    if found := _CAP.search(message):
        return f"mail_cap:{found[1]}"
    return _CODES.get(message, "")


def meaning_of(message: str) -> str:
    """Our sentence for a message of the service; "" for one that we do not know."""
    if message in _EXACT:
        return _EXACT[message]
    return next((sentence for start, sentence in _BEGINNINGS.items() if message.startswith(start)), "")


def sentence_for_fields(fields: Sequence[tuple[str, str]]) -> str:
    """Which member broke which rule, from the server SDK's field list."""
    told = "; ".join(f"{_field_name(path)} {_rule(message)}" for path, message in fields[:3])
    more = f" (and {len(fields) - 3} more)" if len(fields) > 3 else ""
    return f"DeepRacer on AWS refused {told}{more}: correct it and try again."


def sentence_for_validator(message: str) -> str:
    """The same for the gateway's validator, which answers before the service does, in its own words."""
    reason = message.partition(":")[2].strip().strip("[]") or message.strip()
    return f"DeepRacer on AWS refused a value before looking at it ({reason[:200]}): correct it and try again."


def _field_name(path: str) -> str:
    last = path.rsplit("/", 1)[-1]
    return _FIELDS.get(last, f"“{path.strip('/')}”")


def _rule(message: str) -> str:
    found = _RULE.search(message)
    rule = found[1] if found else "is not acceptable"
    if rule == "must not be null":
        return "because it is missing"
    pattern = rule.removeprefix("must satisfy regular expression pattern: ")
    if pattern != rule:
        return "because it " + _PATTERNS.get(pattern, f"does not match {pattern}")
    if rule.startswith("must satisfy enum value set"):
        return "because it is none of the values that the service knows"
    return "because it " + rule.replace(", inclusive", "")
