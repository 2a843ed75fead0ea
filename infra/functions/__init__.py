"""Lambda functions of the serverless path: thin handlers that call the services and flows of the console."""
