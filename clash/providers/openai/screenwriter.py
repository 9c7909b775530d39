"""A language model as screenwriter: JSON, checked against the story, repaired once, else refused."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from clash.errors import ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.openai.chat import Chat, Said
from clash.providers.openai.cut_answers import finished_rows, joined
from clash.providers.openai.draft import Draft, response_format
from clash.providers.openai.faults import faults_of
from clash.providers.openai.normalising import screenplay_of_drafts
from clash.providers.openai.parts import messages_for, parts_of, smaller_parts
from clash.providers.openai.peeling import objects_in, without_thoughts
from clash.providers.openai.servers import Server
from clash.providers.openai.spending import tokens_in
from clash.providers.openai.styles import Style, messages_in
from clash.providers.ports import FREE, Answer, Quote, ScreenplayRequest
from clash.providers.prices import PriceList, Tokens
from clash.providers.prompts import prompt
from clash.story.screenplay import Beat

_TOKENS_A_ROW = 700
"""Tokens that a row becomes in an answer, thinking included: measured low, priced high."""
_TOKENS_OF_FRAME = 1500
"""Of an answer beside its rows: characters, places, style."""
_MOST_USELESS = 6
"""Answers cut off before their first row was finished that a screenplay may cost."""
MOST_PAID_IN_VAIN = 6
"""Answers of a paid server in a row that may be cut off before a row is finished: a server that cuts all is left."""
_MOST_CONTINUED = 6
"""How often a model is told to go on with the answer for a single row."""
_MOST_OBJECTS = 5000
"""Scenes, shots, lines and what else is an object in one answer. A long part has a fifth of it."""

INSTRUCTIONS = 1
"""The revision of the writer's rules. Counted up only where what older rules wrote should be bought again."""
FIRST_PROMPTS = "d8fc63ce6686"
"""The digest of all that the writer was told in clash 0.1, where it was part of a call's key."""


class Screenwriter:
    """Writes the screenplay of one request, part by part, and keeps count of what it has cost."""

    def __init__(self, chat: Chat, card: Card) -> None:
        self._chat = chat
        self._card = card
        self._repairs = 0
        self._cut = 0
        self._useless = 0
        self._in_vain = 0

    async def write(self, request: ScreenplayRequest) -> Answer:
        """The screenplay. Raises `ProviderError`, whose `cost_usd` is what was spent before it."""
        story = request.story
        try:
            drafts = await self._drafts(request)
        except ProviderError as error:
            raise self._charged(error) from error.__cause__
        screenplay = screenplay_of_drafts(story, drafts, request.established)
        response = {
            "calls": self._chat.answers,
            "repairs": self._repairs,
            "cut_off": self._cut,
            "parts": len(drafts),
            "style": self._chat.learned.style.value,
            "input_tokens": self._chat.tokens.read,
            "output_tokens": self._chat.tokens.written,
        }
        return Answer(
            screenplay.model_dump_json(indent=2).encode(),
            "application/json",
            cost_usd=self._chat.cost(),
            facts={"shots": len(screenplay.shots)},
            response=response,
        )

    async def _drafts(self, request: ScreenplayRequest) -> list[Draft]:
        left, done = deque(parts_of(request.story)), list[Draft]()
        while left:
            rows, *later = smaller_parts(left.popleft(), self._chat.learned.most_rows)
            left.extendleft(reversed(later))
            messages = messages_for(request, rows, done, len(done) + 1 + len(left))
            draft, rest = await self._part(request, rows, messages)
            if draft is not None:
                self._in_vain = 0
                done.append(draft)
            left.extendleft(reversed(rest))
        return done

    async def _part(
        self, request: ScreenplayRequest, rows: Sequence[Beat], messages: list[dict[str, Any]]
    ) -> tuple[Draft | None, list[list[Beat]]]:
        """The draft of these rows, or of the first of them, and the rows that are still to be written, in parts."""
        said = await self._chat.ask(messages, expected=_written(rows))
        draft, faults = _read(said.text, request, rows)
        if faults and not said.cut:
            self._repairs += 1
            said = await self._chat.ask([*messages, *self._complaint(said, draft, faults)], expected=_written(rows))
            draft, faults = _read(said.text, request, rows)
        if draft is not None and not faults:
            return draft, []
        if said.cut:
            return await self._after_cut(said, request, rows, messages)
        raise self._unusable(faults)

    def _complaint(self, said: Said, draft: Draft | None, faults: Sequence[str]) -> list[dict[str, Any]]:
        complaint = prompt("repair", faults="\n".join(f"- {fault}" for fault in faults))
        if draft is None and not self._chat.learned.shows_schema:
            # The server was sent the schema and does not hold its model to it, so the model has never seen it.
            self._chat.learned.shows_schema = True
        answer = without_thoughts(said.text).strip() or "{}"
        return [{"role": "assistant", "content": answer}, {"role": "user", "content": complaint}]

    async def _after_cut(
        self, said: Said, request: ScreenplayRequest, rows: Sequence[Beat], messages: list[dict[str, Any]]
    ) -> tuple[Draft | None, list[list[Beat]]]:
        """Keep the rows that an answer finished before it was cut off; the others are asked for again."""
        self._cut += 1
        if finished := finished_rows(said.text, request, rows):
            draft, count = finished
            self._chat.learned.most_rows = count
            return draft, [list(rows[count:])] if count < len(rows) else []
        self._chat.spending.useless()
        self._count_in_vain()
        if len(rows) == 1:
            return await self._continued(said, request, rows, messages), []
        self._useless += 1
        if self._useless > _MOST_USELESS:
            raise self._too_short()
        half = len(rows) // 2
        self._chat.learned.most_rows = half
        return None, [list(rows[:half]), list(rows[half:])]

    async def _continued(
        self, said: Said, request: ScreenplayRequest, rows: Sequence[Beat], messages: list[dict[str, Any]]
    ) -> Draft:
        """The draft of a single row that is longer than one answer may be."""
        text, told = said.text, messages_in(Style.PROMPT, messages)
        for _ in range(_MOST_CONTINUED):
            if not text.strip():
                break
            onward = [{"role": "assistant", "content": text}, {"role": "user", "content": prompt("continue")}]
            more = await self._chat.ask([*told, *onward], expected=_written(rows), plain=True)
            # Some models begin anew though they are told to go on.
            for whole in (joined(text, more.text), more.text):
                draft, faults = _read(whole, request, rows)
                if draft is not None and not faults:
                    return draft
            text = joined(text, more.text)
            if not more.cut:
                raise self._unusable(faults)
            self._cut += 1
            self._count_in_vain()
        raise self._too_short()

    def _count_in_vain(self) -> None:
        """Count an answer that was cut off before it was of use. Raise `ProviderError` if these are too many to pay."""
        self._in_vain += 1
        if self._in_vain >= MOST_PAID_IN_VAIN and self._chat.is_paid:
            raise self._too_short()

    def _unusable(self, faults: Sequence[str]) -> ProviderError:
        return ProviderError(
            f"{self._card.spec} wrote a screenplay that cannot be used, twice: {'; '.join(faults[:5])}"[:1500],
            code="bad_screenplay",
            hint="choose another --screenplay-model, or make the story's table plainer",
        )

    def _too_short(self) -> ProviderError:
        return ProviderError(
            f"the answers of {self._card.spec} are cut off before a single row of the story is written;"
            f" {self._chat.answers} were asked for",
            code="answer_cut",
            hint="let the server write longer answers (Ollama: OLLAMA_CONTEXT_LENGTH=32768; LM Studio: the model's"
            " context length; llama.cpp: --ctx-size; vLLM: --max-model-len), or choose another --screenplay-model",
        )

    def _charged(self, error: ProviderError) -> ProviderError:
        """Return the error with the cost of what was answered before it. Then another try is a person's to decide."""
        if not self._chat.answers or error.cost_usd is not None:
            return error
        cost = self._chat.cost()
        return error.with_(cost_usd=cost, retryable=error.retryable and not cost)


