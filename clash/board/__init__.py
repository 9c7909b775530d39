"""The board: what the tables say, in a browser, and the decisions that a person makes there."""
