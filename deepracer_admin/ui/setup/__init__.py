"""Parts of the Set up page."""
