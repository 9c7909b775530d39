"""clash turns a story (a CSV) into a finished film, saves every step, and never pays twice."""

__version__ = "0.1.0"
