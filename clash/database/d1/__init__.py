"""Cloudflare D1 behind the port: batches that are applied once, over a REST API, at a pace that it allows."""

from clash.database.d1.database import D1Database
from clash.database.d1.pace import RequestPace
from clash.database.d1.rest import Account, Patience

__all__ = ["Account", "D1Database", "Patience", "RequestPace"]
