"""The list and one person on it."""
