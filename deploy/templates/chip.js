"use strict";
// The picture of the chip: colours by the picked figure, layers by name, and what a core or a link says of itself.
(() => {
  const data = JSON.parse(document.getElementById("chip-data").textContent);
  const picture = document.getElementById("chip-picture");
  const cores = Array.from(picture.querySelectorAll("[data-core]"));
  const picker = document.getElementById("chip-quantity");
  const least = document.getElementById("chip-least");
  const most = document.getElementById("chip-most");
  const told = document.getElementById("chip-told");
  const buttons = Array.from(document.querySelectorAll("[data-layer]"));
  const bubble = document.getElementById("chip-bubble");
  const PREFIXES = { "-5": "f", "-4": "p", "-3": "n", "-2": "µ", "-1": "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T" };
  const NOTHING_PICKED = told.textContent;
  let shown = 0;
  let layer = null;
  let pinned = null;

  const count = (value) =>
    value.toLocaleString("en-US", { maximumFractionDigits: Number.isInteger(value) || value >= 100 ? 0 : 1 });

  const quantity = (value, unit) => {
    if (!unit) return count(value);
    if (!value) return `0 ${unit}`;
    const digits = Number(Math.abs(value).toExponential(2).split("e")[1]);
    const step = Math.min(Math.max(Math.floor(digits / 3), -5), 4);
    return `${Number((value / 10 ** (3 * step)).toPrecision(3))} ${PREFIXES[step]}${unit}`;
  };

  const limitOf = (figure, core) => (Array.isArray(figure.limits) ? figure.limits[core] : figure.limits);

  const figureOf = (figure, core) => {
    const limit = limitOf(figure, core);
    const value = figure.values[core];
    const share = limit ? ` of ${count(limit)} (${((100 * value) / limit).toFixed(1)} %)` : "";
    return `${quantity(value, figure.unit)}${share}`;
  };

  const placeOf = ([chip, column, row]) =>
    data.tile === "chip" ? `chip ${column}, ${row}` : `chip ${chip}, column ${column}, row ${row}`;

  const ofCore = (core) => {
    const held = data.neurons[core].map(([index, neurons]) => `${data.layers[index]}: ${count(neurons)} neurons`);
    return {
      title: `Core ${core}`,
      place: `${placeOf(data.places[core])}, core ${data.places[core][3]} of its ${data.tile}`,
      rows: held.concat(data.quantities.map((figure) => `${figure.name}: ${figureOf(figure, core)}`)),
    };
  };

  const ofLink = (index) => {
    const link = data.links[index];
    return {
      title: "Link",
      place: `from ${placeOf(link.slice(0, 3))} to ${placeOf(link.slice(3, 6))}`,
      rows: [`packets a sample: ${count(link[6])}`],
    };
  };

  const about = (element) => {
    if (!element || !element.dataset) return null;
    if (element.dataset.core !== undefined) return ofCore(Number(element.dataset.core));
    if (element.dataset.link !== undefined) return ofLink(Number(element.dataset.link));
    return null;
  };

  const paint = () => {
    const figure = data.quantities[shown];
    const held = layer === null ? null : (core) => data.neurons[core].some(([index]) => index === layer);
    cores.forEach((element) => {
      const core = Number(element.dataset.core);
      const limit = limitOf(figure, core);
      const over = limit && figure.values[core] > limit ? " over" : "";
      const aside = held && !held(core) ? " aside" : "";
      const chosen = pinned === element ? " pinned" : "";
      element.setAttribute("class", `core l${figure.levels[core]}${over}${aside}${chosen}`);
    });
    const ends = figure.scale === "limit" ? ["0 %", "100 % of the limit"] : ["0", `${quantity(Math.max(...figure.values), figure.unit)}, the most`];
    [least.textContent, most.textContent] = ends;
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(Number(button.dataset.layer) === layer)));
  };

  const list = (found) => {
    const heading = document.createElement("strong");
    heading.textContent = found.title;
    const place = document.createElement("span");
    place.textContent = ` ${found.place}`;
    const rows = document.createElement("ul");
    found.rows.forEach((row) => {
      const item = document.createElement("li");
      item.textContent = row;
      rows.append(item);
    });
    return [heading, place, rows];
  };

  const pin = (element) => {
    pinned = about(element) && element !== pinned ? element : null;
    if (pinned) told.replaceChildren(...list(about(pinned)));
    else told.textContent = NOTHING_PICKED;
    paint();
  };

  picker.addEventListener("change", () => {
    shown = picker.selectedIndex;
    paint();
  });
  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      const asked = Number(button.dataset.layer);
      layer = layer === asked ? null : asked;
      paint();
    }),
  );
  picture.addEventListener("click", (event) => pin(event.target));
  picture.addEventListener("pointermove", (event) => {
    const found = event.pointerType === "touch" ? null : about(event.target);
    bubble.hidden = !found;
    if (!found) return;
    const figure = data.quantities[shown];
    const core = event.target.dataset.core;
    const row = core === undefined ? found.rows[0] : `${figure.name}: ${figureOf(figure, Number(core))}`;
    bubble.textContent = `${found.title}, ${core === undefined ? found.place : placeOf(data.places[core])}\n${row}`;
    const room = document.documentElement.clientWidth - bubble.offsetWidth - 8;
    bubble.style.left = `${Math.max(8, Math.min(event.clientX + 14, room))}px`;
    bubble.style.top = `${event.clientY + 18}px`;
  });
  picture.addEventListener("pointerleave", () => {
    bubble.hidden = true;
  });
  // What is folded is printed, too.
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((part) => (part.open = true)));
  document.getElementById("chip-controls").hidden = false;
  paint();
})();
