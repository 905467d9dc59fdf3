// What pages do beyond being read: numbers that follow the mill, keys, and buttons that copy. Without it they are complete.

/** The numbers of a type in the order of an event's rows are those of the cells with class `n` in its row. */
const patchRows = (types) => {
  for (const row of document.querySelectorAll("[data-row]")) {
    const texts = types[row.dataset.row];
    if (!texts) continue;
    row.querySelectorAll(".n").forEach((cell, index) => setText(cell, texts[index]));
  }
};

const setText = (element, text) => {
  if (text === undefined || element.textContent === text) return;
  element.textContent = text;
  element.hidden = element.classList.contains("badge") && text === "";
};

const patch = ({ values, lines, types }) => {
  for (const element of document.querySelectorAll("[data-live]")) setText(element, values[element.dataset.live]);
  for (const line of document.querySelectorAll("[data-line]")) {
    const points = lines[line.dataset.line];
    if (points !== undefined) line.setAttribute("points", points);
  }
  if (types) patchRows(types);
};

/** Shows what needs the script. */
const unhide = (within) => {
  for (const element of within.querySelectorAll(".script-only")) element.hidden = false;
};

/** Makes `old` say what `next` says. Elements stay where they can: a table stays scrolled, whoever is read to is not interrupted. */
const become = (old, next) => {
  if (old.isEqualNode(next)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== next.nodeName) return old.replaceWith(next);
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) old.setAttribute(name, value);
  const [were, are] = [[...old.childNodes], [...next.childNodes]];
  were.slice(are.length).forEach((node) => node.remove());
  are.forEach((node, index) => (were[index] ? become(were[index], node) : old.append(node)));
};

/** Whether somebody is about to press something in it, or to copy. */
const isInUse = (part) => {
  const selection = document.getSelection();
  const isSelected = !selection.isCollapsed && selection.containsNode(part, true);
  return isSelected || part.contains(document.activeElement) || part.matches(":active");
};

/**
 * Parts that are more than numbers are asked for anew when the mark of a snapshot says that they have changed; those without a
 * mark, with each snapshot.
 */
const refresh = async (mark) => {
  const parts = [...document.querySelectorAll("[data-fresh]")].filter((part) => part.dataset.mark !== mark);
  if (parts.length === 0 || live.isAsking) return;
  live.isAsking = true;
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of parts) {
      const next = page.querySelector(`[data-fresh="${part.dataset.fresh}"]`);
      // It is made anew when it is let go.
      if (!next || isInUse(part)) continue;
      unhide(next);
      become(part, next);
    }
  } catch {
    // The stream says that the connection is lost.
  } finally {
    live.isAsking = false;
  }
};

/** The stream is open while the page is looked at, and not held. */
const live = { source: undefined, isHeld: false, isAsking: false };

const say = (text) => {
  const state = document.getElementById("stream-state");
  if (state.textContent !== text) state.textContent = text;
};

const follow = () => {
  if (live.source || live.isHeld || document.hidden) return;
  live.source = new EventSource(document.body.dataset.stream);
  live.source.onmessage = (event) => {
    const news = JSON.parse(event.data);
    patch(news);
    refresh(news.values.mark);
    say("Numbers are live.");
  };
  live.source.onerror = () => say("Numbers are not live: the connection is lost, and tried again.");
};

const leave = () => {
  live.source?.close();
  live.source = undefined;
};

document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", follow);

const hold = () => {
  live.isHeld = !live.isHeld;
  if (live.isHeld) leave();
  else follow();
  say(live.isHeld ? "Numbers are held; press p to go on." : "Numbers are live.");
};

/** Whether a key belongs to what is being typed. */
const isTyping = (target) => target.closest("input, select, textarea, dialog[open]") !== null;

let isGoing = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const wasGoing = isGoing;
  isGoing = event.key === "g" && !wasGoing;
  if (wasGoing) document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`)?.click();
  else if (event.key === "/") {
    event.preventDefault();
    document.getElementById("find").focus();
  } else if (event.key === "?") document.getElementById("keys").showModal();
  else if (event.key === "p") hold();
});

unhide(document);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  button.textContent = "Copied";
});

follow();
