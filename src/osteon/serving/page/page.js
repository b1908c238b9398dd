// What the visitor does: choose pictures, ask for the verdict, look at it, say what is true.

import { at, bars, capital, copy, count, element, film, members, note, reason, record, warnings }
  from "./answer.js";
import { call, formOf, useKey } from "./service.js";

const chosen = [];    // {file, url, visible: whether this browser can show it}
let card = null;      // the model's
let asking = null;    // gives up the wait for a verdict
let drawing = null;   // gives up the wait for heatmaps
let answered = null;  // the last verdict: {verdict, pictures, part, layers}

async function choose(files) {
  for (const file of files) {
    const url = URL.createObjectURL(file);
    const trial = Object.assign(new Image(), { src: url });
    const visible = await trial.decode().then(() => true, () => false);
    chosen.push({ file, url, visible });
  }
  if (files.length) list();
}

function list() {
  forget();
  at("chosen").replaceChildren(...chosen.map(itemOf));
  at("chosen").hidden = !chosen.length;
  at("go").textContent = ["Judge", "Judge this radiograph"][chosen.length]
    ?? `Judge these ${chosen.length} views as one study`;
  say(chosen.length ? `${count(chosen.length, "picture")} chosen.` : "");
}

function itemOf({ file, url, visible }, i) {
  const item = copy("a-chosen");
  const [image, name, remove] = item.children;
  if (visible) image.src = url;
  else image.replaceWith(element("span", /\w{1,5}$/.exec(file.name)?.[0] ?? "file", "blind"));
  name.textContent = name.title = file.name;
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => {
    URL.revokeObjectURL(url);
    chosen.splice(i, 1);
    list();
    const next = at("chosen").children[Math.min(i, chosen.length - 1)]?.querySelector("button");
    (next ?? at("files")).focus();
  });
  return item;
}

/** Take down the last answer: it is not of what is chosen now. */
function forget() {
  asking?.abort();
  drawing?.abort();
  answered?.layers.forEach((layer) => URL.revokeObjectURL(layer));
  answered = null;
  at("answer").hidden = at("error").hidden = true;
}

async function judge() {
  useKey(at("api-key").value.trim());
  if (!card && !await meet()) return;
  if (!chosen.length) {
    say("Choose a radiograph first.");
    at("files").focus();
    return;
  }
  forget();
  const pictures = [...chosen], part = at("part").value, several = pictures.length > 1;
  asking = new AbortController();
  wait(`Judging ${count(pictures.length, "picture")} …`);
  try {
    const form = formOf(several ? "images" : "image", pictures, { body_part: part });
    const reply = await call(several ? "v1/study" : "v1/predict", { form, signal: asking.signal });
    answered = { verdict: await reply.json(), pictures, part, layers: [] };
    wait("");
    show();
  } catch (error) {
    wait("");
    if (error.name === "AbortError") say("Given up.");
    else refuse(error);
  }
}

function wait(text) {
  at("wait").hidden = at("cancel").hidden = !text;
  at("go").disabled = Boolean(text);
  at("ask").setAttribute("aria-busy", String(Boolean(text)));
  say(text);
}

function say(text) { at("state").textContent = text; }

function refuse({ title, message, field, status }) {
  at("error").replaceChildren(
    element("b", title ?? "The page failed"), element("p", capital(message)));
  if (field) at("error").append(element("p", `Field: ${field}`, "faint"));
  at("error").hidden = false;
  if (status === 401) at("key").hidden = false;
  at(status === 401 ? "api-key" : "go").focus();
  at("error").scrollIntoView({ block: "nearest" });  // on a phone it lies below what is seen
}

