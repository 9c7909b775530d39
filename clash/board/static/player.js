// Plays a clip where its picture is. Without this script the link opens the clip itself.
"use strict";

(() => {
  function playerFor(link) {
    const holder = document.createElement("div");
    const video = document.createElement("video");
    holder.className = "picture";
    holder.dataset.playing = "";
    holder.dataset.clip = link.dataset.clip;
    video.src = link.dataset.clip;
    video.controls = true;
    video.playsInline = true;
    video.setAttribute("aria-label", link.getAttribute("aria-label"));
    if (link.dataset.poster) video.poster = link.dataset.poster;
    holder.append(video);
    return { holder, video };
  }

  /** Play the clip of a card, or halt it. */
  async function toggle(card) {
    const playing = card.querySelector("[data-playing] video");
    if (playing) {
      if (playing.paused) await playing.play();
      else playing.pause();
      return;
    }
    const link = card.querySelector("a[data-clip]");
    if (link) await start(link);
  }

  async function start(link) {
    for (const other of document.querySelectorAll("video")) other.pause();
    const { holder, video } = playerFor(link);
    const hadFocus = link === document.activeElement;
    link.replaceWith(holder);
    if (hadFocus) video.focus();
    await video.play().catch(() => undefined); // a browser that plays nothing unasked shows its controls
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-clip]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    start(link);
  });

  window.clash.toggle = toggle;
})();
