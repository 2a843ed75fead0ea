"""What stands around every page: event, stage, clock and next step above, pages, search and person beside."""
