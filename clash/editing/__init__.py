"""Change a film: which rows of a story changed, which take of a slot is in the film, and what that costs."""
