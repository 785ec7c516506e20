// @ts-check
/** The messages as the traveller saw them, the tries to hand them over, and what can still be done about them. */

import { TICKS } from "../board/facts.js";
import { add, make, once, say, unseen } from "../dom.js";
import { Kept } from "./kept.js";
import { mayOrder, order } from "./order.js";
import { canResend, canWithdraw, chat, isWaiting, standsAt } from "./story.js";

/** @typedef {import("../portal.js").Portal} Portal */
/** @typedef {import("./file.js").Message} Message */
/** @typedef {import("./file.js").Trip} Trip */

export class Chat {
  /**
   * @param {Portal} portal
   * @param {() => void} changed  something was ordered
   */
  constructor(portal, changed) {
    this.#portal = portal;
    this.#changed = changed;
    this.#list = new Kept(this.#bubbles);
    const { words } = portal;
    this.#none.textContent = words.trip.noMessages;
    this.#screen = make("div", { class: "screen", tabindex: 0, role: "region", "aria-label": words.trip.messages }, this.#none, this.#bubbles);
    this.node = make("section", { class: "phone" }, this.#who, this.#gone, this.#screen);
  }

  #portal;
  #changed;
  #bubbles = make("ol", { class: "bubbles" });
  #none = make("p", { class: "hint" });
  #who = make("header", { class: "phone-top" });
  #list;
  #screen;
  /** What was refused of a message, until something else is ordered. @type {Map<string, string>} */
  #refused = new Map();
  /** The same where the message is no longer there: what was refused, since somebody was quicker, is still to be read. */
  #gone = make("p", { class: "wrong-text refused", role: "alert" });

  /** @param {import("./file.js").TripFile} file */
  draw({ trip, messages }) {
    if (!trip) return;
    const { words } = this.#portal;
    this.#who.replaceChildren(make("h2", null, words.trip.messages), make("p", { class: "hint" }, words.trip.asSeenBy(trip.traveller.name)));
    const shown = chat(messages.nodes);
    this.#none.hidden = shown.length > 0;
    const { scrollTop, scrollHeight, clientHeight } = this.#screen;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#list.draw(
      shown.map((message) => {
        const refused = this.#refused.get(message.id) ?? "";
        return { key: message.id, what: JSON.stringify(message) + refused, make: () => this.#bubble(trip, message, refused) };
      }),
    );
    const lost = messages.nodes.filter((each) => this.#refused.has(each.id) && !shown.includes(each));
    say(this.#gone, lost.map((each) => `${words.message[each.type]}: ${this.#refused.get(each.id)}`).join(" "));
    // Like every chat: who reads the last message sees the next, who reads further up is left there.
    if (atEnd) this.#screen.scrollTop = this.#screen.scrollHeight;
  }

  /**
   * @param {Trip} trip
   * @param {Message} message
   * @param {string} refused
   */
  #bubble(trip, message, refused) {
    const { words, times } = this.#portal;
    const zone = trip.flight.departure.airport.timezone;
    const [at, waits] = [standsAt(message), isWaiting(message)];
    const day = times.otherDay(at, zone, this.#portal.now());
    const state = message.reason ? `${words.state[message.status]}: ${words.reason[message.reason]}` : words.state[message.status];
    const wrong = ["FAILED", "UNDELIVERED", "UNKNOWN"].includes(message.status);
    const foot = make(
      "p",
      { class: "bubble-foot" },
      make("span", null, words.trip.channel[message.channel]),
      make("time", { datetime: new Date(at).toISOString() }, waits ? words.trip.goesAt(`${day} ${times.clock(at, zone)}`.trim()) : `${day} ${times.clock(at, zone)}`.trim()),
      make("span", { class: "ticks", "data-state": message.status, title: state }, make("span", { "aria-hidden": "true" }, TICKS[message.status]), unseen(state)),
    );
    const bubble = make("div", { class: "bubble" }, make("p", { class: "bubble-about" }, words.message[message.type]), make("p", { class: "bubble-body", lang: message.language.toLowerCase() }, message.body), foot);
    const item = make("li", { class: "said", "data-message": message.id, "data-type": message.type, "data-state": waits ? "waiting" : wrong ? "wrong" : "went" }, bubble);
    if (wrong || message.reason) add(item, make("p", { class: "bubble-state" }, state));
    if (message.attempts.length) add(item, this.#attempts(zone, message));
    if (mayOrder(this.#portal)) add(item, this.#deeds(message, refused));
    return item;
  }

  /**
   * @param {string} zone
   * @param {Message} message
   */
  #attempts(zone, { attempts }) {
    const { words, times } = this.#portal;
    const lines = attempts.map((each) => {
      const code = each.errorCode ?? each.httpStatus;
      const what = [each.errorMessage, code && `(${code})`].filter(Boolean).join(" ");
      return make("li", null, make("time", { datetime: each.startedAt }, times.clock(each.startedAt, zone)), " ", make("b", null, words.trip.outcome[each.outcome]), each.outcome !== "ACCEPTED" && what && `: ${what}`, !each.counted && ` ${words.trip.notCounted}`);
    });
    return make("details", { class: "attempts" }, make("summary", null, words.trip.attempts(attempts.length)), make("ol", null, ...lines));
  }

  /**
   * @param {Message} message
   * @param {string} refused
   */
  #deeds(message, refused) {
    const { words } = this.#portal;
    const place = make("div", { class: "bubble-deeds" });
    const name = words.message[message.type];
    const again = make("button", { type: "button", name: "resend", "aria-label": words.trip.about(words.trip.resend, name) }, words.trip.resend);
    const back = make("button", { type: "button", name: "withdraw", "aria-label": words.trip.about(words.trip.withdraw, name) }, words.trip.withdraw);
    again.addEventListener("click", () => void once(again, () => this.#do("ResendNotification", message)));
    back.addEventListener("click", () => void once(back, () => this.#do("CancelNotification", message)));
    add(place, canResend(message) && again, canWithdraw(message) && back);
    add(place, refused && make("p", { class: "wrong-text refused", role: "alert" }, refused));
    return place;
  }

  /**
   * @param {"ResendNotification" | "CancelNotification"} what
   * @param {Message} message
   */
  async #do(what, message) {
    const refused = await order(this.#portal, what, { notificationId: message.id });
    this.#refused.clear();
    if (refused.length) this.#refused.set(message.id, refused.map((each) => each.text).join(" "));
    else this.#portal.announce(this.#portal.words.trip.done[what]);
    this.#changed();
  }
}
