"""One module per screen: authorise, decide, record, audit. What pages, the command line and functions call."""
