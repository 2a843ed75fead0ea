"""IAM Identity Center of the practice company: `identitystore` and `sso-admin` over JSON 1.1, filled by a SCIM cycle.

identity-and-mail.md 3. The company's Entra event group is provisioned; nothing shows here before a cycle has run.
"""

from .service import IdentityCenter

__all__ = ["IdentityCenter"]
