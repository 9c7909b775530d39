"""The board in a real Chromium, wide and on a phone: it is live, decides, plays, and everybody can use it."""

from __future__ import annotations

import re
import sys
from collections.abc import Generator
from itertools import combinations
from typing import Any

import pytest
from chromium import DESKTOP, PHONE, WAIT_MS, BoardRoom, axe_script, chromium

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the forked command line is POSIX")

Box = dict[str, float]


@pytest.fixture(scope="module")
def browser() -> Generator[Any]:
    """One browser for all tests of this module."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Generator[BoardRoom]:
    """One board for all tests of this module: each looks at runs of its own."""
    opened = BoardRoom(tmp_path_factory.mktemp("board") / "room")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def session(browser: Any, room: BoardRoom) -> Any:
    """The cookie of the link that the board printed, which is good once."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(room.links[0])
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def film(room: BoardRoom) -> str:
    """A finished film of three shots, made by the free models."""
    room.ok("run", room.story("film"), "--thread", "film", "--size", "192x108", "--fps", "8")
    return "film"


class Windows:
    """The windows of a test; what a page logs as an error fails the test."""

    def __init__(self, browser: Any, session: Any, room: BoardRoom) -> None:
        self._browser, self._session, self._room = browser, session, room
        self._contexts: list[Any] = []
        self.errors: list[str] = []

    def open(self, path: str, size: tuple[int, int] = DESKTOP, **options: Any) -> Any:
        """Open a page in a window of its own."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, storage_state=self._session, locale="en-GB", **options
        )
        self._contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if _is_error(said) else None)
        page.goto(self._room.url + path)
        return page

    def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            context.close()


def _is_error(said: Any) -> bool:
    """Whether a message of the console is an error. A page that is told 409, for a process still ends, sends again."""
    return said.type == "error" and "status of 409" not in said.text


@pytest.fixture
def windows(browser: Any, session: Any, room: BoardRoom) -> Generator[Windows]:
    """Windows that are closed after the test."""
    opened = Windows(browser, session, room)
    yield opened
    opened.close()
    assert not opened.errors


def wait_until(page: Any, expression: str, argument: Any = None) -> None:
    """Wait until an expression holds on a page."""
    page.wait_for_function(expression, arg=argument, timeout=WAIT_MS)


def wait_for_status(page: Any, status: str) -> None:
    """Wait until the run of a page has a status."""
    page.locator("#run-head .badge", has_text=status).wait_for()


_WATCH = """() => {
    window.seen = []; window.jumps = 0;
    const look = () => {
        const text = document.querySelector('#spent').textContent;
        if (text !== window.seen.at(-1)) window.seen.push(text);
    };
    look();
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


_SHIFTS = """() => {
    window.shifts = [];
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) {
            if (entry.hadRecentInput) continue;
            const moved = entry.sources.map(source => source.node?.id || source.node?.className || 'text');
            window.shifts.push([entry.value, moved]);
        }
    }).observe({type: 'layout-shift', buffered: true});
}"""
"""Writes down from the page's first picture on what has moved without being touched, as a share of the screen."""


def assert_nothing_jumped(page: Any) -> None:
    """What has moved since `_SHIFTS` comes to nothing that is seen; 0.1 is what counts as good."""
    shifts = page.evaluate("window.shifts")
    assert sum(value for value, _ in shifts) < 0.02, (page.url, page.viewport_size, shifts)


def test_a_run_appears_and_advances_while_one_looks(windows: Windows, room: BoardRoom) -> None:
    """A run of another process appears in both lists, its cost grows as calls settle, and it ends as it ends."""
    lists = [windows.open("/", size) for size in (DESKTOP, PHONE)]
    run = room.begin("live", "--review", "screenplay,keyframes", METER_DELAY="4")
    try:
        for page in lists:
            page.locator("#run-live .badge", has_text="running").wait_for()
            page.evaluate(_SHIFTS.replace("buffered: true", "buffered: false"))  # a new run comes above the others
        pages = [windows.open("/runs/live", size) for size in (PHONE, DESKTOP)]
        for page in pages:
            page.evaluate(_SHIFTS)
        page = pages[-1]
        page.evaluate(_WATCH)
        for code, status in ((8, "paused"), (8, "paused"), (0, "completed")):
            assert (run.wait(120) if run.poll() is None else run.returncode) == code
            cost = room.ok("cost", "live")["total_usd"]
            page.locator("#spent", has_text=f"${float(cost):.2f}").wait_for()
            wait_for_status(page, status)
            if code:
                room.ok("review", "approve", "live", "--all")
                run = room.resume("live")
    finally:
        run.kill()
    spent = page.evaluate("window.seen.map(text => Number(text.slice(1)))")
    assert spent == sorted(spent)
    assert len(set(spent)) >= 3
    for page in pages:
        page.locator("#film").wait_for()
    for page in lists:
        page.locator("#run-live .badge", has_text="completed").wait_for()
        assert "5 of 5 steps" in page.locator("#run-live").inner_text()
    for page in (*pages, *lists):
        assert_nothing_jumped(page)


def test_a_killed_process_shows_as_interrupted(windows: Windows, room: BoardRoom) -> None:
    """The page tells it without being loaded again, with the command that goes on."""
    run = room.begin("killed", METER_DELAY="600")
    try:
        page = windows.open("/", PHONE)
        page.locator("#run-killed .badge", has_text="running").wait_for()
        run.kill()
        page.locator("#run-killed .badge", has_text="interrupted").wait_for()
        page.locator("#run-killed a").click()
        wait_for_status(page, "interrupted")
        assert page.locator("#problems code", has_text="clash resume killed").is_visible()
    finally:
        run.kill()
        run.wait(60)


def test_keyframes_are_judged_and_the_film_holds_them(windows: Windows, room: BoardRoom) -> None:
    """One is rejected with a note on a phone, the others are approved elsewhere; the film has its second take."""
    assert room.begin("judged", "--review", "keyframes").wait(60) == 8
    phone = windows.open("/runs/judged/review", PHONE)
    card = phone.locator("#shot-002-keyframe")
    card.get_by_text("Reject", exact=True).first.click()
    card.locator("textarea").fill("darker")
    card.locator("form button.reject").click()
    card.locator(".badge", has_text="rejected").wait_for()
    assert "Note: darker" in card.inner_text()

    wide = windows.open("/runs/judged/review")
    wide.get_by_role("button", name="Approve all 2").click()
    wide.locator("#shot-001-keyframe .badge", has_text="approved").wait_for()
    phone.locator("#shot-003-keyframe .badge", has_text="approved").wait_for()
    assert "Going on makes" in wide.locator("#going-on").inner_text()
    wide.get_by_role("button", name="Resume").click()
    wide.locator("#shot-002-keyframe .badge", has_text="no verdict").wait_for()
    wide.get_by_role("button", name="Resume").wait_for()
    wide.locator("#shot-002-keyframe button.approve").click()
    wide.locator("#shot-002-keyframe .badge", has_text="approved").wait_for()
    wide.get_by_role("button", name="Resume").click()
    wait_for_status(wide, "completed")
    made = room.selected("judged")
    assert [made[f"shot:{number:03d}/keyframe"] for number in (1, 2, 3)] == [1, 2, 1]


_IS_DONE = """() => {
    const head = document.querySelector('#run-head').innerText;
    return head.includes('completed') && !head.includes('process');
}"""
"""The film is finished, and the process that made it has let the run go."""


def test_take_1_is_selected_again(windows: Windows, room: BoardRoom) -> None:
    """Another take is made for a price that is told first; the first one comes back with its clip, for nothing."""
    assert room.begin("picked").wait(60) == 0
    first = room.sha256("picked", "film")
    page, film = windows.open("/runs/picked/review"), windows.open("/runs/picked", PHONE)
    asked: list[str] = []

    def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    card = page.locator("#shot-002-keyframe")
    card.get_by_text("Retake", exact=True).first.click()
    card.locator("textarea").fill("closer")
    card.locator("form button.primary").click()
    film.locator(f'#film:not([src="/media/{first}"])').wait_for()
    wait_until(film, _IS_DONE)
    assert asked == ["This makes 2 calls for $0.10. Make it?"]
    assert room.selected("picked")["shot:002/keyframe"] == 2
    page.locator("#takes-shot-002-keyframe summary").click()
    page.get_by_role("button", name="Use take 1 of Shot 2, scene 2").first.click()
    film.locator(f'#film[src="/media/{first}"]').wait_for()
    assert len(asked) == 1
    assert room.selected("picked")["shot:002/keyframe"] == room.selected("picked")["shot:002/clip"] == 1


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_clip_plays_and_seeks(windows: Windows, film: str, size: tuple[int, int]) -> None:
    """It plays where its picture was, also after a seek, and an update of the page leaves it alone."""
    page = windows.open(f"/runs/{film}", size)
    card = page.locator("#shot-002")
    card.locator("a[data-clip]").click()
    video = card.locator("video")
    video.wait_for()
    wait_until(page, "() => document.querySelector('#shot-002 video').readyState >= 2")
    length = video.evaluate("video => video.duration")
    assert length == pytest.approx(1.0, abs=0.2)
    video.evaluate("video => { video.pause(); video.currentTime = 0.75; }")
    wait_until(page, "() => !document.querySelector('#shot-002 video').seeking")
    assert video.evaluate("video => video.currentTime") == pytest.approx(0.75, abs=0.05)
    page.evaluate("window.clash.refresh()")
    assert video.evaluate("video => video.currentTime") == pytest.approx(0.75, abs=0.05)
    sizes = page.evaluate(
        """async () => {
            const clip = document.querySelector('#shot-002 video').src;
            const answer = await fetch(clip, {headers: {Range: 'bytes=10-19'}});
            return [answer.status, (await answer.arrayBuffer()).byteLength];
        }"""
    )
    assert sizes == [206, 10]


def test_two_forks_are_drawn_without_crossings(windows: Windows, room: BoardRoom, film: str) -> None:
    """Three runs have three lanes, each with its name at the head; a chosen checkpoint shows its state and command."""
    early, late = room.forked(film)
    page = windows.open(f"/runs/{film}/checkpoints")
    heads = page.locator("#tree .head")
    assert set(heads.all_text_contents()) == {film, early, late}
    lines = page.evaluate(
        """() => [...document.querySelectorAll('#tree .edge')].map(edge => {
            const points = [];
            for (let at = 2; at < edge.getTotalLength() - 2; at += 3) {
                const point = edge.getPointAtLength(at);
                points.push([point.x, point.y]);
            }
            return {from: edge.dataset.from, points};
        })"""
    )
    assert len(lines) >= 15
    for one, other in combinations(lines, 2):
        if one["from"] != other["from"]:
            assert not {tuple(map(round, point)) for point in one["points"]} & {
                tuple(map(round, point)) for point in other["points"]
            }
    lanes = page.evaluate("[...new Set([...document.querySelectorAll('#tree .node')].map(n => n.dataset.lane))].length")
    assert lanes == 3
    first = page.locator("#tree a.node").first
    name = first.get_attribute("data-checkpoint")
    first.focus()
    page.keyboard.press("Enter")
    page.locator("#checkpoint code", has_text=f"clash fork {film} --thread {film}-2 --checkpoint {name}").wait_for()
    assert page.locator("#tree .node.is-chosen").get_attribute("data-checkpoint") == name
    assert "It is the first saved state" in page.locator("#checkpoint").inner_text()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_everything_can_be_reached_with_keys(windows: Windows, film: str, size: tuple[int, int]) -> None:
    """Tab goes past all of the head; arrows go from card to card; space plays; the focus can be seen."""
    page = windows.open(f"/runs/{film}", size)
    reached: list[str] = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached == [
        "Skip to the content",
        "clash",
        "Runs",
        "Money",
        "Open elsewhere",
        "Film",
        "Review",
        "Checkpoints",
    ]
    page.locator("#shot-001").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "shot-002"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.id") == "shot-001"
    page.keyboard.press(" ")
    page.locator("#shot-001 video").wait_for()


def test_keys_judge_a_card(windows: Windows, room: BoardRoom) -> None:
    """`a` approves the card that has the focus, `r` opens its note, Escape closes it; also on a narrow screen."""
    assert room.begin("keys", "--review", "keyframes").wait(60) == 8
    page = windows.open("/runs/keys/review")
    page.locator("#shot-001-keyframe").focus()
    page.keyboard.press("a")
    page.locator("#shot-001-keyframe .badge", has_text="approved").wait_for()
    assert page.evaluate("document.activeElement.id") == "shot-001-keyframe"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("r")
    page.keyboard.type("closer")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "shot-002-keyframe"
    page.keyboard.press("r")
    page.keyboard.press("Control+Enter")
    page.locator("#shot-002-keyframe .note", has_text="Note: closer").wait_for()
    phone = windows.open("/runs/keys/review", PHONE)
    phone.locator("#shot-003-keyframe").focus()
    phone.keyboard.press("a")
    phone.locator("#shot-003-keyframe .badge", has_text="approved").wait_for()


def test_it_is_read_without_scripts(windows: Windows, film: str) -> None:
    """Pictures, words and figures are there; a clip is a link; nothing that needs a script is shown."""
    page = windows.open(f"/runs/{film}", PHONE, java_script_enabled=False)
    assert page.locator("article.shot").count() == 3
    assert page.locator("#shot-001 a.picture").get_attribute("href").startswith("/media/")
    assert not page.locator(".needs-js:visible").count()


def test_dark_and_light_are_the_readers_choice(windows: Windows, film: str) -> None:
    """The ground follows `prefers-color-scheme`."""
    grounds = [
        windows.open("/", color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("dark", "light")
    ]
    lightness = [sum(map(int, re.findall(r"\d+", ground))) for ground in grounds]
    assert lightness[0] < 120 < 600 < lightness[1]


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_no_page_has_a_serious_fault(windows: Windows, film: str, language: str) -> None:
    """axe-core finds neither serious nor critical faults, dark on a phone and light on a wide page; nothing is cut."""
    script = axe_script()
    size, scheme = (PHONE, "dark") if language == "en-GB" else (DESKTOP, "light")
    page = windows.open("/", size, color_scheme=scheme, extra_http_headers={"Accept-Language": language})
    run = f"/runs/{film}"
    for path in ("/", run, f"{run}/review", f"{run}/checkpoints", "/money", "/runs/absent", "/?search=nothing"):
        page.goto(page.url.partition("/runs")[0].partition("?")[0].rstrip("/").removesuffix("/money") + path)
        page.evaluate(script)
        found = page.evaluate("async () => (await axe.run()).violations")
        serious = [
            (fault["id"], [node["html"][:200] for node in fault["nodes"][:3]])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert not serious, path
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
    windows.errors.clear()  # the browser logs that /runs/absent is not there
