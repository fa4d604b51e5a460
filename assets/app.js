// The dashboard works without this script. With it, pages keep themselves up to
// date and take keys. Nothing is ever rendered here: when the server says that
// something has changed, the page asks for its own contents again.
"use strict";
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const one = (selector, from = document) => from.querySelector(selector);

  for (const form of all("form[data-submit]")) form.requestSubmit();
  // Told once; loaded again, the page need not tell it again.
  const address = new URL(location.href);
  if (address.searchParams.has("notice")) {
    address.searchParams.delete("notice");
    history.replaceState(null, "", address);
  }

  // --- Keeping up to date ---

  const live = one("#live");
  let stream, soon, later, waiting, paused = false, pressed = false;

  const tell = state => {
    live.hidden = false;
    live.dataset.state = state;
    for (const s of all("[data-when]", live)) s.hidden = s.dataset.when !== state;
  };

  const connect = () => {
    clearTimeout(later);
    if (stream || paused || document.hidden) return;
    stream = new EventSource(live.dataset.events);
    stream.onopen = () => { tell("live"); refresh(); }; // whatever was missed
    stream.addEventListener("changed", () => { clearTimeout(soon); soon = setTimeout(refresh, 200); });
    stream.onerror = () => {
      tell("lost");
      if (stream && stream.readyState === EventSource.CLOSED) { // refused: perhaps we are signed out
        disconnect();
        later = setTimeout(connect, 3000);
        refresh();
      }
    };
  };

  // A hidden tab must not hold one of the six connections a browser allows.
  const disconnect = () => {
    clearTimeout(later);
    if (stream) stream.close();
    stream = null;
  };

  const refresh = async () => {
    if (!one("[data-live]")) return;
    if (refresh.running || pressed) { refresh.again = true; return; }
    refresh.running = true;
    try {
      const answer = await fetch(location.href, { headers: { Fragment: "live" }, cache: "no-store" });
      if (answer.status === 401) { disconnect(); tell("out"); return; }
      if (pressed) refresh.again = true;
      else if (answer.ok && !answer.redirected) swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      if (!document.hidden && !paused) tell("lost");
    } finally {
      refresh.running = false;
      more();
    }
  };
  const more = () => { if (refresh.again) { refresh.again = false; refresh(); } };

  // What is pressed must be there still when it is let go.
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => { pressed = false; more(); }, 50));

  // busy: somebody is typing in it, choosing or copying from it.
  const busy = part => {
    const at = document.activeElement, text = getSelection();
    return part.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) && at.type !== "checkbox"
      || !text.isCollapsed && part.contains(text.anchorNode)
      || one("dialog[open]", part);
  };

  const swap = fresh => {
    for (const part of all("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || next.innerHTML === part.innerHTML || busy(part)) continue;
      if (part.hasAttribute("data-rows") && (scrollY > 80 || part.scrollTop > 40 || chosen().length)) {
        waiting = fresh;
        offer(all("[data-row]", next).filter(r => !document.getElementById(r.id)).length);
        continue;
      }
      const open = all("details[open][id]", part).map(d => d.id), at = part.scrollTop;
      const active = document.activeElement, row = active.closest("[data-row]");
      const focus = row ? `#${CSS.escape(row.id)} [data-open-row]` : active.id && `#${CSS.escape(active.id)}`;
      const here = one("[data-row].here", part);
      part.replaceWith(document.adoptNode(next));
      for (const id of open) { const d = document.getElementById(id); if (d) d.open = true; }
      if (focus && document.activeElement !== active) { const f = one(focus); if (f) f.focus({ preventScroll: true }); }
      if (here) { const h = document.getElementById(here.id); if (h) h.classList.add("here"); }
      next.scrollTop = at;
    }
    ready();
  };

  const offer = n => {
    const bar = one("#fresh");
    if (!bar) return;
    bar.hidden = n === 0;
    one("span", bar).textContent = n;
  };

  // --- What every page has ---

  const ago = (seconds, was) =>
    seconds < 10 ? "just now" : seconds < 60 ? `${Math.floor(seconds)} s ago` :
    seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : seconds < 86400 ? `${Math.floor(seconds / 3600)} h ago` : was;

  const times = () => {
    for (const t of all("time[data-ago]")) {
      const at = new Date(t.dateTime);
      t.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
      if (at < Date.now()) t.textContent = ago((Date.now() - at) / 1000, t.textContent);
    }
  };

  const chosen = () => all("input[name=receipt]:checked");
  const choosing = () => {
    const bar = one("#bulk"), n = chosen().length;
    if (!bar) return;
    bar.hidden = n === 0;
    one("[data-chosen]", bar).textContent = n;
  };

  // ready prepares what has just come in: without the script these are hidden, or shown.
  const ready = () => {
    for (const b of all("[data-copy],[data-open]")) b.hidden = false;
    choosing();
    times();
  };

  document.addEventListener("change", e => { if (e.target.name === "receipt") choosing(); });

  document.addEventListener("click", async e => {
    const button = e.target.closest("button");
    if (!button) return;
    if (button.dataset.open) document.getElementById(button.dataset.open).showModal();
    if (button.id === "fresh" && waiting) {
      for (const box of chosen()) box.checked = false;
      scrollTo(0, 0);
      for (const part of all("[data-rows]")) part.scrollTop = 0;
      offer(0);
      swap(waiting);
    }
    if (button.dataset.copy) {
      const said = one("span", button), was = said.textContent;
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        said.textContent = "Copied";
      } catch { said.textContent = "Not allowed: select it"; }
      setTimeout(() => { said.textContent = was; }, 2000);
    }
    if (button.hasAttribute("data-pause")) {
      paused = !paused;
      if (paused) { disconnect(); tell("paused"); } else connect();
    }
  });

  // --- Keys ---

  const rows = () => all("[data-row]");
  const move = by => {
    const list = rows(), at = list.findIndex(r => r.classList.contains("here"));
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
    if (!next) return;
    for (const r of list) r.classList.toggle("here", r === next);
    one("a[data-open-row]", next).focus();
    next.scrollIntoView({ block: "nearest" });
  };
  const here = () => one("[data-row].here") || one("[data-row][aria-current]");
  const press = selector => { const b = one(selector); if (b) b.click(); return b; };

  let went = 0;
  const keys = {
    "/": () => { const s = one("#search"); if (s) { s.focus(); s.select(); } else location.href = "/notifications#search"; },
    "?": () => one("#keys").showModal(),
    j: () => move(1),
    k: () => move(-1),
    x: () => { const box = here() && one("input[name=receipt]", here()); if (box) { box.checked = !box.checked; choosing(); } },
    a: () => { const boxes = all("input[name=receipt]"), on = boxes.some(b => !b.checked); for (const b of boxes) b.checked = on; choosing(); },
    r: () => chosen().length ? press("#bulk [data-retry]") : press("#detail [data-retry]"),
    c: () => press("[data-copy=curl]"),
    g: () => { went = Date.now(); },
    Enter: () => { const row = here(); if (row) one("[data-open-row]", row).click(); },
    Escape: () => {
      if (chosen().length) { for (const b of chosen()) b.checked = false; choosing(); } else press("a[data-back]");
    },
  };

  document.addEventListener("keydown", e => {
    if (e.ctrlKey || e.metaKey || e.altKey || one("dialog[open]")) return;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName) && e.target.type !== "checkbox") {
      if (e.key === "Escape") e.target.blur();
      return;
    }
    const place = Date.now() - went < 1500 && one(`nav a[data-key="${CSS.escape(e.key)}"]`);
    went = 0;
    if (place) { place.click(); e.preventDefault(); return; }
    if (e.key === "Enter" && e.target.closest("a,button,summary")) return;
    if (Object.hasOwn(keys, e.key)) { keys[e.key](); e.preventDefault(); }
  });

  ready();
  if (location.hash === "#search" && one("#search")) one("#search").focus();
  if (live) {
    setInterval(times, 10000);
    document.addEventListener("visibilitychange", () => { if (document.hidden) disconnect(); else connect(); });
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", connect);
    connect();
  }
})();
