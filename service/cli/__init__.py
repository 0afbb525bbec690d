"""The command line, and the server that it starts, whose processes load none of the commands."""
