"""Examples: in memory, made up, and in batches."""
