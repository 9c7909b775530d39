// Keys on cards: arrows go from one to the next, `a` approves, `r` rejects, space plays, Escape closes a note.
"use strict";

(() => {
  const cards = () => [...document.querySelectorAll("article.card")];
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: "up", ArrowDown: "down" };

  function goTo(card) {
    if (!card) return;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest" });
  }

  /** The card above or below: of the nearest row, the one whose middle is nearest. */
  function inNextRow(card, way) {
    const from = card.getBoundingClientRect();
    const middle = (box) => (box.left + box.right) / 2;
    const others = cards()
      .map((other) => ({ other, box: other.getBoundingClientRect() }))
      .filter(({ box }) => (way === "down" ? box.top > from.top + 4 : box.top < from.top - 4));
    const distance = ({ box }) => Math.abs(box.top - from.top) * 10000 + Math.abs(middle(box) - middle(from));
    return others.sort((a, b) => distance(a) - distance(b))[0]?.other;
  }

  function move(card, step) {
    const all = cards();
    if (!card) return goTo(step === 1 ? all[0] : null);
    return goTo(typeof step === "number" ? all[all.indexOf(card) + step] : inNextRow(card, step));
  }

  function openNote(card) {
    const note = card.querySelector("details.reject");
    if (!note) return;
    note.open = true;
    note.querySelector("textarea").focus();
  }

  function onCard(event, card) {
    if (event.key === "a") card.querySelector('[data-key="a"]')?.click();
    else if (event.key === "r") openNote(card);
    else if (event.key === " ") window.clash.toggle(card);
    else return;
    event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "Enter" && event.target.form?.dataset.write) {
      event.target.form.requestSubmit();
      return;
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const card = event.target.closest?.("article.card");
    const isTyped = event.target.matches?.("input, textarea, select");
    if (event.key === "Escape" && isTyped && card) {
      event.target.closest("details")?.removeAttribute("open");
      card.focus();
      return;
    }
    if (isTyped || event.target.matches?.("video, .scrolls, .scrolls *")) return;
    if (steps[event.key] !== undefined && (card || event.key === "ArrowRight")) {
      event.preventDefault();
      move(card, steps[event.key]);
    } else if (card && !(event.key === " " && event.target !== card)) {
      onCard(event, card);
    }
  });
})();
