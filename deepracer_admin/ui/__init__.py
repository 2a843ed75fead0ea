"""What pages are made of: the table of pages, the actor, the frame around every page."""
