"""Text from any server with OpenAI's API: five ways to answer, each of which writes the whole lighthouse story."""

from __future__ import annotations

import json
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path

import pytest
from emulator.material import draft_of, story_of
from emulator.vendor_run import VendorRun
from http_vendors import KEY, Charge, served
from http_vendors.chat import STYLES, WRITER, ChatServer, Style, rows_in

from clash.assets import AssetStore
from clash.calls.content_key import content_key
from clash.config import Settings
from clash.database.lease import Lease
from clash.database.port import Database
from clash.errors import PersonNeededError, ProviderError, SettingsError
from clash.providers.openai import OpenAIProvider
from clash.providers.openai.cut_answers import finished_rows, joined
from clash.providers.openai.peeling import objects_in
from clash.providers.openai.screenwriter import MOST_PAID_IN_VAIN
from clash.providers.openai.servers import is_local
from clash.providers.openai.styles import forget_servers, learned_of
from clash.providers.ports import ScreenplayRequest, screenplay_of
from clash.providers.registry import Model, Registry
from clash.story.screenplay import Story

LIGHTHOUSE = Path(__file__).parent.parent / "examples" / "lighthouse.csv"
SPEC = f"openai:{WRITER}"


@pytest.fixture(autouse=True)
def _nothing_learned() -> Generator[None]:
    """Each test is a process that knows no server."""
    forget_servers()
    yield
    forget_servers()


@pytest.fixture(scope="module")
def story() -> Story:
    """The example's story."""
    return story_of(LIGHTHOUSE)


@pytest.fixture
def server(request: pytest.FixtureRequest, story: Story) -> Generator[ChatServer]:
    """A server of a style."""
    style: Style = getattr(request, "param", "strict")
    with served(ChatServer(story, style)) as started:
        assert isinstance(started, ChatServer)
        yield started


@pytest.fixture
def run(database: Database, lease: Lease, assets: AssetStore, server: ChatServer) -> VendorRun:
    """A run whose text comes from the server."""
    return VendorRun(database, lease, assets, settings_of(server))


def settings_of(server: ChatServer, **more: str) -> Settings:
    """Settings that lead to the server, whatever is in this machine's environment."""
    return Settings(**{"OPENAI_API_KEY": "", **server.environment, **more})


def micro(charges: list[Charge]) -> int:
    """What was charged, in micro-dollars."""
    return int(sum((one.usd for one in charges), Decimal(0)) * 1_000_000)


@pytest.mark.parametrize("server", STYLES, indirect=True)
async def test_each_style_writes_the_whole_story(run: VendorRun, server: ChatServer, story: Story) -> None:
    """Every row is shown, what the journal charged is in the ledger, and the style is recorded with the call."""
    made = await run.call(SPEC, ScreenplayRequest(story=story))
    screenplay = screenplay_of(made.path.read_bytes())
    assert [shot.source_row for shot in screenplay.shots] == [beat.row for beat in story.beats]
    assert [one.name for one in screenplay.characters] == ["Mara", "Tomas", "Pim"]
    (row,) = await run.rows()
    assert (row["state"], row["cost_micro"]) == ("succeeded", micro(server.journal))
    told = {
        "strict": ("strict JSON schema", []),
        "tools": ("tool call", ["json_schema"]),
        "json_object": ("JSON object", ["json_schema", "tools"]),
        "plain": ("JSON in the prompt", ["json_schema", "tools", "json_object"]),
        "cut": ("strict JSON schema", []),
    }
    assert (json.loads(row["response"])["style"], server.refused) == told[server.style]


@pytest.mark.parametrize("server", ["plain"], indirect=True)
async def test_what_worked_is_asked_first_from_then_on(run: VendorRun, server: ChatServer, story: Story) -> None:
    """A process learns once what a server takes; another model of it is tried anew."""
    await run.call(SPEC, ScreenplayRequest(story=story))
    await run.call(SPEC, ScreenplayRequest(story=story, note="again"), "again")
    assert server.refused == ["json_schema", "tools", "json_object"]
    assert len(server.journal) == 2
    assert learned_of(f"{server.url}/v1", WRITER).style == "JSON in the prompt"
    assert learned_of(f"{server.url}/v1", "another").style == "strict JSON schema"


async def test_a_style_is_no_part_of_a_call_s_key(server: ChatServer, story: Story) -> None:
    """What was paid in one style is found in another."""
    model, request = Model(OpenAIProvider(settings_of(server)), WRITER), ScreenplayRequest(story=story)
    before = content_key(model, request)
    learned = learned_of(f"{server.url}/v1", WRITER)
    learned.style, learned.most_rows = type(learned.style).PROMPT, 1
    assert content_key(model, request) == before


@pytest.mark.parametrize("server", ["cut"], indirect=True)
async def test_rows_of_a_cut_answer_are_not_bought_again(run: VendorRun, server: ChatServer, story: Story) -> None:
    """The rows that an answer finished stay; the next request asks for the others only."""
    await run.call(SPEC, ScreenplayRequest(story=story))
    asked = [rows_in(body["messages"]) for body in server.bodies]
    assert asked[0] == [beat.row for beat in story.beats]
    assert len(asked[1]) < len(asked[0])
    assert len(server.journal) == len(asked)
    (row,) = await run.rows()
    response = json.loads(row["response"])
    assert response["cut_off"] >= 1
    assert response["calls"] == len(asked)


