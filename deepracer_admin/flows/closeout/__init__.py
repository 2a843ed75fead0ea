"""Ending an event in the only safe order."""
