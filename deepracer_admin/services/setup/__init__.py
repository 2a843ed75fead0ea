"""The event itself, its service, its staff, its guests, its switch."""
