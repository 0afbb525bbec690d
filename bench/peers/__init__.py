"""Those who do the same work, each written the way its own documentation does it."""
