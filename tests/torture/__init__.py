"""Killing and starving runs at random moments: the drivers that tests and the long torture share."""
