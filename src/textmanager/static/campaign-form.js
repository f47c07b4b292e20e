// Keeps what is typed into the campaign form, warns before it is lost, and tells who else is at it.
"use strict";
{
  const form = document.getElementById("campaign-form");
  const WAIT = 1500;
  const HELLO = 15000;
  const NOTHING_TYPED = Symbol("nothing typed");
  const own = (name) => form.elements.namedItem(name);
  const part = (id) => document.getElementById(id);
  // One place for each person and form; another person at this browser finds nothing.
  const place = () => `textmanager:${form.dataset.person}:${location.pathname}${location.search}`;
  let isUnsaved = "unsaved" in form.dataset;
  let isSending = false;
  let isAsked = false;
  let isKeptHere = false;
  let isLeaving = false;
  let hasEnded = false;
  let timer = 0;
  let testBegun = null;

  const typed = () => new URLSearchParams(new FormData(form));

  function keepHere() {
    try {
      localStorage.setItem(place(), JSON.stringify({ at: Date.now(), typed: typed().toString() }));
      isKeptHere = true;
    } catch { /* a browser that keeps nothing: the page stays open with what was typed */ }
  }

  function forgetHere() {
    try { localStorage.removeItem(place()); } catch { /* it kept nothing */ }
  }

  function sessionEnded() {
    hasEnded = true;
    keepHere();
    const notice = part("session-ended");
    const back = encodeURIComponent(location.pathname + location.search);
    notice.querySelector("a").href = `${notice.dataset.signIn}?next=${back}`;
    notice.hidden = false;
    part("saved").textContent = "Kept in this browser";
  }

  async function post(extra) {
    const body = typed();
    for (const [name, value] of Object.entries(extra || {})) body.set(name, value);
    const answer = await fetch(form.dataset.autosave, { method: "POST", body, redirect: "manual", headers: { "X-CSRFToken": own("csrfmiddlewaretoken").value } });
    if (answer.type === "opaqueredirect" || answer.status === 403) {
      sessionEnded();
      return null;
    }
    if (answer.status === 409) {
      showTrouble((await answer.json()).refused);
      return null;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.status === 204 ? NOTHING_TYPED : answer.json();
  }

  function showTrouble(words) {
    const trouble = part("not-kept");
    trouble.hidden = !words;
    trouble.textContent = words;
  }

  function showOthers(others) {
    const notice = part("others");
    const words = others.length ? `${others.join(" and ")} ${others.length > 1 ? "are" : "is"} editing this campaign too.` : "";
    if (notice.textContent.trim() !== words) notice.textContent = words;
    notice.hidden = !others.length;
  }

  function taken(kept) {
    own("campaign_id").value = kept.campaign_id;
    own("version").value = kept.version;
    if (location.pathname !== kept.address && !form.dataset.opened) {
      forgetHere();
      history.replaceState(null, "", kept.address);
      form.action = kept.address;
    }
    showOthers(kept.others);
    showTrouble(kept.edited_meanwhile ? "Somebody else has changed this campaign since you opened it. What you type is kept apart; when you save, you see what differs." : "");
  }

  async function save() {
    window.clearTimeout(timer);
    timer = 0;
    if (isSending || hasEnded) return;
    isSending = true;
    isUnsaved = false;
    try {
      const kept = await post();
      if (kept === NOTHING_TYPED) {
        forgetHere();
      } else if (kept) {
        taken(kept);
        forgetHere();
        part("saved").textContent = `Saved ${kept.saved_at}`;
        part("brought-back").hidden = true;
      } else {
        isUnsaved = true;
      }
    } catch {
      isUnsaved = true;
      keepHere();
      part("saved").textContent = "Not saved: the server cannot be reached. It is tried again.";
      timer = window.setTimeout(save, 5000);
    }
    isSending = false;
    if (isUnsaved && !timer && !hasEnded) timer = window.setTimeout(save, WAIT);
  }

  function changed(event) {
    const name = event.target.name;
    if (!name || ["words", "find_id", "test_number"].includes(name)) return;
    isUnsaved = true;
    if (hasEnded) keepHere();
    window.clearTimeout(timer);
    timer = window.setTimeout(save, WAIT);
  }

  function bringBack() {
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(place())); } catch { /* nothing kept */ }
    if (!kept) return;
    const values = new URLSearchParams(kept.typed);
    for (const field of form.elements) {
      if (!field.name || ["csrfmiddlewaretoken", "person", "campaign_id", "version"].includes(field.name)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = values.getAll(field.name).includes(field.value);
      else if (field.tagName === "SELECT" && values.has(field.name)) choose(field, values.get(field.name));
      else if (field.type !== "submit" && field.type !== "button" && values.has(field.name)) field.value = values.get(field.name);
    }
    part("brought-back").hidden = false;
    isUnsaved = true;
    timer = window.setTimeout(save, WAIT);
  }

  // Columns are options only once the IQA was looked at.
  function choose(field, value) {
    if (value && ![...field.options].some((option) => option.value === value)) field.add(new Option(value, value));
    field.value = value;
  }

  async function hello() {
    if (document.hidden || hasEnded || isSending || !own("campaign_id").value) return;
    try {
      const kept = await post({ still_here: "1" });
      if (kept) {
        showOthers(kept.others);
        if (kept.edited_meanwhile) taken(kept);
      }
    } catch { /* the next one tells */ }
  }

  // Before the form goes for good, one look whether the session still holds: what was typed stays
  // here if it does not.
  async function submit(event) {
    if (form.dataset.checked) return;
    event.preventDefault();
    // Pressed twice is meant once.
    if (isAsked) return;
    isAsked = true;
    const button = event.submitter;
    window.clearTimeout(timer);
    timer = 0;
    // What is being kept just now may change the version that is sent along.
    while (isSending) await new Promise((go) => { window.setTimeout(go, 50); });
    window.clearTimeout(timer);
    timer = 0;
    try {
      const answer = await fetch(form.dataset.autosave, { redirect: "manual" });
      if (answer.type === "opaqueredirect") {
        isAsked = false;
        sessionEnded();
        part("session-ended").scrollIntoView({ block: "center" });
        return;
      }
    } catch { /* the browser itself says that the server is away */ }
    isLeaving = true;
    form.dataset.checked = "1";
    form.requestSubmit(button);
    // A page that comes back from the browser's memory is to be checked again.
    window.setTimeout(() => { delete form.dataset.checked; isLeaving = false; isAsked = false; }, 3000);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", submit);
  window.addEventListener("beforeunload", (event) => {
    if ((isUnsaved || isSending) && !isLeaving && !(hasEnded && isKeptHere)) event.preventDefault();
  });
  window.setInterval(hello, HELLO);

  // A live part of the page that is sent to the sign-in page instead must not show it inside.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.detail.xhr.responseURL.includes("/sign-in/")) return;
    event.detail.shouldSwap = false;
    sessionEnded();
  });

  document.addEventListener("click", (event) => {
    const toggle = event.target.closest("[data-toggle]");
    if (toggle) {
      const panel = part(toggle.dataset.toggle);
      panel.hidden = !panel.hidden;
      toggle.setAttribute("aria-expanded", String(!panel.hidden));
    }
    const iqa = event.target.closest("[data-iqa]");
    if (iqa) {
      const field = own("iqa_path");
      field.value = iqa.dataset.iqa;
      field.dispatchEvent(new Event("change", { bubbles: true }));
      part("iqa-picker").hidden = true;
      document.querySelector("[data-toggle=iqa-picker]").setAttribute("aria-expanded", "false");
      field.focus();
    }
  });
  // The columns are put in anew, so that nothing can listen to them for long.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id === "columns" && event.target.id === "columns") form.dispatchEvent(new Event("audience-changed"));
  });
  // What is said beneath the editor is put in anew too: a test that somebody begins stays begun.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "message") return;
    const before = part("try-it");
    testBegun = before && before.open ? { number: own("test_number").value } : null;
  });
  // As soon as the audience is counted, the preview knows the longest and the emptiest text.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "summary" || !part("notable") || part("person-longest")) return;
    if (part("summary").querySelector("[data-counted]")) form.dispatchEvent(new Event("audience-counted"));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const opener = event.detail.requestConfig && event.detail.requestConfig.elt.closest("[data-opens]");
    if (opener) part(opener.dataset.opens).showModal();
    if (event.detail.target.id === "message") {
      if (testBegun && part("try-it")) {
        part("try-it").open = true;
        own("test_number").value = testBegun.number;
      }
      const pressed = event.detail.requestConfig.elt.id;
      const again = pressed && pressed.startsWith("person-") && part(pressed);
      if (again) (again.disabled ? part("find_id") : again).focus();
    }
  });
  // Enter in the search and in "iMIS ID" acts there, and does not save the campaign.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    const button = { find_id: "person-find", test_number: "send-one" }[event.target.name];
    if (button || event.target.name === "words" || event.target.name === "iqa_path") event.preventDefault();
    if (button) part(button).click();
    if (event.target.name === "iqa_path") event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });

  if (matchMedia("(max-width: 1099.98px)").matches) part("summary-box").open = false;
  if (part("errors")) part("errors").focus();
  bringBack();
  if (isUnsaved && !timer) timer = window.setTimeout(save, WAIT);
  if (own("campaign_id").value) hello();
}
