"""Close-out, audit and jobs."""
