"""Hours, spend and limits."""
