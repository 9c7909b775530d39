"""A language model as screenwriter: structured output, checked against the story, repaired once, else refused."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, cast

from pydantic import ValidationError

from clash.errors import AmbiguousError, ClashError, ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.openai.conversation import count_of, meaning_of, refused_content, writable
from clash.providers.openai.draft import Draft, response_format
from clash.providers.openai.faults import faults_of
from clash.providers.openai.normalising import screenplay_of_drafts
from clash.providers.openai.parts import messages_for, parts_of
from clash.providers.ports import Answer, Quote, ScreenplayRequest
from clash.providers.prices import PriceList, Tokens
from clash.providers.prompts import prompt
from clash.redaction import redacted_text
from clash.story.screenplay import Beat

_TRIES = 12
"""How often one part is asked for when the vendor refuses it for its number, once an earlier part is paid for."""
_TOO_MANY_REQUESTS = 429
_LONGEST_WAIT_S = 60.0
_TOKENS_A_ROW = 700
"""Tokens that a row becomes in an answer, thinking included: measured low, priced high."""
_TOKENS_OF_FRAME = 1500
"""Of an answer beside its rows: characters, places, style."""


INSTRUCTIONS = 1
"""The revision of the writer's rules. Counted up only where what older rules wrote should be bought again."""
FIRST_PROMPTS = "d8fc63ce6686"
"""The digest of all that the writer was told in clash 0.1, where it was part of a call's key."""


class Screenwriter:
    """Writes the screenplay of one request, part by part, and keeps count of what it has cost."""

    def __init__(self, client: Any, card: Card, prices: PriceList, base_url: str) -> None:
        self._client = client
        self._card = card
        self._prices = prices
        self._base_url = base_url
        self._tokens = Tokens(0, 0)
        self._calls = 0
        self._repairs = 0

    async def write(self, request: ScreenplayRequest) -> Answer:
        """The screenplay. Raises `ProviderError`, whose `cost_usd` is what was spent before it."""
        story = request.story
        try:
            drafts = await self._drafts(request)
        except ProviderError as error:
            raise self._charged(error) from error.__cause__
        screenplay = screenplay_of_drafts(story, drafts, request.established)
        response = {
            "calls": self._calls,
            "repairs": self._repairs,
            "parts": len(drafts),
            "input_tokens": self._tokens.read,
            "output_tokens": self._tokens.written,
        }
        return Answer(
            screenplay.model_dump_json(indent=2).encode(),
            "application/json",
            cost_usd=self._cost(),
            facts={"shots": len(screenplay.shots)},
            response=response,
        )

    async def _drafts(self, request: ScreenplayRequest) -> list[Draft]:
        parts = parts_of(request.story)
        done: list[Draft] = []
        for rows in parts:
            done.append(await self._part(request, rows, messages_for(request, rows, done, len(parts))))
        return done

    async def _part(self, request: ScreenplayRequest, rows: Sequence[Beat], messages: list[dict[str, Any]]) -> Draft:
        answer = await self._ask(messages)
        draft, faults = _read(answer, request, rows)
        if faults:
            self._repairs += 1
            complaint = prompt("repair", faults="\n".join(f"- {fault}" for fault in faults))
            again = [{"role": "assistant", "content": answer}, {"role": "user", "content": complaint}]
            draft, faults = _read(await self._ask([*messages, *again]), request, rows)
        if draft is None or faults:
            raise ProviderError(
                f"{self._card.spec} wrote a screenplay that cannot be used, twice: {'; '.join(faults[:5])}"[:1500],
                code="bad_screenplay",
                hint="choose another --screenplay-model, or make the story's table plainer",
            )
        return draft

    async def _ask(self, messages: list[dict[str, Any]]) -> str:
        """One answer. When the vendor is busy, parts that are paid for are not thrown away: it is asked again."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._ask_once(messages)
            except AmbiguousError:
                raise
            except ProviderError as error:
                # An error of the server (5xx) may have been charged: that is for the ledger to judge.
                again = error.retryable and error.status_code == _TOO_MANY_REQUESTS
                if not (again and self._calls) or attempt == _TRIES:
                    raise
                await asyncio.sleep(min(error.retry_after_s or 2.0**attempt, _LONGEST_WAIT_S))
        raise AssertionError("the last attempt returns or raises")

    async def _ask_once(self, messages: list[dict[str, Any]]) -> str:
        arguments = filled(self._card.arguments, {})
        try:
            answer = await self._client.chat.completions.create(
                model=self._card.id, messages=messages, response_format=response_format(), **arguments
            )
            choice = answer.choices[0]
            text, refusal, ended = _said(choice.message.content), choice.message.refusal, choice.finish_reason
        except Exception as error:  # the SDK's own, and what a body that is none makes of it
            raise self._meant(error) from error
        self._calls += 1
        self._count(answer.usage)
        if refusal or ended == "content_filter":
            words = writable(str(refusal)) if refusal else "its filter stopped the answer"
            raise refused_content(self._card.id, redacted_text(words)[:600])
        return text

    def _meant(self, error: Exception) -> ClashError:
        return error if isinstance(error, ClashError) else meaning_of(error, self._card.id)

    def _count(self, usage: Any) -> None:
        details = getattr(usage, "prompt_tokens_details", None)
        read, written = (count_of(getattr(usage, f"{way}_tokens", None)) for way in ("prompt", "completion"))
        self._tokens += Tokens(read, written, min(read, count_of(getattr(details, "cached_tokens", None))))

    def _cost(self) -> Decimal | None:
        """What was used, by its price; None where the server counts no tokens or nobody knows the price."""
        if not self._tokens.read:
            return None
        return self._prices.token_cost(self._card.spec, self._tokens, self._base_url)

    def _charged(self, error: ProviderError) -> ProviderError:
        """Return the error with the cost of what was answered before it. Then another try is a person's to decide."""
        if not self._calls or error.cost_usd is not None:
            return error
        cost = self._cost()
        return error.with_(cost_usd=cost, retryable=error.retryable and not cost)


