"""The pre-flight and staff of the deployment."""
