// @ts-check
/** Every setting: where it stands, how it is written, and between what it lies. The server says the same, and has the last word. */

/** @typedef {Api.Chosen} Chosen */
/** @typedef {string | number | boolean | null} Value */
/** @typedef {keyof Omit<Api.UpdateAgencySettingsInput, "version" | "features"> | Api.Feature} Name */

/**
 * `least` and `most` bound a number; `whole` numbers have no fraction, and what is `optional` may be left empty.
 * @typedef {object} Field
 * @property {Name} name
 * @property {"time" | "zone" | "number" | "switch" | "language" | "policy"} kind
 * @property {number} [least]
 * @property {number} [most]
 * @property {boolean} [whole]
 * @property {boolean} [optional]
 * @property {"minutes" | "seconds" | "messages" | "tries" | "times" | "dollars"} [unit]
 */

/** @typedef {{ name: "night" | "what" | "limits" | "tries" | "flights", fields: Field[] }} Group */

/** @type {Group[]} */
export const GROUPS = [
  {
    name: "night",
    fields: [
      { name: "quietHoursStart", kind: "time" },
      { name: "quietHoursEnd", kind: "time" },
      { name: "timezoneOverride", kind: "zone", optional: true },
      { name: "language", kind: "language" },
    ],
  },
  {
    name: "what",
    fields: [
      { name: "boardingNotificationOffsetMinutes", kind: "number", least: 15, most: 360, whole: true, unit: "minutes" },
      { name: "delayThresholdMinutes", kind: "number", least: 5, most: 240, whole: true, unit: "minutes" },
      { name: "reminder24hEnabled", kind: "switch" },
      { name: "landingNotificationEnabled", kind: "switch" },
      { name: "GATE_MESSAGES", kind: "switch" },
      { name: "DIVERSION_MESSAGES", kind: "switch" },
      { name: "BAGGAGE_IN_WELCOME", kind: "switch" },
      { name: "SMS_FALLBACK", kind: "switch" },
    ],
  },
  {
    name: "limits",
    fields: [
      { name: "maxNotificationsPerHour", kind: "number", least: 1, most: 100_000, whole: true, unit: "messages" },
      { name: "maxNotificationsPerDay", kind: "number", least: 1, most: 1_000_000, whole: true, unit: "messages" },
    ],
  },
  {
    name: "tries",
    fields: [
      { name: "maxRetryAttempts", kind: "number", least: 1, most: 10, whole: true, unit: "tries" },
      { name: "retryInitialDelaySeconds", kind: "number", least: 1, most: 3600, whole: true, unit: "seconds" },
      { name: "retryBackoffFactor", kind: "number", least: 1, most: 10, unit: "times" },
      { name: "retryMaxDelaySeconds", kind: "number", least: 1, most: 86_400, whole: true, unit: "seconds" },
      { name: "onUnknownDelivery", kind: "policy" },
    ],
  },
  {
    name: "flights",
    fields: [{ name: "dailyAeroapiBudgetUsd", kind: "number", least: 0, most: 1_000_000, optional: true, unit: "dollars" }],
  },
];

export const FIELDS = GROUPS.flatMap((group) => group.fields);

/** @type {Api.Feature[]} */
const FEATURES = ["SMS_FALLBACK", "GATE_MESSAGES", "DIVERSION_MESSAGES", "BAGGAGE_IN_WELCOME"];

/** @type {Api.Language[]} */
export const LANGUAGES = ["ES", "EN", "PT"];

/** @type {Api.UnknownDeliveryPolicy[]} */
export const POLICIES = ["RESEND_AFTER_SETTLING", "HOLD_FOR_HUMAN"];

/**
 * @param {Chosen} settings
 * @param {Name} name
 * @returns {Value}
 */
export function valueOf(settings, name) {
  const feature = FEATURES.find((each) => each === name);
  if (feature) return settings.features.find((each) => each.name === feature)?.enabled ?? false;
  return settings[/** @type {Exclude<Name, Api.Feature>} */ (name)];
}

/**
 * A change as the API takes it: what is left out stays.
 * @param {number} version
 * @param {Map<Name, Value>} values
 * @returns {Api.UpdateAgencySettingsInput}
 */
export function inputOf(version, values) {
  const features = FEATURES.filter((name) => values.has(name)).map((name) => ({ name, enabled: values.get(name) === true }));
  const rest = [...values].filter(([name]) => !FEATURES.some((each) => each === name));
  return { version, ...Object.fromEntries(rest), ...(features.length ? { features } : {}) };
}

/**
 * What is wrong with a value before anybody is asked.
 *
 * | value                          | wrong     |
 * |--------------------------------|-----------|
 * | left empty, and it may be      | nothing   |
 * | left empty, or no number       | `missing` |
 * | a fraction where none can be   | `whole`   |
 * | below the least, over the most | `range`   |
 * @param {Field} field
 * @param {Value} value
 * @returns {"missing" | "whole" | "range" | null}
 */
export function wrong(field, value) {
  if (value === null || value === "") return field.optional ? null : "missing";
  if (field.kind !== "number") return null;
  if (typeof value !== "number" || !Number.isFinite(value)) return "missing";
  if (field.whole && !Number.isInteger(value)) return "whole";
  return value < (field.least ?? -Infinity) || value > (field.most ?? Infinity) ? "range" : null;
}