function show() {
  const { verdict, pictures } = answered, { views, label, probabilities } = verdict;
  at("answer").className = views ? "study" : "single";
  at("subject").textContent = views ? `Verdict on the study of ${count(views.length, "view")}`
    : "Verdict on this radiograph";
  at("verdict").textContent = capital(label);
  at("reason").textContent = reason(verdict);
  at("bars").replaceChildren(bars(verdict));
  at("warnings").replaceChildren(...warnings(verdict, { detailed: true }));
  at("record").textContent = record(verdict, card);
  at("members").replaceChildren(members(verdict));
  at("request").textContent = `Model ${verdict.model_version}, request ${verdict.request_id}`;
  at("films").replaceChildren(
    ...pictures.map((picture, i) => film(views?.[i] ?? verdict, picture, Boolean(views))));
  at("speaks").replaceChildren(
    ...Object.keys(probabilities).map((name) => new Option(name, name, false, name === label)));
  mark(verdict.mark);
  offer(verdict);
  at("answer").hidden = false;
  at("answer").scrollIntoView();
  at("verdict").focus({ preventScroll: true });
  draw();
}

function mark(text) {
  at("mark").textContent = text ?? "";
  at("mark").hidden = !text;
}

/** Fetch each picture as the service reads it, which may be of a kind that no browser shows, and
 * its heatmap; one after another, since a study must not crowd out others. */
async function draw() {
  drawing?.abort();
  drawing = new AbortController();
  const { signal } = drawing, { pictures, part, layers } = answered, label = at("speaks").value;
  for (const [i, figure] of [...at("films").children].entries()) {
    const [picture, heat] = figure.querySelectorAll("img");
    const fill = async (image, layer) => {
      const form = formOf("image", [pictures[i]], { label, layer, body_part: part });
      const reply = await call("v1/explain", { form, signal });
      layers.push(URL.createObjectURL(await reply.blob()));
      Object.assign(image, { src: layers.at(-1), hidden: false });
    };
    try {
      if (picture.hidden) await fill(picture, "picture");
      await fill(heat, "heat");
      heat.alt = `Heatmap of what speaks for ${label}`;
      note(figure, "");
    } catch (error) {
      if (error.name === "AbortError") return;
      note(figure, `Not drawn: ${error.message}`);
    }
  }
}

function fade() {
  at("opacity-value").textContent = `${at("opacity").value}\u00a0%`;
  at("films").style.setProperty("--opacity", at("opacity").value / 100);
}

/** Offer to say what is true, where the verdict has a number to say it of. */
function offer({ label, probabilities, request_id }) {
  const others = Object.keys(probabilities).filter((other) => other !== label);
  at("feedback").hidden = !request_id;
  at("thanks").textContent = "";
  at("truths").replaceChildren(
    truth("The verdict is right", label, request_id),
    ...others.map((other) => truth(`Wrong: it is ${other}`, other, request_id)));
}

function truth(text, label, request_id) {
  const button = Object.assign(element("button", text), { type: "button", ariaPressed: "false" });
  button.addEventListener("click", async () => {
    try {
      await call("v1/feedback", { json: { request_id, label } });
      for (const one of at("truths").children) one.ariaPressed = String(one === button);
      at("thanks").textContent = `Noted: ${label}. Thank you.`;
    } catch (error) {
      at("thanks").textContent = `Not noted: ${error.message}`;
    }
  });
  return button;
}

/** Say which model this is, and offer the body parts that it knows; say whether it let us. */
async function meet() {
  try {
    card = await (await call("v1/card")).json();
  } catch (error) {
    refuse(error);
    return false;
  }
  const { labels, body_parts: parts, members: networks, version } = card;
  at("version").textContent = ` · model ${version}`;
  at("about").textContent = `${count(Object.keys(networks).length, "network")} tell `
    + (labels.length === 2 ? labels.join(" from ") : `apart ${labels.join(", ")}`)
    + ". Give one radiograph, or several views of one study.";
  at("part").append(...parts.map((part) => new Option(part)));
  at("part-field").hidden = !parts.length;
  at("error").hidden = true;
  mark(card.mark);
  return true;
}

at("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  judge();
});
at("cancel").addEventListener("click", () => asking.abort());
at("part").addEventListener("change", forget);
at("speaks").addEventListener("change", draw);
at("opacity").addEventListener("input", fade);
for (const input of [at("files"), at("camera")]) {
  input.addEventListener("change", async () => {
    await choose([...input.files]);
    input.value = "";  // so that the same file can be chosen again
  });
}
document.addEventListener("paste", (event) => choose([...event.clipboardData.files]));
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") choose([...event.dataTransfer.files]);
  });
}
fade();
meet();
