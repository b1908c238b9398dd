// From a reply to what is seen. Texts of a reply are set as text, never as markup.

const WARNINGS = {
  unfamiliar: "Unlike the pictures that the model knows.", low_quality: "Low quality.",
  unknown_body_part: "Unknown body part.",
};

export const at = (id) => document.getElementById(id);
export const copy = (id) => at(id).content.firstElementChild.cloneNode(true);
export const count = (n, thing) => `${n} ${thing}${n === 1 ? "" : "s"}`;
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const last = (verdict) => Object.keys(verdict.probabilities).at(-1);
const reaches = (verdict) => verdict.probability >= verdict.threshold;
const percent = (share) => `${(100 * share).toFixed(0)}\u00a0%`;

/** Make an element with a text in it. */
export function element(kind, text, className = "") {
  return Object.assign(document.createElement(kind), { textContent: text, className });
}

/** Give two decimals, or as many as tell a probability from the threshold beside it and from a
 * certainty, which no model has. */
function shown(value, beside) {
  if (value < 0.001) return "<0.001";
  if (value > 0.999) return ">0.999";
  const enough = [2, 3].find((digits) => value.toFixed(digits) !== beside?.toFixed(digits)
    && Math.abs(value - 0.5) < 0.5 - 0.5 * 10 ** -digits);
  return value.toFixed(enough ?? 4);
}

/** Name a verdict's number: of pooled views nothing is calibrated. */
const number = (verdict) => verdict.views ? "Score" : "Probability";

/** Say the verdict and what it rests on. */
export function reason(verdict) {
  const { probability, threshold, label, probabilities } = verdict;
  if (threshold === null) {
    return `Of ${Object.keys(probabilities).length} labels, ${label} is the most probable, with `
      + `${shown(probability)}.`;
  }
  const what = number(verdict).toLowerCase();
  return `The model gives ${last(verdict)} a ${what} of ${shown(probability, threshold)}. `
    + `That ${reaches(verdict) ? "reaches" : "stays below"} the threshold of `
    + `${shown(threshold, probability)}, so its verdict is ${label}.`;
}

/** Say how often the model was right on its test part, which a verdict alone does not tell. */
export function record(verdict, card) {
  const { sensitivity, specificity } =
    card?.test?.winner?.[verdict.views ? "study" : "image"] ?? {};
  if (verdict.threshold === null || !sensitivity || !specificity) return "";
  const [negative, positive] = Object.keys(verdict.probabilities);
  const share = ({ value, low, high }) => `${percent(value)} (${percent(low)} to ${percent(high)})`;
  return `On its test part this model recognised ${share(sensitivity)} of what was ${positive} and `
    + `${share(specificity)} of what was ${negative}; in brackets, 95\u00a0% intervals.`;
}

/** Draw probabilities: of two labels one bar with its threshold, of more a row for each. */
export function bars(verdict) {
  const { probability, threshold, probabilities, label } = verdict;
  if (threshold === null) {
    return table(`${number(verdict)} of each label`, ["Label", number(verdict)],
      Object.entries(probabilities).map(([name, value]) => [name, [value]]), label);
  }
  const scale = copy("a-scale");
  const [value, , mark, ends] = scale.children;
  value.textContent = shown(probability, threshold);
  mark.textContent = `threshold ${shown(threshold, probability)}`;
  Object.keys(probabilities).forEach((name, i) => { ends.children[i].textContent = name; });
  scale.classList.toggle("high", reaches(verdict));
  scale.style.setProperty("--p", probability);
  scale.style.setProperty("--t", threshold);
  scale.setAttribute("aria-label",
    `${number(verdict)} of ${last(verdict)} ${value.textContent}, ${mark.textContent}`);
  return scale;
}

/** Set each network's own probabilities side by side; of two labels, the last one's. */
export function members(verdict) {
  const labels = Object.keys(verdict.probabilities);
  const told = labels.length === 2 ? labels.slice(1) : labels;
  const head = labels.length === 2 ? [`${number(verdict)} of ${told[0]}`] : labels;
  return table("Each network by itself", ["Network", ...head],
    Object.entries(verdict.members).map(([name, own]) => [name, told.map((label) => own[label])]));
}

function table(title, head, rows, strong) {
  const box = element("div", "", "scroll");
  const made = box.appendChild(document.createElement("table"));
  made.append(element("caption", title));
  const top = made.createTHead().insertRow();
  for (const name of head) top.appendChild(element("th", name)).scope = "col";
  const body = made.createTBody();
  for (const [name, values] of rows) {
    const row = body.insertRow();
    row.classList.toggle("strong", name === strong);
    row.appendChild(element("th", name)).scope = "row";
    for (const value of values) {
      row.appendChild(element("td", shown(value))).style.setProperty("--p", value);
    }
  }
  if (head.length > 3) Object.assign(box, { tabIndex: 0, role: "region", ariaLabel: title });
  return box;
}

/** Make a list item of each kind of warning, with its details unless they are told elsewhere. */
export function warnings(verdict, { detailed }) {
  return [...new Set(verdict.warnings.map(({ kind }) => kind))].map((kind) => {
    const details = verdict.warnings.filter((one) => one.kind === kind).map((one) => one.detail);
    const item = document.createElement("li");
    item.append(element("b", WARNINGS[kind] ?? `${capital(kind)}.`));
    if (detailed) item.append(` ${capital(details.join("; "))}.`);
    return item;
  });
}

/** Frame a picture; of a study, with the verdict on this view, whose warnings the study details. */
export function film(view, { file }, ofStudy) {
  const figure = copy("a-view");
  const picture = figure.querySelector(".picture");
  picture.alt = `Radiograph ${file.name}`;
  picture.addEventListener("load", () => figure.style.setProperty(
    "--ratio", picture.naturalWidth / picture.naturalHeight));
  figure.querySelector(".name").textContent = file.name;
  if (ofStudy) {
    figure.querySelector(".name").prepend(element("b", capital(view.label)), " · ");
    const list = element("ul", "", "warnings");
    list.append(...warnings(view, { detailed: false }));
    figure.querySelector("figcaption").append(bars(view), list);
  }
  return figure;
}

/** Say something below a picture, or nothing. */
export function note(figure, text) {
  const place = figure.querySelector(".note");
  place.textContent = text;
  place.hidden = !text;
}