def _said(content: object) -> str:
    """The text of an answer; some servers give it in parts. Raises `TypeError` for what is no text."""
    if isinstance(content, list):
        parts = cast("list[object]", content)
        content = "".join(
            str(cast("dict[str, object]", part).get("text", "")) for part in parts if isinstance(part, dict)
        )
    if content is not None and not isinstance(content, str):
        raise TypeError(f"the content is {type(content).__name__}")
    return writable(content or "")


def identity_of(card: Card, request: ScreenplayRequest) -> dict[str, Any]:
    """What decides the screenplay: the story as it is sent before any answer, the schema, the arguments.

    The rules count by their revision: a better wording of them is no reason to pay for a screenplay again.
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
    try:
        draft = Draft.model_validate_json(_without_fence(answer))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in problems[:10]]
    return draft, faults_of(draft, request.story, rows, request.established)


def _without_fence(answer: str) -> str:
    """Servers without structured output like to put JSON between fences."""
    text = answer.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0]
    return text


def quote(card: Card, prices: PriceList, base_url: str, request: ScreenplayRequest) -> Quote:
    """About what a screenplay will cost, rather too much than too little. Raises `SettingsError` (unpriced)."""
    parts = parts_of(request.story)
    read = sum(_tokens(str(message["content"])) for rows in parts for message in messages_for(request, rows, [], 1))
    written = _TOKENS_OF_FRAME * len(parts) + _TOKENS_A_ROW * len(request.story.beats)
    # What is established is repeated to each part.
    tokens = Tokens(read + _TOKENS_OF_FRAME * (len(parts) - 1) + _tokens(str(response_format())) * len(parts), written)
    cost = prices.token_cost(card.spec, tokens, base_url)
    if cost is None:
        return prices.unpriced(card.spec)
    count = Decimal(tokens.read + tokens.written)
    return Quote(cost, count, "token", cost / count, estimated=True)


def _tokens(text: str) -> int:
    """About how many tokens a text is: four letters of Latin script to one, one character of Chinese."""
    wide = sum(1 for letter in text if ord(letter) > 0x2E7F)
    return wide + math.ceil((len(text) - wide) / 3.5)
