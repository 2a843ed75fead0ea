"""The report of an event: its figures, its words, its charts, one page and tables. Pure."""
