// Sends decisions to the board: approve, reject, choose a take, resume, cancel. And copies commands.
"use strict";

(() => {
  const { words, say, refresh, token } = window.clash;

  async function send(address, body) {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Clash-Token": token },
      body: JSON.stringify(body),
    });
    const document = await answer.json().catch(() => ({}));
    return { isDone: answer.ok, document };
  }

  function told(error) {
    if (error?.code === "not_current") return words.changed;
    return [error?.message || words.failed, error?.hint].filter(Boolean).join("\n");
  }

  async function write(form) {
    const body = JSON.parse(form.dataset.write);
    for (const [name, value] of new FormData(form)) body[name] = value;
    let result = await send(form.action, body);
    if (result.document.error?.code === "needs_yes" && window.confirm(told(result.document.error))) {
      result = await send(form.action, { ...body, yes: true });
    }
    if (!result.isDone) {
      say(told(result.document.error), true);
      return false;
    }
    say((result.document.warnings ?? []).at(-1) ?? words.saved);
    return true;
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-write]");
    if (!form) return;
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("button");
    const card = form.closest(".card");
    const hadFocus = form.contains(document.activeElement);
    button.disabled = true;
    form.setAttribute("aria-busy", "true");
    try {
      if (await write(form)) {
        form.closest("details.reject")?.removeAttribute("open");
        form.reset();
        await refresh();
      }
    } catch {
      say(words.no_answer, true);
    } finally {
      button.disabled = false;
      form.removeAttribute("aria-busy");
      if (hadFocus && card?.isConnected && !card.contains(document.activeElement)) card.focus();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    say(words.copied);
  });
})();
