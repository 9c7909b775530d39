// Shows the chosen checkpoint without leaving the page, and brings it into view in the drawing.
"use strict";

(() => {
  const drawing = () => document.getElementById("tree");

  function bringIntoView() {
    const box = drawing();
    const chosen = box?.querySelector(".is-chosen circle");
    if (!chosen) return;
    const at = chosen.getBoundingClientRect();
    const around = box.getBoundingClientRect();
    if (at.left < around.left + 40 || at.right > around.right - 140) {
      box.scrollLeft += at.left - around.left - around.width / 2;
    }
  }

  async function choose(address) {
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok) {
      location.assign(address);
      return;
    }
    history.replaceState(null, "", address);
    window.clash.take(await answer.text());
    bringIntoView();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-checkpoint]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    choose(location.pathname + link.getAttribute("href").split("#")[0]);
  });

  bringIntoView();
})();
