from collections.abc import Sequence
from typing import Any

EXAMPLES: dict[str, Sequence[Any]] = {
    "account": [
        {
            "kind": "on_aws",
            "service": "DeepRacer on AWS",
            "version": "1.3.1",
            "region": "eu-west-1",
            "site": "https://d111111abcdef8.cloudfront.net",
            "signed_in_as": "ops@example.com",
            "multi_user_mode": None,
            "new_profile_quota": [60, 1],
            "account_quotas": {"hours": -1},
            "notes": ["Every race is visible to everybody in this deployment."],
            "roles": ["dr-racers", "dr-admins"],
            "warnings": [],
            "capabilities": {"invite": True, "bulk_invite": True, "public_results": True},
            "as_of": "2026-11-02T09:30:00.123456+00:00",
        },
        {"kind": "managed", "service": "AWS DeepRacer (managed)", "new_profile_quota": None},
    ],
    "check": [
        {
            "findings": [
                {
                    "key": "racing",
                    "title": "Racing service",
                    "level": "green",
                    "evidence": "1.3.1",
                    "fix": "",
                    "as_of": None,
                }
            ],
            "as_of": "2026-11-02T09:30:00.123456+00:00",
        },
        {"findings": [], "as_of": "2026-11-02T09:30:00+00:00"},
    ],
    "pool_check": [{"sentence": "AWS does not allow cognito-idp:ListUsers."}, {"sentence": ""}],
    "staff": [{"ops@example.com": "", "boss@example.com": "dr-admins"}],
    "staff_groups": [{"boss@example.com": "dr-admins"}],
    "racing_login": [{"site": "https://d111111abcdef8.cloudfront.net", "user": "ops@example.com"}],
}
