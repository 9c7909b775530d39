"""The pages of the board as pure functions: everything is escaped, nothing can run, both languages are complete."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from board_documents import SESSION, WRITER, Elements, judged, review_document, run_document, run_item, shot, take

import clash
from clash.board.page_routes import with_budget
from clash.board.pages import error_page, login_page, money_page, review_page, run_page, runs_page
from clash.board.pages.gantt import STEPS, Scale, Span, merged
from clash.board.pages.html import el, join, text
from clash.board.pages.view import RunsQuery, View
from clash.board.pages.word_table import TABLE
from clash.board.pages.words import CHINESE, ENGLISH, placeholders, words_for
from clash.vocabulary import standing
from clash.workflow.state import STEPS as GRAPH_STEPS

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x00\ud800"


# -- HTML --------------------------------------------------------------------------------------------------------


def test_texts_and_attributes_are_escaped() -> None:
    """Nothing in a text begins an element, ends an attribute, or turns the direction of what follows."""
    told = str(el("p", HOSTILE, title=HOSTILE))
    assert "<script" not in told
    assert Elements(told).found[0][0] == "p"
    assert len(Elements(told).found) == 1
    assert not set(told) & {"\u202e", "\x00", "\ud800"}
    assert join(text("<b>"), el("b")) == "&lt;b&gt;<b></b>"


@pytest.mark.parametrize("name", ["onclick", "onError", "style", "srcdoc", "x y", "a>b"])
def test_attributes_that_could_run_are_refused(name: str) -> None:
    """No page can have an event handler or a style of its own."""
    with pytest.raises(ValueError, match="no page has the attribute"):
        el("p", **{name: "x"})


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://x.test/", "//x.test", "/\\x.test", "data:,", ""])
def test_addresses_of_others_are_refused(address: str) -> None:
    """A link, a picture and a form lead to the board's own pages."""
    with pytest.raises(ValueError, match="does not lead to a page of the board"):
        el("a", href=address)


# -- words -------------------------------------------------------------------------------------------------------


def test_both_languages_are_complete() -> None:
    """Every key has words in both, with the same values in them, and Chinese is Chinese."""
    for key, (english, chinese) in TABLE.items():
        assert english, key
        assert chinese, key
        assert placeholders(english) | {"n"} == placeholders(chinese) | {"n"}, key
    same = {key for key, (english, chinese) in TABLE.items() if english == chinese}
    assert same <= {"product", "of_budget"}


def test_every_word_of_the_table_is_used() -> None:
    """No page has lost the words that are translated for it."""
    from pathlib import Path

    import clash.board.pages as pages

    folder = Path(pages.__file__).parent
    code = "".join(file.read_text("utf-8") for file in folder.glob("*.py") if file.name != "word_table.py")
    scripts = "".join(file.read_text("utf-8") for file in (folder.parent / "static").glob("*.js"))
    grouped = (
        "status_",
        "step_",
        "stage_",
        "take_",
        "verdict_",
        "waits_",
        "gantt_",
        "by_",
        "precision_",
        "difference_",
    )
    grouped += ("tab_", "error_")
    for key in TABLE:
        if key.startswith("js_"):
            assert f"words.{key.removeprefix('js_')}" in scripts, key
        elif not key.startswith(grouped):
            forms = {key.removesuffix("_one"), key.removesuffix("_of")}
            assert any(re.search(rf"[\"']{form}[\"']", code) for form in forms), key


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr;q=1, zh-TW;q=0.5, en;q=0.1", "zh-Hans"),
        ("zh;q=0, en;q=0.1", "en"),
        ("de,fr", "en"),
        ("", "en"),
        (";;;q=x,,", "en"),
    ],
)
def test_the_reader_chooses_the_language(header: str, language: str) -> None:
    """`Accept-Language` decides by its qualities; English is for everybody else."""
    assert words_for(header).language == language
    assert f'lang="{language}"' in str(runs_page(View(accept_language=header), runs_document(), RunsQuery()))


# -- runs --------------------------------------------------------------------------------------------------------


def runs_document(*items: dict[str, Any]) -> dict[str, Any]:
    """The list of runs."""
    return {"items": list(items), "damaged": []}


def test_an_empty_list_says_the_first_command() -> None:
    """The command that makes the first film is on the page, to be copied."""
    for words, header in ((ENGLISH, "en"), (CHINESE, "zh")):
        page = str(runs_page(View(accept_language=header), runs_document(), RunsQuery()))
        assert words("no_runs") in page
        assert "<code>clash run story.csv</code>" in page
        assert words("no_runs_story") in page