def _written(rows: Sequence[Beat]) -> int:
    """About how many tokens the answer for these rows has."""
    return _TOKENS_OF_FRAME + _TOKENS_A_ROW * len(rows)


def identity_of(card: Card, request: ScreenplayRequest) -> dict[str, Any]:
    """What decides the screenplay: the story as it is sent before any answer, the schema, the arguments.

    The rules count by their revision: a better wording of them is no reason to pay for a screenplay again. Nor is the
    style in which a server is asked: what was paid in one is not paid again in another.
    """
    parts = parts_of(request.story)
    told = [messages_for(request, rows, [], len(parts)) for rows in parts]
    return {
        "instructions": INSTRUCTIONS,
        "messages": [[message for message in messages if message["role"] != "system"] for messages in told],
        "response_format": response_format(),
        "arguments": filled(card.arguments, {}),
        "repair": prompt("repair", faults=""),
    }


def _read(answer: str, request: ScreenplayRequest, rows: Sequence[Beat]) -> tuple[Draft | None, list[str]]:
    """The draft in an answer, and what is wrong with it."""
    texts = sorted((json.dumps(one) for one in objects_in(answer)), key=lambda text: '"scenes"' not in text) or [answer]
    problems: list[str] = []
    for text in texts:
        if text.count("{") > _MOST_OBJECTS:
            # To check each of them would hold up everything else that this process does.
            problems = problems or [f"it has more than {_MOST_OBJECTS} objects; these rows need far fewer shots"]
            continue
        try:
            draft = Draft.model_validate_json(text)
        except ValidationError as error:
            problems = problems or _words_of(error)
            continue
        return draft, faults_of(draft, request.story, rows, request.established)
    return None, problems


def _words_of(error: ValidationError) -> list[str]:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in problems[:10]]


def quote(card: Card, prices: PriceList, server: Server, request: ScreenplayRequest) -> Quote:
    """About what a screenplay will cost, rather too much than too little. Raises `SettingsError` (unpriced)."""
    parts = parts_of(request.story)
    read = sum(tokens_in(str(message["content"])) for rows in parts for message in messages_for(request, rows, [], 1))
    written = _TOKENS_OF_FRAME * len(parts) + _TOKENS_A_ROW * len(request.story.beats)
    # What is established is repeated to each part.
    tokens = Tokens(
        read + _TOKENS_OF_FRAME * (len(parts) - 1) + tokens_in(str(response_format())) * len(parts), written
    )
    if server.is_free:
        cost = prices.own_token_cost(card.spec, tokens)
        if cost is None:
            return FREE
    else:
        cost = prices.token_cost(card.spec, tokens, server.base_url)
    if cost is None:
        return prices.unpriced(card.spec)
    count = Decimal(tokens.read + tokens.written)
    return Quote(cost, count, "token", cost / count, estimated=True)
