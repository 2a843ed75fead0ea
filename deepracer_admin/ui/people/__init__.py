"""Parts of the Attendees page."""