def test_a_search_without_a_match_shows_the_way_back() -> None:
    """It is not the empty state of a board without runs."""
    page = str(runs_page(View(), runs_document(), RunsQuery(search=HOSTILE)))
    assert ENGLISH("no_match") in page
    assert "<script>alert" not in page


def test_a_killed_run_is_shown_as_interrupted() -> None:
    """Its row says running; no process holds it."""
    lease = {"host": "vm", "pid": "12", "expires_at": None, "live": False}
    assert standing(run_item(lease=lease)) == "interrupted"
    assert standing(run_item(lease=None)) == "interrupted"
    assert standing(run_item()) == "running"
    page = str(runs_page(View(), runs_document(run_item(lease=lease)), RunsQuery()))
    assert 'data-status="interrupted"' in page
    assert "process 12 on vm ended" in page


def test_pages_of_the_list_keep_what_is_searched() -> None:
    """The link to older runs has the search and the status in it."""
    page = str(
        runs_page(View(), runs_document(run_item()), RunsQuery(page=2, search="a b&c", status="failed", more=True))
    )
    links = [link["href"] for link in Elements(page).named("a") if link.get("rel")]
    assert links == ["/?search=a+b%26c&status=failed", "/?search=a+b%26c&status=failed&page=3"]


def test_what_a_story_says_is_never_html() -> None:
    """A hostile title, story, error and process are told as text on every page."""
    lease = {"host": HOSTILE, "pid": HOSTILE, "expires_at": None, "live": True}
    item = run_item(title=HOSTILE, story=HOSTILE, error=HOSTILE, status="failed", lease=lease)
    pages = [str(runs_page(WRITER, runs_document(item), RunsQuery()))]
    spoken = [{"speaker": HOSTILE, "text": HOSTILE, "narrator": False}]
    hostile = shot(1, action=HOSTILE, words=spoken, label=HOSTILE, scene=HOSTILE)
    problem = {"code": "x", "message": HOSTILE, "hint": HOSTILE}
    run = run_document(title=HOSTILE, warnings=[HOSTILE], shots=[hostile], problem=problem, lease=lease)
    pages.append(str(run_page(WRITER, run, 1)))
    takes = {"items": [{**take(1, selected=False), "note": HOSTILE}, take(2, selected=True)]}
    pages.append(str(review_page(WRITER, review_document(judged(1, "rejected", HOSTILE)), takes, run, 1)))
    for page in pages:
        assert "<script>alert" not in page
        for tag, attributes in Elements(page).found:
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            assert tag != "script" or str(attributes["src"]).startswith("/static/")


# -- a run -------------------------------------------------------------------------------------------------------


def test_a_run_shows_its_steps_cost_and_shots() -> None:
    """Done of all, failed and retaken, reserved and budget, and a card per shot."""
    page = str(run_page(View(), run_document(), 1))
    for told in (
        "1/3",
        "1 failed",
        "1 retaken",
        "$0.04125",
        "$2.00",
        "$0.01",
        "She runs.",
        "Wait!",
        "3.5 s",
        "Three years",
    ):
        assert told in page
    cards = [card for card in Elements(page).named("article") if "shot" in str(card["class"])]
    assert [card["id"] for card in cards] == ["shot-001", "shot-002"]
    assert ENGLISH("not_made_yet") in page


def test_steps_have_their_rows_before_they_begin() -> None:
    """A run that has planned nothing yet shows all steps in their order, so that nothing moves as they begin."""
    page = str(run_page(View(), run_document(steps=[], by_model=[], by_day=[], shots=[], film=None), 1))
    assert [row["data-step"] for row in Elements(page).named("li") if "data-step" in row] == list(STEPS)
    assert STEPS == GRAPH_STEPS
    assert page.count(ENGLISH("not_begun")) >= len(STEPS)


def test_chinese_pages_explain_errors_of_clash() -> None:
    """They are English: a Chinese sentence stands before each, one of its own for the common ones."""
    chinese = View(accept_language="zh-CN")
    error = {"code": "not_found", "message": "there is no run x", "hint": "look"}
    told = str(error_page(chinese, 404, error))
    assert CHINESE("error_code_not_found") in told
    assert "there is no run x" in told
    assert CHINESE("error_code_other") in str(error_page(chinese, 500, {**error, "code": "rare"}))
    assert ENGLISH("error_code_not_found") not in str(error_page(View(), 404, error))
    problem = {"code": "budget", "message": "the next call would pass the budget", "hint": None}
    assert CHINESE("error_code_budget") in str(run_page(chinese, run_document(problem=problem), 1))
    assert CHINESE.script()["code_role_needed"] == CHINESE("error_code_role_needed")
    assert "code_role_needed" not in ENGLISH.script()


