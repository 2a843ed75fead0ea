"""The connect check and staff of the deployment."""
