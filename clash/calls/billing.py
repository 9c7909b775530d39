"""Whether a call that failed may have been charged all the same."""

from __future__ import annotations

from clash.database.rows import CallRow
from clash.errors import ProviderError
from clash.providers.ports import AnyProvider, FailsFree
from clash.vocabulary import Precision

_SERVER_ERROR = 500
_TIMED_OUT_THERE = 408
"""What gateways answer when the model behind them took too long: it may go on, and be charged."""


def may_be_billed(row: CallRow, provider: AnyProvider, error: ProviderError) -> bool:
    """Whether a paid call that was answered with this error may have been charged.

    An error of the server (HTTP 5xx) says nothing of what was done before it, unless the vendor says that such failures
    are not billed (`FailsFree`). A call that costs nothing, and one of which the bill is known, are not in doubt.
    """
    status = error.status_code or 0
    if error.cost_usd is not None or not (status >= _SERVER_ERROR or status == _TIMED_OUT_THERE):
        return False
    if row.quoted_cost_micro == 0 and row.precision != Precision.ESTIMATED:
        return False
    return not (isinstance(provider, FailsFree) and provider.failure_is_free(status))