@pytest.mark.parametrize("server", ["cut"], indirect=True)
async def test_a_single_row_that_is_cut_is_continued(run: VendorRun, server: ChatServer, story: Story) -> None:
    """Where not even one row fits into an answer, the model goes on with it, and each answer is counted."""
    server.most_tokens = 250
    made = await run.call(SPEC, ScreenplayRequest(story=story))
    assert len(screenplay_of(made.path.read_bytes()).shots) == len(story.beats)
    assert await run.costs() == [micro(server.journal)]
    assert any(body["messages"][-1]["content"].startswith("Your answer was cut off") for body in server.bodies)


@pytest.mark.parametrize("server", ["cut"], indirect=True)
async def test_answers_that_are_never_whole_end(run: VendorRun, server: ChatServer, story: Story) -> None:
    """A server that cuts everything off costs a few answers, which are recorded, and the error says what to set."""
    server.most_tokens = 3
    with pytest.raises(ProviderError, match="cut off") as caught:
        await run.call(SPEC, ScreenplayRequest(story=story))
    assert (caught.value.code, caught.value.retryable) == ("answer_cut", False)
    assert "OLLAMA_CONTEXT_LENGTH" in (caught.value.hint or "")
    assert len(server.journal) <= MOST_PAID_IN_VAIN
    assert await run.costs() == [micro(server.journal)]


async def test_a_server_that_ignores_the_schema_is_shown_it(run: VendorRun, server: ChatServer, story: Story) -> None:
    """Some servers take `response_format` and do nothing with it: the repair has the schema in words."""
    server.ignores_schema = True
    await run.call(SPEC, ScreenplayRequest(story=story))
    await run.call(SPEC, ScreenplayRequest(story=story, note="again"), "again")
    assert len(server.journal) == 3


@pytest.mark.parametrize("server", ["tools"], indirect=True)
async def test_a_server_without_a_choice_of_tools_is_asked_in_words(
    run: VendorRun, server: ChatServer, story: Story
) -> None:
    """Some servers know tools, but not `tool_choice`."""
    server.knows_tool_choice = False
    await run.call(SPEC, ScreenplayRequest(story=story))
    assert "`screenplay`" in server.bodies[-1]["messages"][-1]["content"]
    assert await run.costs() == [micro(server.journal)]


async def test_another_refusal_is_told_and_not_tried_in_another_style(
    run: VendorRun, server: ChatServer, story: Story
) -> None:
    """A model that is not there is not asked for five times."""
    with pytest.raises(ProviderError, match="not found"):
        await run.set(allow_unpriced=True).call("openai:nobody", ScreenplayRequest(story=story), slot="screenplay")
    assert len(server.bodies) == 1


# -- addresses and keys --------------------------------------------------------------------------------------------


async def test_a_key_is_sent_to_its_own_server_only(run: VendorRun, server: ChatServer, story: Story) -> None:
    """OPENAI_API_KEY never reaches the server of a craft at another address; the craft's key does."""
    server.key = None
    foreign = run.set(openai_api_key=Settings(**{"OPENAI_API_KEY": "sk-of-openai-0123456789"}).openai_api_key)
    await foreign.set(screenplay_api_key=None).call(SPEC, ScreenplayRequest(story=story))
    await run.call(SPEC, ScreenplayRequest(story=story, note="with the key"), "again")
    assert server.authorizations == ["Bearer none", f"Bearer {KEY}"]


async def test_the_server_of_a_craft_is_where_its_calls_are_recorded(
    run: VendorRun, server: ChatServer, story: Story
) -> None:
    """The row of a call has the address of its craft."""
    await run.call(SPEC, ScreenplayRequest(story=story))
    (row,) = await run.rows()
    assert row["endpoint"] == f"{server.url}/v1"
    provider = run.registry.provider("openai")
    assert isinstance(provider, OpenAIProvider)
    assert provider.endpoint_for("image") == "https://api.openai.com/v1"


def test_a_wrong_key_names_the_variable_of_its_craft(server: ChatServer) -> None:
    """A person is told which key is wrong."""
    settings = settings_of(server, CLASH_SCREENPLAY_API_KEY=" sk with a space ")
    with pytest.raises(SettingsError, match="CLASH_SCREENPLAY_API_KEY"):
        OpenAIProvider(settings).require(WRITER)
    only_images = Settings(**{"OPENAI_API_KEY": "", "CLASH_IMAGE_BASE_URL": "http://localhost:8188/v1"})
    registry = Registry(only_images)
    registry.model("image", "openai:any").require()
    with pytest.raises(SettingsError, match="OPENAI_API_KEY is not set"):
        registry.model("screenplay", "openai:any").require()


