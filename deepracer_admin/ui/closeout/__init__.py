"""Parts of the Close and Audit pages."""