def test_a_link_that_was_used_is_told_in_words() -> None:
    """In both languages; and a page without a session says neither that it is live nor that it is read only."""
    for language, words in (("en", ENGLISH), ("zh-CN", CHINESE)):
        page = str(login_page(View(accept_language=language), is_refused=True))
        assert words("login_refused") in page
        assert words("read_only") not in page
        assert 'id="live"' not in page


def test_pictures_are_lazy_and_have_their_size() -> None:
    """Nothing jumps when they come, and 500 of them are not fetched at once."""
    page = str(run_page(View(), run_document(shots=[shot(number) for number in range(1, 6)]), 1))
    images = list(Elements(page).named("img"))
    assert len(images) == 6, "five shots, and the first of them where the film will be"
    assert all(image["loading"] == "lazy" and image["width"] and image["height"] and image["alt"] for image in images)
    assert not list(Elements(page).named("video"))


def test_a_clip_is_a_link_that_scripts_play() -> None:
    """Without scripts it opens the clip itself."""
    page = str(run_page(View(), run_document(shots=[shot(1, clip="b" * 64)]), 1))
    link = next(link for link in Elements(page).named("a") if link.get("data-clip"))
    assert (link["href"], link["aria-label"]) == (f"/media/{'b' * 64}", "Play Shot 1, scene 1")


def test_a_reader_who_may_not_write_sees_no_button() -> None:
    """Neither token nor forms are on the page, and it says so."""
    documents = (review_document(judged(1)), {"items": [take(1, selected=True)]}, run_document())
    for view in (View(), View(token=SESSION, read_only=True)):
        page = str(review_page(view, *documents, 1))
        assert "data-write" not in page
        assert SESSION not in page
        assert ENGLISH("read_only") in page


def test_a_review_shows_verdicts_takes_and_the_price() -> None:
    """What waits can be approved and rejected; a take that is not in the film can be selected; going on has a price."""
    takes = {"items": [take(1, selected=False), take(2, selected=True)]}
    document = review_document(judged(1), judged(2, "approved"))
    page = str(review_page(WRITER, document, takes, run_document(status="paused", lease=None), 1))
    forms = [str(form["action"]).rpartition("run-1/")[2] for form in Elements(page).named("form")]
    assert forms.count("review/approve") == 2  # of the one that waits, and of the stage
    assert forms.count("review/reject") == 2
    assert forms.count("takes/use") == 1
    assert forms.count("resume") == 1
    assert "Going on makes 3 calls for $0.03 (estimated)" in page
    assert "1 without a verdict" in page


def test_a_run_that_a_process_holds_has_no_resume() -> None:
    """A second writer is never opened: the button is there only where no process holds the run."""
    page = str(review_page(WRITER, review_document(judged(1)), {"items": []}, run_document(), 1))
    assert "run-1/resume" not in page
    assert ENGLISH("running_now") in page


def test_a_run_without_review_waits_for_no_verdict() -> None:
    """It has no count, no badge and nothing to approve, however it stands; another take can be made."""
    document: dict[str, Any] = {**review_document(judged(1)), "stages": []}
    for status in ("running", "paused", "failed", "cancelled", "completed"):
        run = run_document(status=status)
        page = str(review_page(WRITER, document, {"items": [take(1, selected=True)]}, run, 1))
        forms = [str(form["action"]).rpartition("run-1/")[2] for form in Elements(page).named("form")]
        assert "retake" in forms
        assert not [name for name in forms if name.startswith("review/")]
        assert 'class="count"' not in page
        for told in ("waiting_one", "verdict_none", "keys_approve", "all_judged"):
            assert ENGLISH(told) not in page, (status, told)


def test_keys_are_told_only_where_they_do_something() -> None:
    """A reader has neither approve nor reject; a reviewer has both until all is approved."""
    documents = ({"items": [take(1, selected=True)]}, run_document(status="paused"), 1)
    assert "a: approve; r: reject" in str(review_page(WRITER, review_document(judged(1)), *documents))
    assert "a: approve" not in str(review_page(WRITER, review_document(judged(1, "approved")), *documents))
    page = str(review_page(View(read_only=True), review_document(judged(1)), *documents))
    assert ENGLISH("keys_move") in page
    assert "a: approve" not in page
    assert "r: reject" not in page


