// @ts-check
/** All settings as one form: what is typed outlives events from elsewhere, another view and another language. */

import { add, make, say } from "../dom.js";
import { failed, loading, said } from "../notice.js";
import { hold } from "../unsaved.js";
import { Setting, told } from "./control.js";
import { Draft } from "./draft.js";
import { FIELDS, GROUPS, valueOf } from "./fields.js";
import { inWords } from "./refusals.js";

/** @typedef {import("../portal.js").Portal} Portal */

/** What is typed, by the agency it is for. @type {Map<string, Draft>} */
const drafts = new Map();

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @returns {import("../router.js").Leave}
 */
export function rules(place, portal) {
  let left = false;
  /** @type {((settings: Api.Chosen) => void)} */
  let hear = () => {};
  const read = async () => {
    const { data, fault } = await portal.ask("Settings", {});
    if (left) return;
    if (data) return hear(data.agency.settings);
    if (!drawn) place.replaceChildren(failed(portal, fault, () => void read()));
  };
  let drawn = false;
  hear = (settings) => {
    drawn = true;
    hear = portal.who?.viewer.role === "ADMIN" ? form(place, portal, settings, read) : shown(place, portal, settings);
  };
  place.replaceChildren(loading(portal));
  void read();
  const unheard = portal.live.on((event) => {
    if (event.__typename === "SettingsUpdated" || event.__typename === "Resync") void read();
  });
  return () => {
    left = true;
    unheard();
  };
}

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @param {Api.Chosen} settings
 */
function shown(place, portal, settings) {
  const { words } = portal;
  const draw = (/** @type {Api.Chosen} */ now) => {
    const groups = GROUPS.map(({ name, fields }) => {
      const lines = fields.flatMap((field) => [make("dt", null, words.settings.fields[field.name]), make("dd", { "data-setting": field.name }, told(portal, field, valueOf(now, field.name)))]);
      return make("section", { class: "group" }, make("h2", null, words.settings.groups[name]), make("dl", null, ...lines));
    });
    place.replaceChildren(make("p", { class: "needs" }, words.settings.needsAdmin), make("div", { class: "groups" }, ...groups));
  };
  draw(settings);
  return draw;
}

/**
 * @param {HTMLElement} place
 * @param {Portal} portal
 * @param {Api.Chosen} settings
 * @param {() => Promise<void>} read  the settings as they are now
 * @returns {(theirs: Api.Chosen) => void}  hears of a change from elsewhere
 */
function form(place, portal, settings, read) {
  const words = portal.words.settings;
  const agency = portal.who?.agency.id ?? "";
  const kept = drafts.get(agency);
  const draft = kept?.count ? kept : new Draft(settings);
  drafts.set(agency, draft);
  const news = make("div", { class: "news", role: "status", hidden: true });
  const problem = make("p", { class: "wrong-text", role: "alert" });
  const state = make("p", { class: "state", role: "status" });
  const save = make("button", { class: "main" }, words.save);
  const discard = make("button", { type: "button", onclick: () => (draft.clear(), drawAll(), say(state, "")) }, words.discard);
  const controls = FIELDS.map((field) => new Setting(portal, field, draft, () => (say(problem, ""), drawBar())));
  const node = make("form", { class: "settings", novalidate: true, "aria-label": portal.words.settings.title });
  const groups = GROUPS.map(({ name, fields }) => {
    const inside = controls.filter(({ field }) => fields.includes(field)).map((each) => each.node);
    return make("fieldset", { class: "group" }, make("legend", null, words.groups[name]), make("p", { class: "hint" }, words.groupHints[name]), make("div", { class: "group-fields" }, ...inside));
  });
  const zones = make("datalist", { id: "zones" }, ...Intl.supportedValuesOf("timeZone").map((value) => make("option", { value })));
  add(node, news, make("div", { class: "groups" }, ...groups), zones, make("div", { class: "save-bar" }, make("div", null, state, problem), discard, save));
  place.replaceChildren(node);

  let saving = false;
  /** @type {Api.Chosen | null} */
  let waiting = null;
  /** @param {string | undefined} name */
  const of = (name) => controls.find(({ field }) => field.name === name);

  function drawBar() {
    save.disabled = discard.disabled = draft.count === 0;
    node.toggleAttribute("data-typed", draft.count > 0);
    hold(agency, "settings", "rules", draft.count > 0);
    if (draft.count) say(state, draft.clashes.size ? words.clashes(draft.clashes.size) : words.unsaved(draft.count));
  }

  function drawAll() {
    for (const control of controls) control.draw();
    drawBar();
  }

  /** @param {Api.Chosen} theirs */
  function hear(theirs) {
    // The event of one's own change may overtake the answer to it.
    if (saving) return void (waiting = theirs);
    const changed = draft.rebase(theirs);
    if (!changed.length) return;
    const names = changed.map((name) => words.fields[name]).join(", ");
    news.hidden = false;
    say(news, words.changedElsewhere(names));
    drawAll();
    if (!draft.count) say(state, "");
  }

  /** @param {string} text */
  const complain = (text) => {
    say(problem, text);
    drawBar();
  };

  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!draft.count || saving) return;
    for (const { input } of controls) input.wrong("");
    say(problem, "");
    const faults = draft.faults();
    for (const { field, why } of faults) of(field.name)?.input.wrong(why === "range" ? words.range(portal.times.number(field.least ?? 0), portal.times.number(field.most ?? 0)) : words.wrong[why]);
    const first = [...draft.clashes.keys()][0] ?? faults[0]?.field.name;
    if (first) return of(first)?.focus();
    saving = true;
    say(state, words.saving);
    const { data, fault } = await portal.ask("ChangeSettings", { input: draft.input() });
    saving = false;
    if (data?.updateAgencySettings.settings) draft.saved(data.updateAgencySettings.settings);
    if (waiting) hear(waiting);
    waiting = null;
    if (fault) return complain(said(portal, fault));
    const { settings: saved, userErrors } = data.updateAgencySettings;
    if (saved) {
      news.hidden = draft.moved.size === 0;
      drawAll();
      return say(state, words.saved);
    }
    if (userErrors[0]?.code === "CONFLICT") {
      await read();
      complain(draft.clashes.size ? words.conflict : words.conflictElsewhere);
      const clash = [...draft.clashes.keys()][0];
      return clash ? of(clash)?.focus() : save.focus();
    }
    const [home, homeless] = [userErrors.filter((each) => of(each.path.at(-1))), userErrors.filter((each) => !of(each.path.at(-1)))];
    for (const each of home) of(each.path.at(-1))?.input.wrong(inWords(portal, each));
    complain(homeless.map((each) => inWords(portal, each)).join(" "));
    of(home[0]?.path.at(-1))?.focus();
  });

  hear(settings);
  drawAll();
  return hear;
}
