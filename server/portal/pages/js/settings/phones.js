// @ts-check
/** Trying the line with a phone of the agency's own, and respecting who wants no messages. */

import { add, make, say } from "../dom.js";
import { said as fault } from "../notice.js";
import { Input, select } from "./input.js";
import { place as refuse } from "./refusals.js";

/** @typedef {import("../portal.js").Portal} Portal */

/** As far as a test message can come. @type {Api.NotificationStatus[]} */
const ENDS = ["DELIVERED", "READ", "UNDELIVERED", "FAILED", "SUPPRESSED", "SUPERSEDED", "EXPIRED", "WITHDRAWN"];

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @returns {import("../router.js").Leave}
 */
export function phones(place, portal) {
  const test = tryTheLine(portal);
  place.replaceChildren(make("div", { class: "groups" }, test.node, optOuts(portal)));
  return test.leave;
}

/** @param {Portal} portal */
const phone = ({ words: { settings } }) =>
  new Input(settings.phone, make("input", { name: "phone", type: "tel", autocomplete: "off", placeholder: "+5491155550101", required: true }), { hint: settings.phoneHint });

/** @param {Portal} portal */
function tryTheLine(portal) {
  const { words, who } = portal;
  const node = make("section", { class: "group" }, make("h2", null, words.settings.test), make("p", { class: "hint" }, words.settings.testHint));
  if (who?.viewer.role !== "ADMIN") {
    add(node, make("p", { class: "needs" }, words.settings.needsAdmin));
    return { node, leave: () => {} };
  }
  const number = phone(portal);
  const channel = new Input(words.settings.channel, select([["WHATSAPP", "WhatsApp"], ["SMS", "SMS"]], "WHATSAPP", { name: "channel" }));
  const problem = make("p", { class: "wrong-text", role: "alert" });
  const result = make("div", { class: "tried", role: "status" });
  const form = make("form", { novalidate: true, class: "stack" }, number.node, channel.node, make("button", { class: "main" }, words.settings.sendTest), problem);
  add(node, form, result);
  /** @type {string | null} */
  let watched = null;

  /** @param {Api.Tried} tried */
  const draw = (tried) => {
    watched = ENDS.includes(tried.status) ? null : tried.id;
    const attempt = tried.attempts.at(-1);
    const why = attempt?.errorMessage ? `${attempt.errorMessage}${attempt.errorCode ? ` (${attempt.errorCode})` : ""}` : tried.reason ? words.reason[tried.reason] : "";
    result.dataset.state = tried.status;
    result.replaceChildren(make("p", { class: "bubble" }, tried.body));
    add(result, make("p", { class: "tried-state" }, make("b", null, words.state[tried.status]), why && `: ${why}`));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say(problem, "");
    number.wrong("");
    const input = { phone: number.control.value.trim(), channel: /** @type {Api.Channel} */ (channel.control.value) };
    const { data, fault: why } = await portal.ask("SendTest", { input });
    if (why) return say(problem, fault(portal, why));
    const { notification, userErrors } = data.sendTestMessage;
    say(problem, refuse(portal, userErrors, { phone: number, channel }));
    if (notification) draw(notification);
    // What came before the answer was heard by nobody.
    if (notification) await look(notification.id);
  });

  /** @param {string} id */
  const look = async (id) => {
    const { data } = await portal.ask("TestMessage", { id });
    if (data?.notification && node.isConnected) draw(data.notification);
  };
  const leave = portal.live.on((event) => {
    if (event.__typename === "NotificationUpdated" && event.notification.id === watched) void look(watched);
    if (event.__typename === "Resync" && watched) void look(watched);
  });
  return { node, leave };
}

/** @param {Portal} portal */
function optOuts(portal) {
  const { words, who } = portal;
  const node = make("section", { class: "group" }, make("h2", null, words.settings.optOuts), make("p", { class: "hint" }, words.settings.optOutsHint));
  if (who?.viewer.role === "VIEWER") {
    add(node, make("p", { class: "needs" }, words.settings.needsAgent));
    return node;
  }
  const number = phone(portal);
  const problem = make("p", { class: "wrong-text", role: "alert" });
  const done = make("ul", { class: "done" });
  const set = async (/** @type {boolean} */ optedOut) => {
    say(problem, "");
    number.wrong("");
    const { data, fault: why } = await portal.ask("OptOut", { input: { phone: number.control.value.trim(), optedOut } });
    if (why) return say(problem, fault(portal, why));
    const { phone: kept, userErrors } = data.setOptOut;
    say(problem, refuse(portal, userErrors, { phone: number }));
    if (!kept) return;
    done.prepend(make("li", null, optedOut ? words.settings.optedOut(kept) : words.settings.optedIn(kept)));
    number.control.value = "";
  };
  const form = make(
    "form",
    { novalidate: true, class: "stack", onsubmit: (event) => (event.preventDefault(), void set(true)) },
    number.node,
    make("div", { class: "actions" }, make("button", { class: "main" }, words.settings.optOut), make("button", { type: "button", onclick: () => void set(false) }, words.settings.optIn)),
    problem,
  );
  add(node, form, make("div", { role: "status" }, done));
  return node;
}
