"""Cloudflare D1 behind the port: batches that are applied once, over a REST API, at a pace that it allows."""
