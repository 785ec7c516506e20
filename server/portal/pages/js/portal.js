// @ts-check
/** The wiring, on one page: who looks, what is known, and which view is shown. */

import { announce } from "./announce.js";
import * as api from "./api.js";
import * as clock from "./clock.js";
import { part, say } from "./dom.js";
import { prefer, words } from "./language.js";
import { Live } from "./live.js";
import { failed } from "./notice.js";
import * as router from "./router.js";
import { ROUTES } from "./routes.js";
import * as session from "./session.js";
import { Store } from "./store.js";
import { Times } from "./time.js";
import { drawHead } from "./head.js";
import { drawLine } from "./line.js";
import { show as signIn } from "./views/sign_in.js";
import { show as unknown } from "./views/unknown.js";

/** @typedef {import("./language.js").Words} Words */

export class Portal {
  /**
   * @param {keyof typeof import("./language.js").LANGUAGES} language
   * @param {Words} given
   */
  constructor(language, given) {
    this.language = language;
    this.words = given;
    this.times = new Times(language);
    this.live.on((event) => this.#hear(event));
    addEventListener("hashchange", () => this.show());
    // A view is drawn anew; where it was scrolled to is its own to know.
    history.scrollRestoration = "manual";
    // Its address is the page's own place, and not one of a view.
    part("skip").addEventListener("click", (event) => (event.preventDefault(), part("main").focus()));
    drawLine(this);
  }

  store = new Store();
  live = new Live(() => this.askForKey(true), () => this.#afresh());
  router = router;

  /** Who looks, and the agency; null before. @type {Api.Session | null} */
  who = null;

  /** What Twilio refuses now. @type {Api.Pause[]} */
  pauses = [];

  /** By how many minutes a departure must differ from the one that was told, to be told. */
  threshold = 0;

  /** @type {router.Leave | null} */
  #leave = null;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /** Milliseconds since 1970 in the world of flights. */
  now = () => clock.now();

  /**
   * Ask one document; a key that counts no more is asked for.
   * @template {keyof Api.Operations} K
   * @param {K} name
   * @param {Api.Operations[K]["variables"]} variables
   */
  async ask(name, variables) {
    const key = session.key();
    const answer = await api.ask(key ?? "", name, variables);
    // A late refusal of the key before says nothing of the one of now.
    if (answer.fault?.kind === "refused" && this.who && key === session.key()) this.askForKey(true);
    return answer;
  }

  /** Begin with the key that this tab has, or ask for one. */
  async begin() {
    if (!session.key()) return this.askForKey(false);
    const { data, fault } = await api.ask(session.key() ?? "", "Session", {});
    if (fault?.kind === "refused") return this.askForKey(true);
    if (!data) return part("main").replaceChildren(failed(this, fault, () => void this.begin()));
    this.enter(data);
  }

  /** @param {Api.Session} who */
  enter(who) {
    if (who.agency.id !== this.who?.agency.id) this.store.clear();
    else this.store.restart();
    this.who = who;
    this.threshold = who.agency.settings.delayThresholdMinutes;
    this.pauses = who.agency.sendingPauses;
    this.live.start(session.key() ?? "", who.agency.eventCursor);
    this.draw();
  }

  /**
   * Ask for a key; whoever looked comes back to where they were.
   * @param {boolean} ended  the last one counts no more
   */
  askForKey(ended) {
    session.forget();
    this.live.stop();
    this.who = null;
    this.draw(ended);
  }

  /**
   * Everything anew, in the language and for whom it is now.
   * @param {boolean} [ended]
   * @param {boolean} [moved]  whether the focus goes to what is new
   */
  draw(ended = false, moved = this.#leave !== null) {
    document.documentElement.lang = this.language;
    say(part("skip"), this.words.portal.skip);
    drawHead(this);
    this.told();
    if (this.who) return this.show(moved);
    this.#leave?.();
    part("main").replaceChildren();
    this.#leave = signIn(part("main"), ended, this);
    document.title = `${this.words.signIn.title} · ${this.words.portal.name}`;
  }

  /**
   * The view that the address names.
   * @param {boolean} [moved]  whether whoever looks is taken to it
   */
  show(moved = this.#leave !== null) {
    if (!this.who) return;
    const place = part("main");
    this.#leave?.();
    const { name, params } = router.here();
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    place.replaceChildren();
    scrollTo(0, 0);
    place.dataset.view = route ? name : "unknown";
    this.#leave = (route?.show ?? unknown)(place, params, this);
    document.title = `${route?.title(this.words) ?? this.words.portal.unknownView} · ${this.words.portal.name}`;
    drawHead(this);
    // Whoever hears the page is taken to what is new in it.
    const title = place.querySelector("h1");
    title?.setAttribute("tabindex", "-1");
    if (moved) title?.focus({ preventScroll: true });
  }

  /** @param {keyof typeof import("./language.js").LANGUAGES} language */
  async speak(language) {
    prefer(language);
    this.words = await words(language);
    this.language = language;
    this.times = new Times(language);
    this.draw(false, false);
    // Whoever goes through the languages by arrow key stands where they stood, in a head that was made anew.
    part("head").querySelector("select")?.focus();
  }

  announce = announce;

  /**
   * Hear when what is known of the agency and its sending changes, now as well.
   * @param {() => void} watcher
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    watcher();
    return () => void this.#watchers.delete(watcher);
  }

  told() {
    for (const watcher of this.#watchers) watcher();
  }

  /** @param {import("./live.js").Event} event */
  #hear(event) {
    if (event.__typename === "Resync") return;
    this.store.heard = Math.max(this.store.heard, event.sequence);
    if (event.__typename === "NotificationUpdated") {
      if (event.notification.trip) this.store.take(event.notification.trip, event.sequence);
    } else if ("trip" in event) this.store.take(event.trip, event.sequence);
    else if ("settings" in event) this.threshold = event.settings.delayThresholdMinutes;
    else if ("pauses" in event) {
      this.pauses = event.pauses;
      this.told();
    }
  }

  /** Where the stream stands, once the old place in it is gone. */
  async #afresh() {
    const { data } = await this.ask("Session", {});
    if (!data) return null;
    this.store.restart();
    this.who = data;
    this.threshold = data.agency.settings.delayThresholdMinutes;
    this.pauses = data.agency.sendingPauses;
    this.told();
    return data.agency.eventCursor;
  }
}
