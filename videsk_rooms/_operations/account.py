"""The state that all calls of a client to one account share."""

from __future__ import annotations

import attrs

from .leaders import Leaders
from .lookup import PathSupport
from .open_stocks import OpenStocks


@attrs.frozen
class AccountState:
    """The state of a client, and of its views for the same account.

    Attributes:
        paths: What is known of retrieving by external id.
        leaders: The running look-ups and creations that other calls may follow.
        stocks: The open stocks of access tokens, which are notified of changes to their rooms.
    """

    paths: PathSupport = attrs.field(factory=PathSupport)
    leaders: Leaders = attrs.field(factory=Leaders)
    stocks: OpenStocks = attrs.field(factory=OpenStocks)