@pytest.mark.parametrize("spec", ["ollama:qwen3:8b", "lmstudio:qwen3:8b", "openai:qwen3:8b"])
async def test_a_server_of_one_s_own_costs_nothing(run: VendorRun, server: ChatServer, story: Story, spec: str) -> None:
    """Without a key, on this machine: no price is needed, and none is recorded."""
    server.key = None
    own = run.set(screenplay_api_key=None)
    made = await own.call(spec, ScreenplayRequest(story=story))
    assert len(screenplay_of(made.path.read_bytes()).shots) == len(story.beats)
    (row,) = await run.rows()
    assert (row["cost_micro"], row["quoted_cost_micro"], row["precision"]) == (0, 0, "billed")


async def test_a_model_that_was_never_fetched_is_named(run: VendorRun, server: ChatServer, story: Story) -> None:
    """Ollama does not have it: the hint is the command that fetches it."""
    server.key = None
    with pytest.raises(ProviderError, match="not found") as caught:
        await run.set(screenplay_api_key=None).call("ollama:llama3", ScreenplayRequest(story=story))
    assert "ollama pull llama3" in (caught.value.hint or "")


def test_own_servers_have_an_address_by_default() -> None:
    """Ollama and LM Studio need no setting, and are sent no key that is for another server."""
    registry = Registry(Settings(**{"OPENAI_API_KEY": "k" * 20, "CLASH_SCREENPLAY_API_KEY": "c" * 20}))
    for name, address in (("ollama", "http://localhost:11434/v1"), ("lmstudio", "http://localhost:1234/v1")):
        provider = registry.provider(name)
        assert isinstance(provider, OpenAIProvider)
        assert provider.endpoint == address
        assert provider.server("screenplay").key is None
        assert "c" * 20 not in repr(provider.server("screenplay"))


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1:1234/v1", True),
        ("http://[::1]:1234/v1", True),
        ("http://192.168.1.7:8000/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://host.docker.internal:11434/v1", True),
        ("https://api.deepseek.com", False),
        ("https://8.8.8.8/v1", False),
        ("https://localhost.example.com/v1", False),
    ],
)
def test_which_servers_are_one_s_own(address: str, local: bool) -> None:
    """An address of this machine or its network; every other server may bill."""
    assert is_local(address) is local


async def test_a_lost_answer_of_a_paid_server_is_not_asked_for_again(
    run: VendorRun, server: ChatServer, story: Story
) -> None:
    """The answer is charged and the connection breaks: a person decides."""
    server.fault("lost")
    with pytest.raises(PersonNeededError):
        await run.call(SPEC, ScreenplayRequest(story=story))
    assert len(server.journal) == 1


# -- peeling and cutting -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}, "c": "}"}',
        '```json\n{"a": {"b": 1}, "c": "}"}\n```',
        'Sure:\n````\n```json\n{"a": {"b": 1}, "c": "}"}\n```\n````\nDone {really}.',
        '<think>maybe {"a": 2}</think>{"a": {"b": 1}, "c": "}"}',
        'no opening </think> {"a": {"b": 1}, "c": "}"}',
        '<think>never closed {"x": 1} {"a": {"b": 1}, "c": "}"}',
        '<Thinking>\nhm\n</Thinking>\n{"a": {"b": 1}, "c": "}"} and that is all',
        '[{"a": {"b": 1}, "c": "}"}]',
        '{"screenplay": {"a": {"b": 1}, "c": "}"}}',
        '{"name": "screenplay", "arguments": {"a": {"b": 1}, "c": "}"}}',
        '"{\\"a\\": {\\"b\\": 1}, \\"c\\": \\"}\\"}"',
    ],
)
def test_the_object_is_found_in_what_is_around_it(text: str) -> None:
    """Thoughts, fences, sentences, lists and wrappings are taken off; the answer comes first."""
    assert objects_in(text)[0] == {"a": {"b": 1}, "c": "}"}


@pytest.mark.parametrize("text", ["", "no", "{" * 100_000, '{"a":' * 100_000, '{"a": 1' * 20_000, "<think>" * 50_000])
def test_what_has_no_object_costs_no_time(text: str) -> None:
    """Hostile answers are searched to a limit."""
    assert objects_in(text) == []


def test_a_cut_answer_keeps_the_rows_before_the_cut(story: Story) -> None:
    """Wherever it is cut, what is kept is a draft without faults of the first rows."""
    request, text = ScreenplayRequest(story=story), draft_of(story).model_dump_json()
    counts = []
    for length in range(0, len(text), 997):
        found = finished_rows(text[:length], request, story.beats)
        counts.append(found[1] if found else 0)
        if found:
            draft, count = found
            assert [shot.source_row for shot in draft.shots] == [beat.row for beat in story.beats[:count]]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] >= len(story.beats) - 2


def test_an_answer_that_repeats_its_end_is_joined_once() -> None:
    """What a model says again when it goes on is there once."""
    assert joined('{"title": "The lighthouse k', 'The lighthouse keeper"}') == '{"title": "The lighthouse keeper"}'
    assert joined('{"title": "The ', '```json\nlighthouse"}') == '{"title": "The lighthouse"}'
