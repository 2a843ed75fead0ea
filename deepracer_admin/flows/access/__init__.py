"""Bringing people in, and seeing that they are."""
