"""Calling a human: watching for what needs one, and telling it where people are."""
