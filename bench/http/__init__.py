"""The service beside MLServer, MLflow and a bare application, each a real server in its own environment.

How it is measured: docs/decisions/0013.
"""
