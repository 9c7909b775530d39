"""Pixels and samples: what moves a still, lays words over it, encodes, joins and inspects the film."""
