"""The use cases: one file and one transaction each. They know the core and the store, and nothing of HTTP."""
