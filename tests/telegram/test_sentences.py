"""Whatever sentence the program can put before the person on the phone has its Chinese, with its figures.

``spoken`` collects the sentences from the sources: a new one that nobody has translated is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telegram import config_faults
from tests.telegram.forms import HOLE
from tests.telegram.spoken import Spoken

from vibe_quant.app.key_watch import WORDS as OF_KEYS
from vibe_quant.core.leg_news import CAUSES
from vibe_quant.domain.advice import ACTED, ADVICE
from vibe_quant.domain.blocked import Blocked
from vibe_quant.domain.codes import CODES, meaning_of
from vibe_quant.domain.service_settings import Language
from vibe_quant.journal.faults import Fault, broken
from vibe_quant.telegram import sentences
from vibe_quant.telegram.sentences import TABLE, TEMPLATES
from vibe_quant.telegram.wording import Words

FOLLOWED = {
    "app.control_room: told(said)": "the texts of Notify",
    "app.dispatch: detail": "of NotSent and Unknown, as the adapter made them",
    "app.holding: '; '.join(self._reasons.values())": "what was put to holding",
    "app.recorder: self._journal.trouble": "JournalBroken",
    "app.recorder: str(broken)": "JournalBroken",
    "app.reload_watch: answer.text": "Answer of the reload",
    "app.session: self._journal.trouble": "JournalBroken",
    "app.session: said": "memory.heritage, among RETURNED",
    "app.service_manager: LOOK_S": "seconds of another _fails: no sentence",
    "app.service_manager: STATUS_S": "the same",
    "app.start_findings: held.text": "instance.Held, among RETURNED",
    "app.start_findings: self.text": "Finding",
    "app.restart: one.text": "restart_positions.Unexplained, among RETURNED",
    "app.dispatch: self.breaker.blocks(intent, now)": "breaker, among RETURNED",
    "binance.link: useless.reason": "what of a frame cannot be read: the decoder's words",
    "binance.listing: str(unknown)": "names a symbol, above",
    "binance.stream_socket: link.detail": "what was given to drop, and link._why",
    "binance.stream_socket: lost.detail": "the same",
    "binance.transport: response.headers": "another Answer: of HTTP",
    "binance.transport: str(stopped)": "the library's words",
    "core.protective: report.detail": "the exchange's words",
    "journal.sqlite_journal: str(error)": "NewerFormError and ForeignFormError",
    "app.lease_watch: str(held)": "LeaseHeldError",
    "core.side: item.reason": "of the Halt that was made elsewhere",
    "core.strangers: self._house.halted": "of the Halt that was made elsewhere",
}
"""Whole texts that the collector does not follow, each with where its sentences are found instead."""
PLAIN = frozenset({"vibe-quant journal verify --path", "vibe-quant doctor", "listen key"})
"""What stays as it is written: commands, names."""
ENGLISH = re.compile(r"[A-Za-z'-]+(?: [a-z'-]+)+")


@pytest.fixture(scope="module")
def spoken() -> Spoken:
    return Spoken()


@pytest.fixture
def words() -> Words:
    return Words(Language.ZH)


def filled(template: str) -> tuple[str, list[str]]:
    """A text of it, and what was put in."""
    tokens = [f"Q{at}" for at in range(1, template.count(HOLE) + 1)]
    pieces = re.sub(f"^{HOLE} (?=[A-Z])", f"{HOLE}. ", template).split(HOLE)
    return "".join(piece + token for piece, token in zip(pieces, [*tokens, ""], strict=True)), tokens


def fixed() -> Iterator[str]:
    """The closed lists whose members stand in the holes of sentences."""
    yield from (reason.value for reason in Blocked)
    yield from (*ADVICE.values(), *ACTED.values())
    for code in (*CODES, -9999, 599):
        yield from (meaning_of(code), f"{meaning_of(code)} ({code})")
    for fault in Fault:
        yield from (fault.value, str(broken(Path("/var/lib/q/journal.db"), fault, "EIO")))
    yield from (*OF_KEYS.values(), *CAUSES.values())
    yield from ("rejected", "does not stand", "stands at an outdated price", "no reason was told")  # a stop's ``how``


def rest_of(chinese: str, tokens: list[str]) -> list[str]:
    """The English that is left in it."""
    for token in tokens:
        chinese = chinese.replace(token, "@")
    return [one for one in ENGLISH.findall(chinese) if one not in PLAIN]


def test_the_collector_finds_sentences_of_every_kind(spoken: Spoken) -> None:
    texts = {template.replace(HOLE, "{}") for template in spoken.templates}
    assert {
        "There is nothing to flatten.",  # a return of a function
        "{} is paused: no discretionary orders; panic goes on.",  # a choice within an f-string
        "{} is resumed, but everything is paused.",  # a choice within a choice
        "the pause of everything",  # a member of a list
        "Account {}: its lease is ours now.",  # a parameter handed on
        "{} refusals in a row, the last with {}",  # a reason
        "Reloaded by {}: {}. The engine has not taken it yet: it waits behind other news, and is taken after them. "
        "Look at the status.",  # a constant of the module
    } <= texts


def test_nothing_is_shown_that_was_not_followed(spoken: Spoken) -> None:
    assert spoken.unknown == set(FOLLOWED)


def test_every_sentence_has_its_chinese(spoken: Spoken, words: Words) -> None:
    missing = []
    for template, where in spoken.templates.items():
        text, tokens = filled(template)
        chinese = words.phrase(text)
        if chinese == text or rest_of(chinese, tokens) or any(token not in chinese for token in tokens):
            missing.append(f"{where}: {text} -> {chinese}")
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("text", sorted(set(fixed())))
def test_every_word_of_a_closed_list_has_its_chinese(words: Words, text: str) -> None:
    chinese = words.phrase(text)
    assert re.search("[一-鿿]", chinese)
    assert rest_of(chinese, []) == []


def test_no_chinese_is_left_of_a_sentence_that_is_gone(
    spoken: Spoken, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, really = set(), sentences.one

    def noted(text: str, likely: tuple[sentences.Template, ...]) -> sentences.Found | None:
        found = really(text, likely)
        used.add("" if found is None else found.english)
        return found

    monkeypatch.setattr(sentences, "one", noted)
    for template in spoken.templates:
        words.phrase(filled(template)[0])
    for text in (*fixed(), *(one for texts in config_faults.said().values() for one in texts)):
        words.phrase(text)
    assert not set(TABLE) - used, "\n".join(sorted(set(TABLE) - used))


@given(st.lists(st.sampled_from([*TABLE, "a: b", "(x)", ". ", "; ", "{", "}", "<b>", "line 3: ", ""]), max_size=9))
def test_no_text_can_break_it(parts: list[str]) -> None:
    for mark in ("", ". ", "; "):
        chinese = Words(Language.ZH).phrase(mark.join(parts))
        assert "<" not in chinese


def test_the_chinese_has_the_same_holes() -> None:
    names = re.compile(r"(?<!\{)\{(\w+)\}")
    wrong = [
        english
        for english, chinese in TABLE.items()
        if sorted(names.findall(english)) != sorted(names.findall(chinese))
    ]
    assert wrong == []
    assert len(TEMPLATES) == sum("{" in english for english in TABLE)
