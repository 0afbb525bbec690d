"""The service: runs kept in a database, trained by worker processes, reached over HTTP."""
