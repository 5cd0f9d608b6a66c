"""Which unified name belongs to which of the exchange's own: "BTC/USDT:USDT" and "BTCUSDT"."""

from __future__ import annotations


class UnknownSymbol(KeyError):  # noqa: N818 - what a name is
    """No such perpetual has been learnt; the message is for the reader of a log."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol

    def __str__(self) -> str:
        return f"{self.symbol} is no perpetual that the exchange lists"


class SymbolNames:
    """Both directions; learnt from exchangeInfo, of perpetuals alone.  Any characters are names."""

    def __init__(self) -> None:
        self._raw: dict[str, str] = {}
        self._unified: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._raw)

    def __contains__(self, unified: object) -> bool:
        return unified in self._raw

    def learn(self, unified: str, raw: str) -> None:
        """Two names of one contract; a later pair replaces what either name stood for."""
        before, former = self._raw.get(unified), self._unified.get(raw)
        if before is not None and before != raw:
            del self._unified[before]
        if former is not None and former != unified:
            del self._raw[former]
        self._raw[unified] = raw
        self._unified[raw] = unified

    def raw(self, unified: str) -> str:
        """The exchange's own name.

        Raises:
            UnknownSymbol: it was not learnt.
        """
        try:
            return self._raw[unified]
        except KeyError:
            raise UnknownSymbol(unified) from None

    def unified(self, raw: str) -> str | None:
        """The unified name; None where it was not learnt (dated futures, new listings)."""
        return self._unified.get(raw)
