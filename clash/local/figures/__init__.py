"""The people of the local illustrator: from words to a look, from a look to a figure in a pose and a light."""
