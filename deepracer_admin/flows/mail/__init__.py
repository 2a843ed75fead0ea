"""Campaigns and the sender."""