def test_a_take_that_was_only_asked_for_is_not_counted() -> None:
    """One picture exists, and another is to be made."""
    wanted = {**take(2, selected=True), "state": "to_make", "sha256": None}
    takes = {"items": [take(1, selected=False), wanted]}
    page = str(review_page(WRITER, review_document(judged(1)), takes, run_document(status="paused"), 1))
    assert "<summary>1 take, 1 to be made</summary>" in page
    assert "2 takes" not in page


def test_a_budget_stop_says_which_budget_suffices() -> None:
    """The command to copy can be typed as it stands, and is beside Resume."""
    problem = {"code": "budget", "message": "the budget is spent", "hint": "clash resume run-1 --budget USD"}
    run = run_document(status="paused", waiting_for="budget", problem=problem, lease=None)
    told = with_budget(run, review_document())
    hint = "clash resume --budget 0.09 run-1"  # 0.04125 spent, 0.01 reserved, and 0.03 that may be a tenth more
    assert told["problem"]["hint"] == hint
    page = str(review_page(WRITER, review_document(judged(1)), {"items": []}, told, 1))
    assert ENGLISH("budget_first") in page
    assert f'data-copy="{hint}"' in page
    assert with_budget(run_document(), review_document()) == run_document()


# -- drawings ----------------------------------------------------------------------------------------------------


def test_a_night_between_two_steps_is_a_narrow_gap() -> None:
    """Work of two minutes fills the drawing though nine hours lie between."""
    spans = [Span(0, 60), Span(32400, 32460)]
    scale = Scale(spans)
    assert scale.at(0) == 0
    assert scale.at(32460) == pytest.approx(1000)
    assert scale.at(60) == pytest.approx(488)
    assert [(round(x), length) for x, length in scale.gaps()] == [(488, 32340)]


def test_overlapping_work_is_one_bar() -> None:
    """Calls of a fan-out run side by side."""
    assert merged([Span(3, 9), Span(0, 4), Span(12, 13)]) == (Span(0, 9), Span(12, 13))


def test_projects_are_told_where_there_are_any() -> None:
    """The money of each, beside their runs; where all is of the default one, nothing is said of projects."""
    sums = {f"by_{name}": [] for name in ("step", "provider", "day", "precision")}
    group = {"calls": 3, "failed_calls": 0, "reused_calls": 0, "cost_usd": "1.500000", "duration_ms": 9}
    cost = {"total_usd": "1.500000", "items": [], "damaged": [], **sums, "by_model": [{**group, "model": "fal:x"}]}
    for name, is_told in (("acme", True), ("default", False)):
        page = str(money_page(View(), {**cost, "by_project": [{**group, "project": name}]}))
        assert (ENGLISH("by_project") in page) == is_told
        runs = {"items": [run_item(project=name, status="paused", waiting_for="quota")], "damaged": []}
        page = str(runs_page(View(), runs, RunsQuery()))
        assert (f">{name}</a>" in page) == is_told
        assert ENGLISH("waits_quota") in page


def test_money_without_calls_says_what_will_be_there() -> None:
    """A database without calls has no tables of zeroes."""
    sums = {f"by_{name}": [] for name in ("step", "provider", "model", "day", "precision")}
    page = str(money_page(View(), {"currency": "USD", "total_usd": "0.000000", "items": [], "damaged": [], **sums}))
    assert ENGLISH("money_no_runs") in page
    assert "$0.00" in page
    assert not re.search("<table", page)


def test_known_errors_are_explained_in_chinese() -> None:
    """What a run or a page may end with is told with what to do; no code is explained that clash does not have."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(clash.__file__).parent.rglob("*.py"))
    codes = [key.removeprefix("error_code_") for key in TABLE if key.startswith("error_code_")]
    unknown = [code for code in codes if code != "other" and f'"{code}"' not in sources]
    assert unknown == []
    for code in ("asset_lost", "disk_full", "failed_paid", "unpriced", "schema_older", "lease_lost", "no_session"):
        assert CHINESE.explained(code) != CHINESE("error_code_other"), code
        assert CHINESE.explained(code).isascii() is False
        assert ENGLISH.explained(code) == ""
