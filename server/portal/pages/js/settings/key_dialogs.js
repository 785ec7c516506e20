// @ts-check
/** What is asked before a key is made, replaced or ended. */

import { add, fresh, make, say } from "../dom.js";
import { said as fault } from "../notice.js";
import { dayBegins } from "../time.js";
import { Input, select } from "./input.js";
import { inWords, place } from "./refusals.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {(secret: string, name: string, said?: string) => void} Made */

/** @type {Api.Role[]} */
const ROLES = ["VIEWER", "AGENT", "ADMIN"];
/** Hours for which an old key still opens beside its successor. */
const OVERLAPS = [1, 24, 24 * 7];
const HOUR = 3_600_000;

/**
 * A dialog of one form; what it does returns what went wrong, or what follows once the dialog is closed, which takes the focus back first.
 * @param {Portal} portal
 * @param {string} title
 * @param {string} deed
 * @param {import("../dom.js").Child[]} inside
 * @param {() => Promise<string | (() => void)>} act
 * @param {boolean} [danger]
 */
function ask(portal, title, deed, inside, act, danger = false) {
  const id = fresh();
  const back = document.activeElement;
  const problem = make("p", { class: "wrong-text", role: "alert" });
  const go = make("button", { class: danger ? "main danger" : "main" }, deed);
  const dialog = make("dialog", { "aria-labelledby": id });
  const form = make("form", { novalidate: true, class: "stack" }, ...inside, problem, make("div", { class: "actions" }, go, make("button", { type: "button", onclick: () => dialog.close() }, portal.words.settings.cancel)));
  add(dialog, make("h2", { id }, title), form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    go.disabled = true;
    const wrong = await act();
    go.disabled = false;
    if (typeof wrong === "string") return say(problem, wrong);
    dialog.close();
    wrong();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (back instanceof HTMLElement && back.isConnected && document.activeElement === document.body) back.focus();
  });
  document.getElementById("main")?.append(dialog);
  dialog.showModal();
}

/**
 * @param {Portal} portal
 * @param {Made} made
 */
export function makeKey(portal, made) {
  const words = portal.words.settings;
  const name = new Input(words.keyName, make("input", { name: "keyName", maxlength: 100, autocomplete: "off", required: true }), { hint: words.keyNameHint });
  const role = new Input(words.keyRole, select(ROLES.map((each) => [each, portal.words.role[each]]), "AGENT", { name: "role" }));
  const ends = new Input(words.keyEnds, make("input", { type: "date", name: "ends" }), { hint: words.keyEndsHint });
  ask(portal, words.makeKey, words.makeKey, [name.node, role.node, ends.node], async () => {
    const expiresAt = ends.control.value ? dayBegins(ends.control.value) : null;
    const input = { name: name.control.value.trim(), role: /** @type {Api.Role} */ (role.control.value), expiresAt };
    const { data, fault: why } = await portal.ask("MakeKey", { input });
    if (why) return fault(portal, why);
    const { secret, userErrors } = data.createApiKey;
    const wrong = place(portal, userErrors, { name, role, expiresAt: ends });
    if (!secret) return wrong;
    return () => made(secret, input.name);
  });
}

/**
 * A successor first, then an end for the old one: who is in between keeps a key that opens.
 * @param {Portal} portal
 * @param {Api.Key} key
 * @param {Made} made
 */
export function replaceKey(portal, key, made) {
  const words = portal.words.settings;
  const overlap = new Input(words.overlap, select(OVERLAPS.map((hours) => [String(hours), words.hours(hours)]), "24", { name: "overlap" }), { hint: words.overlapHint });
  ask(portal, words.replaceNamed(key.name), words.replaceKey, [overlap.node], async () => {
    const answer = await portal.ask("MakeKey", { input: { name: key.name, role: key.role } });
    if (answer.fault) return fault(portal, answer.fault);
    const { secret, userErrors } = answer.data.createApiKey;
    if (!secret) return userErrors.map((each) => inWords(portal, each)).join(" ");
    const at = portal.now() + Number(overlap.control.value) * HOUR;
    const { data, fault: why } = await portal.ask("EndKey", { input: { apiKeyId: key.id, at: new Date(at).toISOString() } });
    // The old key may end before that by itself: then it does.
    const refused = data?.revokeApiKey.userErrors.filter((each) => each.path.at(-1) !== "at").map((each) => inWords(portal, each)).join(" ");
    const wrong = why ? fault(portal, why) : refused;
    return () => made(secret, key.name, wrong ? words.notEnded(key.name, wrong) : words.endsSoon(portal.times.whole(data?.revokeApiKey.apiKey?.expiresAt ?? at)));
  });
}

/**
 * @param {Portal} portal
 * @param {Api.Key} key
 * @param {boolean} mine
 * @param {() => void} ended
 */
export function revokeKey(portal, key, mine, ended) {
  const words = portal.words.settings;
  const told = [make("p", null, words.revokeHint(key.name)), mine && make("p", { class: "wrong-text" }, words.revokeMine)];
  const act = async () => {
    const { data, fault: why } = await portal.ask("EndKey", { input: { apiKeyId: key.id } });
    if (why) return fault(portal, why);
    const { apiKey, userErrors } = data.revokeApiKey;
    if (!apiKey) return userErrors.map((each) => inWords(portal, each)).join(" ");
    return ended;
  };
  ask(portal, words.revokeNamed(key.name), words.revokeKey, told, act, true);
}
