"""Parts of the Usage page."""
