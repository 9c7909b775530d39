"""Requests that cost money, sent to both vendors at one address."""

from __future__ import annotations

from typing import Any

from clash.config import Settings
from clash.providers.fal import FalProvider
from clash.providers.openai import OpenAIProvider
from clash.providers.ports import Context, ImageRequest, SpeechRequest
from clash.story.screenplay import Character

MARA = Character(slug="mara", name="Mara", look="teal coat")
KEY = "k" * 40


def settings_for(url: str) -> Settings:
    """Both vendors at one address."""
    host = url.removeprefix("http://")
    return Settings(
        **{
            "FAL_KEY": KEY,
            "FAL_BASE_URL": url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{url}/v1",
            "CLASH_ALLOW_HOSTS": host,
        }
    )


def speech(settings: Settings) -> Any:
    """A job for fal's queue."""
    request = SpeechRequest(text="Tell me how long", speaker="mara", language="en")
    return FalProvider(settings).submit("fal-ai/kokoro", request, Context("key", "fal-ai/kokoro"))


def card(settings: Settings) -> Any:
    """A picture from OpenAI."""
    request = ImageRequest(subject="character", prompt="", style="ink", width=1024, height=1024, character=MARA)
    return OpenAIProvider(settings).call("gpt-image-1", request, Context("key", "gpt-image-1"))
