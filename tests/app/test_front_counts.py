"""What a way to the operator has counted is in everybody's picture."""

from __future__ import annotations

from vibe_quant.app.fronts import Fronts


class Silent:
    name = "silent"

    def see(self, *_: object) -> None: ...


class Phone(Silent):
    name = "phone"

    def counts(self) -> tuple[tuple[str, int], ...]:
        return (("telegram_unauthorised", 3),)


def test_those_who_count_are_asked() -> None:
    assert Fronts([Silent(), Phone()]).counts() == (("telegram_unauthorised", 3),)  # type: ignore[list-item]
    assert Fronts([]).counts() == ()
