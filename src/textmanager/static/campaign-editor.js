// Colors merge fields in the message, offers them while `${` is typed, and replaces at a click.
"use strict";
{
  const editor = document.getElementById("id_template");
  const layer = document.querySelector(".highlight");
  const list = document.getElementById("merge-list");
  const TOKEN = /\$\$|\$\{([^{}\n]*)\}/g;
  // What GSM-7 has; anything else halves what fits into a segment. The server's count is the truth.
  const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€");
  const key = (name) => name.normalize("NFC").toLowerCase().trim().split(/\s+/).join(" ");
  const columns = () => [...document.querySelectorAll("[data-merge-field]")].map((each) => each.dataset.mergeField);
  let chosen = 0;
  let isHeldBack = false;

  function piece(text, kind) {
    const mark = document.createElement("span");
    if (kind) mark.className = kind;
    mark.textContent = text;
    return mark;
  }

  function plain(text) {
    const pieces = [];
    let run = "";
    for (const char of text) {
      if (GSM.has(char)) run += char;
      else {
        if (run) pieces.push(piece(run));
        run = "";
        pieces.push(piece(char, "costly"));
      }
    }
    if (run) pieces.push(piece(run));
    return pieces;
  }

  function paint() {
    const known = new Set(columns().map(key));
    const text = editor.value;
    const pieces = [];
    let at = 0;
    for (const token of text.matchAll(TOKEN)) {
      pieces.push(...plain(text.slice(at, token.index)));
      const name = token[1] === undefined ? null : key(token[1].split("|")[0]);
      const kind = name === null || !known.size ? "" : known.has(name) ? "known" : "unknown";
      pieces.push(piece(token[0], name !== null && !known.size ? "known" : kind));
      at = token.index + token[0].length;
    }
    pieces.push(...plain(text.slice(at)), piece("\n"));
    layer.replaceChildren(...pieces);
    follow();
  }

  function follow() {
    layer.scrollTop = editor.scrollTop;
  }

  // The field that is being typed: from `${` to the caret.
  function unfinished() {
    const before = editor.value.slice(0, editor.selectionStart);
    const found = /\$\{([^{}\n]*)$/.exec(before);
    return found && { from: found.index, words: found[1], isClosed: /^[^{}\n]*\}/.test(editor.value.slice(editor.selectionStart)) };
  }

  // The same while it is a name that is typed, and no fallback.
  function begun() {
    const open = unfinished();
    return open && !open.words.includes("|") ? { from: open.from, words: key(open.words) } : null;
  }

  // A field that somebody is just choosing or writing is not wrong, only not done.
  function isNotDone() {
    const open = document.activeElement === editor && unfinished();
    return open && !open.isClosed && (!list.hidden || !columns().length || open.words.includes("|"));
  }

  function offer() {
    const open = document.activeElement === editor && begun();
    const fitting = open ? columns().filter((name) => key(name).includes(open.words)) : [];
    if (!fitting.length) return close();
    chosen = Math.min(chosen, fitting.length - 1);
    list.replaceChildren(...fitting.map((name, place) => {
      const option = document.createElement("li");
      option.id = `merge-option-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(place === chosen));
      option.textContent = name;
      return option;
    }));
    list.hidden = false;
    announce(`${fitting.length} merge field${fitting.length > 1 ? "s" : ""}: choose with the arrow keys, insert with Enter`);
    editor.setAttribute("aria-activedescendant", `merge-option-${chosen}`);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  }

  function close() {
    list.hidden = true;
    chosen = 0;
    announce("");
    editor.removeAttribute("aria-activedescendant");
  }

  function announce(words) {
    const count = document.getElementById("merge-count");
    if (count.textContent !== words) count.textContent = words;
  }

  function insert(name) {
    const open = begun();
    if (!open) return;
    const end = editor.value[editor.selectionEnd] === "}" ? editor.selectionEnd + 1 : editor.selectionEnd;
    editor.setRangeText("${" + name + "}", open.from, end, "end");
    close();
    tell();
  }

  function tell() {
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function write(text) {
    editor.value = text;
    editor.focus();
    tell();
  }

  editor.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const most = list.children.length - 1;
    const moves = { ArrowDown: chosen < most ? chosen + 1 : 0, ArrowUp: chosen > 0 ? chosen - 1 : most, Home: 0, End: most };
    if (event.key in moves && !(event.shiftKey || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      chosen = moves[event.key];
      offer();
    } else if (event.key === "Enter" || event.key === "Tab") {
      event.preventDefault();
      insert(list.children[chosen].textContent);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("li");
    if (option) insert(option.textContent);
  });
  editor.addEventListener("input", () => { chosen = 0; paint(); offer(); });
  editor.addEventListener("click", offer);
  editor.addEventListener("blur", () => {
    close();
    if (isHeldBack) tell();
    isHeldBack = false;
  });
  // Until it is done or left, the live parts of the form see the message without it.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.formData.has("template")) return;
    isHeldBack = isNotDone();
    if (isHeldBack) event.detail.formData.set("template", editor.value.slice(0, unfinished().from) + editor.value.slice(editor.selectionStart));
  });
  editor.addEventListener("scroll", follow);
  document.getElementById("campaign-form").addEventListener("audience-changed", paint);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-replace], [data-append], [data-template]");
    if (!button) return;
    const { replace, append, template } = button.dataset;
    if (replace !== undefined) write(editor.value.split(replace).join(button.dataset.with));
    else if (append !== undefined) write(`${editor.value.trimEnd()} ${append}`);
    else write(template);
  });

  paint();
}
