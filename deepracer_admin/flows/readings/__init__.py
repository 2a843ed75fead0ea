"""What was last read from the racing service, kept in the store."""
