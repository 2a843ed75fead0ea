"""Onboarding and passwords."""
