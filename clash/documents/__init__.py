"""What the commands answer with: one model per JSON document. `clash schema NAME` prints a model's JSON Schema."""

SCHEMA = 1
"""The version of all documents: the value of their key `schema`."""
