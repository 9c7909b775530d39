// Sends decisions to the board: approve, reject, choose a take, resume, cancel. And copies commands.
"use strict";

(() => {
  const { words, say, refresh, token } = window.clash;

  const LOOKS = 10;
  const LOOK_EVERY_MS = 700;
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

  /** Send, and once more while a process that has let its run go still ends. */
  async function sendWhenFree(address, body) {
    let result = await send(address, body);
    for (let look = 1; look < LOOKS && result.document.error?.code === "held"; look += 1) {
      await pause(LOOK_EVERY_MS);
      result = await send(address, body);
    }
    return result;
  }

  async function send(address, body) {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Clash-Token": token },
      body: JSON.stringify(body),
    });
    const document = await answer.json().catch(() => ({}));
    return { isDone: answer.ok, document };
  }

  /** What stands before an error, which is English, on a page of another language. */
  function explained(error) {
    return error?.message && (words[`code_${error.code}`] ?? words.code_other);
  }

  function told(error) {
    if (error?.code === "not_current") return words.changed;
    return [explained(error), error?.message || words.failed, error?.hint].filter(Boolean).join("\n");
  }

  /** Tell what a decision will cost, and ask; nothing is asked where it is free and nothing follows from it. */
  async function agreed(address, body) {
    const { isDone, document: plan } = await send(address, { ...body, dry_run: true });
    if (!isDone || !plan.calls?.to_make) return true; // what is wrong with it, the decision itself says
    const inAll = plan.price.once_approved_usd ?? plan.price.total_usd;
    if (Number(inAll) === 0 && !plan.needs_yes) return true;
    const short = (usd) => usd.replace(/(\.\d\d\d*?)0+$/, "$1");
    const question = plan.calls.to_make === 1 ? words.price_one : words.price;
    const later = Number(inAll) > Number(plan.price.total_usd) ? `\n${words.price_in_all.replace("{price}", short(inAll))}` : "";
    const now = question.replace("{n}", plan.calls.to_make).replace("{price}", short(plan.price.total_usd));
    return window.confirm(now + later);
  }

  async function write(form) {
    const body = JSON.parse(form.dataset.write);
    for (const [name, value] of new FormData(form)) body[name] = value;
    if (form.dataset.priced !== undefined) {
      if (!(await agreed(form.action, body))) return false;
      body.yes = true;
    }
    const result = await sendWhenFree(form.action, body);
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
    const invite = event.target.closest("[data-invite]");
    if (invite) {
      const { isDone, document: answer } = await send("/api/invites", {});
      if (!isDone) return say(told(answer.error), true);
      await navigator.clipboard.writeText(answer.url);
      return say(words.link);
    }
    const button = event.target.closest("[data-copy]");
    if (!button) return undefined;
    await navigator.clipboard.writeText(button.dataset.copy);
    return say(words.copied);
  });
})();
