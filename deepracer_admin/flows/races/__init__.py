"""Races, who may enter them, and their standings."""
