"""The serverless registration path: what is deployed (template, schema, resolvers, functions) and its local proof."""
