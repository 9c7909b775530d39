"""One file of words per language: what headers, sizes, speakers and totals are called there."""
