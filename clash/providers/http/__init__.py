"""Vendors with an HTTP API as data: one provider for all of them, each described by a TOML file in `vendors/`."""
