"""Races, entrants and boards."""
