"""The DeepRacer Organizer Console: runs a company's event from the first name on a list to the last access removed."""
