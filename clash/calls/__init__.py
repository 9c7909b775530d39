"""The one door that every provider call passes: written down before, settled after, never made twice."""
