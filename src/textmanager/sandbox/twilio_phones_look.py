"""Style sheet and script of the phones page, served as files of their own."""

from __future__ import annotations

STYLE = """
:root {
  --ink: #1d2433; --soft: #5b6577; --line: #dfe3ea; --paper: #f4f6f9; --card: #fff;
  --accent: #0b5fce; --accent-ink: #fff; --theirs: #e9ecf2; --bad: #b3261e; --good: #17693a;
  font: 16px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  color: var(--ink); background: var(--paper);
}
* { box-sizing: border-box; }
body { margin: 0; height: 100dvh; display: flex; flex-direction: column; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem;
  padding: .7rem 1.25rem; background: var(--card); border-bottom: 1px solid var(--line); }
h1 { font-size: 1.2rem; margin: 0; }
h1 a { color: inherit; text-decoration: none; }
header p { margin: 0; color: var(--soft); font-size: .9rem; }
main { flex: 1; min-height: 0; display: grid; grid-template-columns: 22rem 1fr; }
nav { display: flex; flex-direction: column; min-height: 0; background: var(--card);
  border-right: 1px solid var(--line); }
nav form { padding: 1rem 1.25rem .25rem; }
nav label { display: block; font-size: .85rem; font-weight: 600; margin-bottom: .25rem; }
input, select, button { font: inherit; color: inherit; }
input, select { border: 1px solid #8b95a7; border-radius: .5rem; background: var(--card);
  padding: .5rem .7rem; min-height: 2.75rem; }
nav input { width: 100%; }
.count { margin: .35rem 1.25rem .5rem; font-size: .85rem; color: var(--soft); }
nav [data-live] { overflow-y: auto; flex: 1; }
ul { list-style: none; margin: 0; padding: 0; }
li a { display: block; padding: .6rem 1.25rem; color: inherit; text-decoration: none;
  border-top: 1px solid var(--line); border-left: 4px solid transparent; }
li a:hover { background: var(--paper); }
li a[aria-current] { background: #e8f0fd; border-left-color: var(--accent); }
.top { display: flex; justify-content: space-between; gap: 1rem; }
.top b { font-variant-numeric: tabular-nums; }
.top time { color: var(--soft); font-size: .85rem; }
.last { display: block; color: var(--soft); font-size: .9rem; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.none, .choose { color: var(--soft); text-align: center; padding: 2rem 1rem; margin: 0; }
section { min-height: 0; overflow: auto; display: flex; flex-direction: column;
  align-items: center; padding: 1.5rem; }
.choose { margin: auto; }
.back { display: none; margin: 0; align-self: flex-start; }
.back a { color: var(--accent); display: inline-block; padding: .6rem 0; }
.phone { width: min(100%, 26rem); flex: 1; min-height: 24rem; max-height: 52rem; display: flex;
  flex-direction: column; background: var(--card); border: 10px solid #232a38;
  border-radius: 2.4rem; overflow: hidden; box-shadow: 0 12px 32px rgb(29 36 51 / .18); }
h2 { margin: 0; padding: .8rem 1rem; text-align: center; font-size: 1.05rem;
  border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.screen { flex: 1; overflow-y: auto; padding: .75rem; display: flex; flex-direction: column;
  gap: .6rem; }
.day { margin: .4rem auto .1rem; font-size: .8rem; color: var(--soft); }
.bubble { max-width: 85%; align-self: flex-start; display: grid; justify-items: start; }
.bubble p { margin: 0; padding: .55rem .8rem; border-radius: 1.1rem 1.1rem 1.1rem .3rem;
  background: var(--theirs); white-space: pre-wrap; overflow-wrap: anywhere; }
.bubble.mine { align-self: flex-end; justify-items: end; }
.bubble.mine p { background: var(--accent); color: var(--accent-ink);
  border-radius: 1.1rem 1.1rem .3rem 1.1rem; }
.bubble.waiting p { background: none; outline: 1px dashed #8b95a7; outline-offset: -1px; }
.bubble.missed p { background: none; outline: 1px solid var(--bad); outline-offset: -1px;
  color: var(--soft); }
.bubble small { color: var(--soft); font-size: .78rem; padding: .15rem .4rem 0; }
.state.delivered { color: var(--good); }
.state.undelivered, .state.failed, .state.canceled { color: var(--bad); font-weight: 600; }
.blocked { margin: .5rem auto; padding: .5rem .9rem; border-radius: .6rem; font-size: .88rem;
  background: #fdecea; color: #8c1d18; text-align: center; }
.phone form { border-top: 1px solid var(--line); padding: .6rem .75rem .9rem; display: grid;
  gap: .5rem; }
.quicks { display: flex; gap: .5rem; }
button { cursor: pointer; border-radius: .6rem; min-height: 2.75rem; padding: .4rem .9rem;
  border: 1px solid var(--accent); background: var(--accent); color: var(--accent-ink);
  font-weight: 600; }
.quick { flex: 1; background: var(--card); color: var(--accent); }
.to { display: flex; align-items: center; gap: .5rem; font-size: .85rem; color: var(--soft); }
.to select { flex: 1; min-width: 0; }
.to.only { display: none; }
.write { display: flex; gap: .5rem; }
.write input { flex: 1; min-width: 0; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 760px) {
  header { padding: .6rem 1rem; }
  main { display: block; overflow: auto; }
  nav { border: 0; min-height: 100%; }
  nav [data-live] { overflow: visible; }
  .has-phone nav, .has-phone header p, body:not(.has-phone) section { display: none; }
  section { padding: 0 .75rem .75rem; height: 100%; overflow: hidden; }
  .back { display: block; }
  .phone { width: 100%; max-height: none; min-height: 0; border-width: 6px;
    border-radius: 1.6rem; }
}
"""

