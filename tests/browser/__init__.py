"""The Lab in a real browser."""
