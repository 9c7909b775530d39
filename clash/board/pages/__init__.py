"""The pages of the board: HTML of documents. Nothing here asks a database or a network."""
