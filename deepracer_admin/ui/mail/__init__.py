"""Parts of the Messages page."""
