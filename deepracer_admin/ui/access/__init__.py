"""Parts of the Onboarding page."""