SCRIPT = """
"use strict";
// Asks for the parts of the page that changed; 204 means that none did.
const parts = new Map();
const at = { hour: "numeric", minute: "2-digit", timeZoneName: "short" };
const on = { weekday: "long", month: "long", day: "numeric" };
const localTimes = (root) => {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    const today = moment.toDateString() === new Date().toDateString();
    time.textContent = today || time.closest(".bubble")
      ? moment.toLocaleTimeString([], at)
      : moment.toLocaleDateString([], { month: "short", day: "numeric" });
  }
  localDays(root);
};
const localDays = (root) => {
  for (const heading of root.querySelectorAll(".day")) heading.remove();
  let before = "";
  for (const bubble of root.querySelectorAll(".bubble")) {
    const day = new Date(bubble.querySelector("time").dateTime).toLocaleDateString([], on);
    if (day === before) continue;
    before = day;
    const heading = document.createElement("p");
    heading.className = "day";
    heading.textContent = day;
    bubble.before(heading);
  }
};
const toEnd = (box) => { box.scrollTop = box.scrollHeight; };
async function refresh(box) {
  const address = new URL(location.href);
  const search = document.getElementById("q").value;
  address.searchParams.set("q", search);
  address.searchParams.set("part", box.dataset.live);
  const known = parts.get(box);
  if (known && known.search === search) address.searchParams.set("since", known.version);
  const answer = await fetch(address);
  if (answer.status !== 200) return;
  const text = await answer.text();
  parts.set(box, { version: answer.headers.get("X-Version"), search, text });
  if (known && known.text === text) return;
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  box.innerHTML = text;
  localTimes(box);
  if (atEnd && box.dataset.live === "thread") toEnd(box);
}
const boxes = [...document.querySelectorAll("[data-live]")];
const refreshAll = () => Promise.allSettled(boxes.map(refresh));
localTimes(document);
boxes.filter((box) => box.dataset.live === "thread").forEach(toEnd);
document.getElementById("q").addEventListener("input", refreshAll);
document.querySelector("[data-reply]")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  await fetch(form.action, { method: "POST", body: fields, redirect: "manual" });
  form.elements.body.value = "";
  await refreshAll();
  boxes.filter((box) => box.dataset.live === "thread").forEach(toEnd);
});
(async () => {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (!document.hidden) await refreshAll();
  }
})();
"""
