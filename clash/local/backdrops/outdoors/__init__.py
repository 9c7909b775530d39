"""Places in the open."""
