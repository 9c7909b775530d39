"""Ask a language model for JSON in the strictest style that its server takes, and count what its answers used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from clash.errors import AmbiguousError, ClashError, ProviderError
from clash.providers.catalogue import Card, filled
from clash.providers.openai.conversation import count_of, meaning_of, refused_content, writable
from clash.providers.openai.cut_answers import CUT
from clash.providers.openai.servers import Server
from clash.providers.openai.spending import Spending, tokens_in
from clash.providers.openai.styles import Style, arguments_of, learned_of, messages_in, plainer_style
from clash.providers.prices import PriceList, Tokens
from clash.redaction import redacted_text

_TRIES = 12
"""How often an answer is asked for when the vendor refuses it for its number, once an earlier one is paid for."""
_TOO_MANY_REQUESTS = 429
_LONGEST_WAIT_S = 60.0
_THOUGHT_FIELDS = ("reasoning_content", "reasoning")
"""Where servers put what a model thought: DeepSeek, vLLM and LM Studio, and Ollama and OpenRouter."""


@dataclass(frozen=True)
class Said:
    """What a model answered: the arguments of its tool call or its text, and what it thought beside them."""

    text: str
    cut: bool = False
    """Whether the server stopped the answer before its end."""


class Chat:
    """One model of one server, and what all of its answers have used."""

    def __init__(
        self, client: Any, card: Card, prices: PriceList, server: Server, most_usd: Decimal | None = None
    ) -> None:
        """`most_usd`: what all answers together may cost."""
        self._client = client
        self._card = card
        self._prices = prices
        self._server = server
        self.learned = learned_of(server.base_url, card.id)
        self.tokens = Tokens(0, 0)
        self.answers = 0
        self.spending = Spending(card.spec, most_usd, self._cost_of)

    async def ask(self, messages: Sequence[dict[str, Any]], *, expected: int, plain: bool = False) -> Said:
        """Return one answer. `plain`: as text, whatever JSON the server could be held to.

        `expected`: how many tokens should come back. A style that the server refuses costs nothing; the next one is
        tried. Raises `ProviderError`, also where one more answer would pass what all of them may cost.
        """
        while True:
            style = Style.PROMPT if plain else self.learned.style
            try:
                said = await self._ask_patiently(style, messages, expected, plain=plain)
            except ProviderError as error:
                plainer = None if plain else plainer_style(style, error)
                if plainer is None:
                    raise
                self.learned.style, self.learned.answered = plainer, False
                continue
            self.learned.answered = True
            return said

    async def _ask_patiently(
        self, style: Style, messages: Sequence[dict[str, Any]], expected: int, *, plain: bool
    ) -> Said:
        """One answer. When the vendor is busy, answers that are paid for are not thrown away: it is asked again."""
        for attempt in range(1, _TRIES + 1):
            try:
                return await self._ask_once(style, messages, expected, plain=plain)
            except AmbiguousError:
                raise
            except ProviderError as error:
                # An error of the server (5xx) may have been charged: that is for the ledger to judge.
                again = error.retryable and error.status_code == _TOO_MANY_REQUESTS
                if not (again and self.answers) or attempt == _TRIES:
                    raise
                await asyncio.sleep(min(error.retry_after_s or 2.0**attempt, _LONGEST_WAIT_S))
        raise AssertionError("the last attempt returns or raises")

    async def _ask_once(self, style: Style, messages: Sequence[dict[str, Any]], expected: int, *, plain: bool) -> Said:
        told = list(messages) if plain else messages_in(style, messages, shows_schema=self.learned.shows_schema)
        arguments = {**arguments_of(style), **filled(self._card.arguments, {})}
        sent = sum(tokens_in(str(message["content"])) for message in told) + tokens_in(str(arguments))
        self.spending.check(sent, expected)
        try:
            answer = await self._client.chat.completions.create(model=self._card.id, messages=told, **arguments)
            choice = answer.choices[0]
            text, refusal, ended = _said(choice.message), choice.message.refusal, choice.finish_reason
        except Exception as error:  # the SDK's own, and what a body that is none makes of it
            raise self._meant(error) from error
        self.answers += 1
        read, written = self._count(answer.usage)
        # A server that counts no tokens is taken to have used as many as the texts are.
        self.spending.count(read or sent, written or tokens_in(text), expected)
        if refusal or ended == "content_filter":
            words = writable(str(refusal)) if refusal else "its filter stopped the answer"
            raise refused_content(self._card.spec, redacted_text(words)[:600])
        return Said(text, cut=ended in CUT)

    def _meant(self, error: Exception) -> ClashError:
        return error if isinstance(error, ClashError) else meaning_of(error, self._card.spec, self._server)

    def _count(self, usage: Any) -> tuple[int, int]:
        details = getattr(usage, "prompt_tokens_details", None)
        read, written = (count_of(getattr(usage, f"{way}_tokens", None)) for way in ("prompt", "completion"))
        self.tokens += Tokens(read, written, min(read, count_of(getattr(details, "cached_tokens", None))))
        return read, written

    @property
    def is_paid(self) -> bool:
        """Whether answers may cost anything: of a server that is free, only where a price is set for its model."""
        return not self._server.is_free or self._cost_of(self.tokens) != 0

    def cost(self) -> Decimal | None:
        """What was used, by its price; None where the server counts no tokens or nobody knows the price."""
        if not self.tokens.read and not self._server.is_free:
            return None
        return self._cost_of(self.tokens)

    def _cost_of(self, tokens: Tokens) -> Decimal | None:
        if self._server.is_free:
            return self._prices.own_token_cost(self._card.spec, tokens) or Decimal(0)
        return self._prices.token_cost(self._card.spec, tokens, self._server.base_url)


def _said(message: Any) -> str:
    """What a model answered: the arguments of its tool call, else its text, else what it thought."""
    for call in message.tool_calls or ():
        function = getattr(call, "function", None)
        arguments: object = getattr(function, "arguments", None)
        if isinstance(arguments, str) and arguments.strip():
            return writable(arguments)
    text = _text(message.content)
    if text.strip():
        return text
    # A server that takes a thought for open to the end puts the answer there, too.
    thoughts = (getattr(message, field, None) for field in _THOUGHT_FIELDS)
    return next((writable(one) for one in thoughts if isinstance(one, str) and one.strip()), text)


def _text(content: object) -> str:
    """The text of an answer; some servers give it in parts. Raises `TypeError` for what is no text."""
    if isinstance(content, list):
        parts = cast("list[object]", content)
        content = "".join(
            str(cast("dict[str, object]", part).get("text", "")) for part in parts if isinstance(part, dict)
        )
    if content is not None and not isinstance(content, str):
        raise TypeError(f"the content is {type(content).__name__}")
    return writable(content or "")
