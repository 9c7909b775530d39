// Keeps the page as the tables are: listens to the board, fetches the page again, and changes only what differs.
"use strict";

(() => {
  const LEAST_PAUSE_MS = 700;
  const root = document.documentElement;
  const meta = (name) => document.querySelector(`meta[name="clash-${name}"]`)?.content ?? "";
  const words = JSON.parse(meta("words") || "{}");
  const sign = document.getElementById("live");
  const said = document.getElementById("said");
  let forgetting = 0;

  root.classList.add("js");

  /** Say something in a corner, also to a screen reader. */
  function say(text, isError = false) {
    clearTimeout(forgetting);
    said.textContent = text;
    said.classList.toggle("is-error", isError);
    forgetting = setTimeout(() => { said.textContent = ""; }, isError ? 12000 : 3000);
  }

  function show(isOn) {
    if (!sign) return;
    sign.classList.toggle("is-on", isOn);
    sign.classList.toggle("is-off", !isOn);
    const text = isOn ? words.live : words.offline;
    sign.title = text;
    const word = sign.querySelector(".live-word");
    if (word.textContent !== text) word.textContent = text;
  }

  // -- changing only what differs ------------------------------------------------------------------------------

  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.thread || node.dataset.step || "" : "");

  function isKept(now, next) {
    if (now.nodeType !== 1) return false;
    if (now.dataset.playing !== undefined) return now.dataset.clip === next.dataset?.clip;
    if (now.nodeName === "VIDEO") return now.getAttribute("src") === next.getAttribute?.("src");
    return now.nodeName === "TEXTAREA" && next.nodeName === "TEXTAREA";
  }

  function sameAttributes(now, next) {
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && !(name === "open" && now.nodeName === "DETAILS")) now.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
  }

  function morph(now, next) {
    if (isKept(now, next) || now.isEqualNode(next)) return;
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName) {
      now.replaceWith(document.importNode(next, true));
      return;
    }
    if (now.nodeType !== 1) {
      if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
      return;
    }
    sameAttributes(now, next);
    morphChildren(now, next);
  }

  function morphChildren(now, next) {
    const keyed = new Map();
    for (const child of now.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
    let at = now.firstChild;
    for (const wanted of [...next.childNodes]) {
      const key = keyOf(wanted);
      const found = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
      if (found) {
        if (found === at) at = at.nextSibling;
        else now.insertBefore(found, at);
        morph(found, wanted);
      } else {
        now.insertBefore(document.importNode(wanted, true), at);
      }
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  function take(text) {
    const fetched = new DOMParser().parseFromString(text, "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fetched.getElementById(part.id);
      if (next) morph(part, next);
    }
    const tabs = fetched.getElementById("tabs");
    if (tabs) morph(document.getElementById("tabs"), tabs);
    document.dispatchEvent(new CustomEvent("clash:changed"));
  }

  // -- when to fetch -------------------------------------------------------------------------------------------

  let fetching = null;
  let isStale = false;
  let fetchedAt = 0;
  let waiting = 0;

  async function fetchPage() {
    fetchedAt = Date.now();
    const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
    if (answer.ok) take(await answer.text());
    else if (answer.status === 401) location.reload();
  }

  /** Show how things are now. What is asked for while a page is on its way is asked for once more after it. */
  async function refresh() {
    if (fetching) {
      isStale = true;
      return fetching;
    }
    fetching = (async () => {
      do {
        isStale = false;
        await fetchPage();
      } while (isStale);
    })();
    try {
      await fetching;
    } catch {
      show(false);
    } finally {
      fetching = null;
    }
    return undefined;
  }

  function soon() {
    if (document.hidden) {
      isStale = true;
      return;
    }
    if (waiting) return;
    const pause = Math.max(0, fetchedAt + LEAST_PAUSE_MS - Date.now());
    waiting = setTimeout(() => { waiting = 0; refresh(); }, pause);
  }

  document.addEventListener("visibilitychange", () => { if (!document.hidden && isStale) soon(); });

  // -- listening -----------------------------------------------------------------------------------------------

  function listen() {
    const topic = meta("topic");
    let newest = meta("event");
    let source = null;
    let again = 1000;

    function open() {
      source = new EventSource(`/events?after=${encodeURIComponent(newest)}`);
      source.onopen = () => { again = 1000; show(true); };
      source.onerror = () => {
        show(false);
        if (source.readyState !== EventSource.CLOSED) return; // the browser tries again itself
        setTimeout(open, again);
        again = Math.min(again * 2, 30000);
      };
      source.addEventListener("run", (event) => {
        newest = event.lastEventId;
        if (!topic || JSON.parse(event.data).thread_id === topic) soon();
      });
      source.addEventListener("process", (event) => {
        newest = event.lastEventId;
        const { thread_id: thread, error } = JSON.parse(event.data);
        if (thread !== topic) return;
        if (error && error.code !== "cancelled") say([words.ended, words[`code_${error.code}`], error.message, error.hint].filter(Boolean).join(": "), true);
        soon();
      });
      source.addEventListener("reset", (event) => { newest = event.lastEventId; soon(); });
      source.addEventListener("database", (event) => {
        newest = event.lastEventId;
        show(JSON.parse(event.data).reachable);
        if (JSON.parse(event.data).reachable) soon();
      });
    }

    open();
    addEventListener("pagehide", () => source.close());
    addEventListener("pageshow", (event) => { if (event.persisted) { open(); soon(); } });
  }

  window.clash = { words, say, refresh, take, token: meta("token") };
  if (document.querySelector("[data-live]")) listen();
})();
