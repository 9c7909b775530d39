"""What a client gets that asks a server of the tests over plain HTTP: an httpx client loads the certificates of all
authorities otherwise, which takes far longer than the request.
"""

from __future__ import annotations

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: no connection over TLS is made with it."""
