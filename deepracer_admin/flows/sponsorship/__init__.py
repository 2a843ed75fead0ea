"""Who may use hours, and how many."""
