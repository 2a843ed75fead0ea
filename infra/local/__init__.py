"""The serverless path on one machine, without any account: AppSync's part in Node, the stream pump, DynamoDB by moto.

Never deployed. What it runs is what is deployed: the resolver files, the schema, the template's numbers, the handlers.
"""
