"""Places within walls."""
