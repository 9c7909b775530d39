"""Pictures from Paintbox for clash: `clash run story.csv --image-model paintbox:oil`.

Paintbox is made up: an image service with a queue, as most of them have one. docs/providers.md explains the parts.
"""

import base64
import os
from decimal import Decimal
from typing import Any, cast

import httpx

from clash.errors import AmbiguousError, ProviderError, SettingsError
from clash.providers.ports import Answer, Context, ImageRequest, Job, JobStatus, Quote, Request

PRICES = {"sketch": Decimal("0.01"), "oil": Decimal("0.04")}  # dollars a picture


class Paintbox:
    name, concurrency, poll_every_s = "paintbox", 4, 0.5
    idempotent = False  # to hand the same job in twice is to pay twice

    def __init__(self) -> None:
        self.endpoint = os.environ.get("PAINTBOX_URL", "https://api.paintbox.example")
        self._key = os.environ.get("PAINTBOX_KEY", "")
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {self._key}"}, timeout=60)

    def require(self, model: str) -> None:
        if not self._key:
            raise SettingsError("PAINTBOX_KEY is not set", hint="paintbox.example/keys makes one")

    def models(self) -> dict[str, tuple[str, ...]]:
        return {"image": tuple(PRICES)}

    def revision(self, model: str, request: Request) -> str:
        return "1"

    def quote(self, model: str, request: Request) -> Quote:
        return Quote(PRICES[model], unit="picture", unit_price_usd=PRICES[model])

    async def submit(self, model: str, request: Request, context: Context) -> Job:
        image = cast("ImageRequest", request)  # models() offers nothing else
        pictures = [base64.b64encode(context.path_of(other).read_bytes()).decode() for other in image.references]
        body = {
            "client_reference": context.key,
            "model": model,
            "prompt": f"{image.prompt}. {image.style}",
            "width": image.width,
            "height": image.height,
            "references": pictures,
        }
        reply = await self._send("POST", f"{self.endpoint}/v1/jobs", json=body)
        return Job(reply.json()["id"], self.endpoint)

    async def find(self, model: str, request: Request, context: Context) -> Job | None:
        by_key = {"client_reference": context.key}
        jobs = (await self._send("GET", f"{self.endpoint}/v1/jobs", params=by_key)).json()["jobs"]
        return Job(jobs[0]["id"], self.endpoint) if jobs else None

    async def poll(self, model: str, job: Job) -> JobStatus:
        status = (await self._send("GET", f"{job.endpoint}/v1/jobs/{job.id}")).json()
        return JobStatus(status["state"], status["message"], cost_usd=Decimal(status["cost_usd"]))

    async def fetch(self, model: str, job: Job) -> Answer:
        reply = await self._send("GET", f"{job.endpoint}/v1/jobs/{job.id}/picture")
        return Answer(reply.content, reply.headers["content-type"], cost_usd=Decimal(reply.headers["x-cost-usd"]))

    async def _send(self, method: str, url: str, **parts: Any) -> httpx.Response:
        try:
            reply = await self._http.request(method, url, **parts)
        except httpx.ConnectError as error:  # nothing was sent
            raise ProviderError(f"Paintbox cannot be reached: {error}", retryable=True) from error
        except httpx.TransportError as error:  # sent, and the answer is lost
            raise AmbiguousError(f"Paintbox did not answer: {type(error).__name__}") from error
        if reply.is_success:
            return reply
        if reply.status_code in (500, 502, 504):  # it broke with the job in its hands
            raise AmbiguousError(f"Paintbox: {reply.status_code} {reply.reason_phrase}", status_code=reply.status_code)
        wait = reply.headers.get("retry-after", "")
        raise ProviderError(
            reply.text or reply.reason_phrase,
            status_code=reply.status_code,
            retryable=reply.status_code in (429, 503),
            retry_after_s=float(wait) if wait.isdigit() else None,
        )
