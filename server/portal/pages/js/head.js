// @ts-check
/** The head of every page: the mark, the views, the world's time, language, colours and the way out. */

import * as clock from "./clock.js";
import { make, mark, part, say, unseen } from "./dom.js";
import { LANGUAGES } from "./language.js";
import { address, here } from "./router.js";
import { ROUTES } from "./routes.js";
import { THEMES, paint, theme } from "./theme.js";
import { holds, tell } from "./unsaved.js";

/** @typedef {import("./portal.js").Portal} Portal */

/** Loaded once: a new one could not be while there is no line. */
const MARK = make("img", { src: "mark.svg", alt: "", width: 28, height: 28 });

/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking;

/** @param {Portal} portal */
export function drawHead(portal) {
  const { words, who } = portal;
  const home = make("a", { class: "brand", href: address("board") }, MARK, make("span", null, who?.agency.name ?? words.portal.name));
  clearInterval(ticking);
  part("head").replaceChildren(home, ...(who ? [views(portal), time(portal)] : []), choices(portal));
}

/** @param {Portal} portal */
function views({ words, who }) {
  const now = here().name;
  /** @type {[string, HTMLElement][]} */
  const unsaved = [];
  const links = Object.entries(ROUTES)
    .filter(([, route]) => route.menu && !(route.writes && who?.viewer.role === "VIEWER"))
    .map(([name, route]) => {
      const typed = make("span", { class: "unsaved", title: words.portal.unsaved, hidden: true }, make("span", { "aria-hidden": "true" }, "●"), unseen(`(${words.portal.unsaved})`));
      unsaved.push([name, typed]);
      const link = make("a", { href: address(name) }, route.title(words), " ", typed);
      mark(link, "aria-current", name === now ? "page" : null);
      return make("li", null, link);
    });
  tell(() => {
    for (const [name, typed] of unsaved) typed.hidden = !holds(who?.agency.id ?? "", name);
  });
  return make("nav", { "aria-label": words.portal.views }, make("ul", null, ...links));
}

/**
 * The time by which flights fly; where it runs faster than life, that is said.
 * @param {Portal} portal
 */
function time({ times, words }) {
  const [at, pace] = [make("span", { class: "world-clock" }), make("span", { class: "pace" })];
  const tick = () => {
    say(at, times.clock(clock.now()));
    say(pace, clock.pace() > 1.5 ? `×${Math.round(clock.pace())}` : "");
    mark(pace, "title", clock.pace() > 1.5 ? words.portal.faster(times.number(Math.round(clock.pace()))) : null);
  };
  tick();
  ticking = setInterval(tick, 1000);
  return make("p", { class: "world", title: words.portal.worldTime }, make("span", { class: "unseen" }, words.portal.worldTime), at, pace);
}

/** @param {Portal} portal */
function choices(portal) {
  const { words } = portal;
  const language = choice(words.portal.language, Object.entries(LANGUAGES), portal.language, (value) =>
    portal.speak(/** @type {keyof typeof LANGUAGES} */ (value)),
  );
  const colours = choice(
    words.portal.theme,
    THEMES.map((each) => [each, words.portal.themes[each]]),
    theme(),
    (value) => paint(/** @type {import("./theme.js").Theme} */ (value)),
  );
  const out = portal.who && make("button", { type: "button", class: "quiet", onclick: () => portal.askForKey(false) }, words.portal.signOut);
  return make("div", { class: "choices" }, language, colours, out);
}

/**
 * @param {string} label
 * @param {[string, string][]} options
 * @param {string} now
 * @param {(value: string) => void} taken
 */
function choice(label, options, now, taken) {
  const select = make("select", { "aria-label": label, onchange: () => taken(select.value) });
  for (const [value, text] of options) select.append(make("option", { value, selected: value === now }, text));
  return select;
}
