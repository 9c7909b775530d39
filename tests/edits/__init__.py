"""Changing films at random while their commands are killed: what the test and the long form share."""
