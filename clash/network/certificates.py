"""Load the certificates that servers are checked against: those of the environment, else those of `certifi`."""

from __future__ import annotations

import errno
import os
import re
import ssl
import stat
from functools import cache
from pathlib import Path

from clash.errors import SettingsError
from clash.regular_files import kind_of_mode

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""The variables that name your own certificates; the first that is set counts, for every request that clash makes."""
_OF_A_FOLDER = re.compile(r"[0-9a-f]{8}\.\d+")
"""The file names under which OpenSSL finds certificates in a folder: the hash of their subject."""


def certificates() -> ssl.SSLContext:
    """Return a context with the certificates. Raise `SettingsError` naming the variable that cannot be used."""
    return _context(*(os.environ.get(name, "") for name in (*VARIABLES, "SSLKEYLOGFILE")))


@cache
def _context(file: str, folders: str, bundle: str, key_log: str) -> ssl.SSLContext:
    # A failure is not cached, so that a corrected file is found.
    if file:
        return _of_file("SSL_CERT_FILE", file, key_log)
    if folders:
        return _of_folders("SSL_CERT_DIR", folders, key_log)
    if bundle and Path(bundle).is_dir():
        return _of_folders("REQUESTS_CA_BUNDLE", bundle, key_log)
    if bundle:
        return _of_file("REQUESTS_CA_BUNDLE", bundle, key_log)
    import certifi

    return _loaded("certifi", certifi.where(), key_log)


def _of_file(variable: str, path: str, key_log: str) -> ssl.SSLContext:
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            raise _bad(variable, path, f"is {kind_of_mode(mode)}, not a file")
        with Path(path).open("rb"):
            pass  # whether it may be read
    except (OSError, ValueError) as error:
        raise _bad(variable, path, _why(error)) from None
    return _loaded(variable, path, key_log)


def _of_folders(variable: str, paths: str, key_log: str) -> ssl.SSLContext:
    why = ""
    for path in paths.split(os.pathsep):
        try:
            if any(_OF_A_FOLDER.fullmatch(one.name) for one in Path(path).iterdir()):
                return _loaded(variable, paths, key_log, is_folder=True)
            why = "has no certificate named by its hash (`openssl rehash` makes those names)"
        except (OSError, ValueError) as error:
            why = _why(error)
    raise _bad(variable, paths, why)


def _loaded(variable: str, path: str, key_log: str, *, is_folder: bool = False) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(capath=path) if is_folder else ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise _bad(variable, path, "has no certificate in the PEM format") from None
    except OSError as error:
        if key_log:
            raise _bad("SSLKEYLOGFILE", key_log, _why(error)) from None
        raise _bad(variable, path, _why(error)) from None
    if not is_folder and context.cert_store_stats()["x509"] == 0:
        raise _bad(variable, path, "has no certificate")
    return context


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "does not exist" if error.errno == errno.ENOENT else "is not a folder"
    return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"


def _bad(variable: str, path: str, why: str) -> SettingsError:
    return SettingsError(
        f"the certificates in {variable} cannot be used: {path} {why}",
        code="bad_certificates",
        hint=f"correct {variable} or unset it; without it, the certificates that come with clash are used",
    )
