// @ts-check
/** Pictures of numbers, drawn by element; who does not see them reads the same figures beside them. */

const NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} given
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function draw(tag, given, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(given)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * A picture that is as wide as its place, whatever its numbers are.
 * @param {number} width
 * @param {number} height
 * @param {string} name
 * @param {...Node} children
 */
export const picture = (width, height, name, ...children) =>
  draw("svg", { class: name, viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" }, ...children);
