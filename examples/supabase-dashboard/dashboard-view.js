/** Writes what was read into the page. Texts of customers become text nodes, never markup. */

import { OPEN_STATUSES } from "./mirror-queries.js";
import { currentLanguage, formatMoment, formatNumber, texts } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);
const write = (id, text) => {
  byId(id).textContent = text;
};

/** Write all fixed words in the chosen language. */
export function writeWords() {
  const words = texts();
  document.documentElement.lang = currentLanguage();
  document.title = words.title;
  for (const each of document.querySelectorAll("[data-text]")) {
    each.textContent = words[each.dataset.text];
  }
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", words[each.dataset.label]);
  }
  for (const each of document.querySelectorAll("[data-language]")) {
    each.setAttribute("aria-pressed", String(each.dataset.language === currentLanguage()));
  }
}

/** Show the form, or the dashboard. */
export function showPage(name) {
  byId("welcome").hidden = name !== "welcome";
  byId("dashboard").hidden = name !== "dashboard";
}

/** Show how the connection is: `off`, `connecting`, `live` or `lost`. */
export function showConnection(state) {
  byId("connection").dataset.state = state;
  write("connection", texts().state[state]);
}

/** Show why there is no dashboard; null: nothing. */
export function showProblem(reason) {
  write("problem", reason === null ? "" : texts().problem[reason]);
}

/** What is shown of each answer of the mirror, by the name of its reader. */
export const SHOW = {
  conversationCounts({ begun, resolved, open }) {
    write("open-total", formatNumber(open.reduce((sum, each) => sum + each, 0)));
    write("conversations-today", formatNumber(begun));
    write("resolved-today", texts().resolvedToday(formatNumber(resolved)));
    const names = texts().status;
    byId("open-by-status").replaceChildren(
      ...OPEN_STATUSES.map((status, at) => {
        const item = element("li", "", `${names[status]}: ${formatNumber(open[at])}`);
        item.dataset.status = status;
        return item;
      }),
    );
  },
  lastConversations(rows) {
    fill("conversations", rows, (row) => [
      element("span", "text", row.contact_name || texts().unknownContact),
      time(row.updated_at),
      element(
        "span",
        "detail quiet",
        [texts().status[row.status] ?? row.status, row.additional_attributes?.protocol]
          .filter(Boolean)
          .join(" · "),
      ),
    ]);
  },
  messageCounts({ total, fromCustomers }) {
    write("messages-today", formatNumber(total));
    write("messages-from-customers", texts().fromCustomers(formatNumber(fromCustomers)));
  },
  lastMessages(rows) {
    fill("messages", rows, (row) => [
      element("span", "quiet", row.is_from_customer ? texts().customer : texts().company),
      time(row.created_at),
      element("span", "detail", row.content || texts().noText),
    ]);
  },
  ratings({ last, count, average }) {
    write("rating-average", average === null ? "–" : formatNumber(average, 1));
    write("rating-count", texts().ratingCount(count));
    fill("ratings", last, (row) => [
      element("span", "text", `${row.emoji_rating ?? ""} ${row.rating_value} / 5`.trim()),
      time(row.feedback_sent_at),
      ...(row.original_message ? [element("span", "detail quiet", row.original_message)] : []),
    ]);
  },
  events(rows) {
    fill("events", rows, (row) => [
      element("span", "text", texts().event[row.action] ?? row.action),
      time(row.created_at),
    ]);
  },
  hours(counts) {
    const highest = Math.max(...counts, 1);
    byId("hours").replaceChildren(
      ...counts.map((count, hour) => {
        const item = element("li", "", "");
        item.title = texts().messagesInHour(hour, formatNumber(count));
        item.append(bar(count / highest), element("span", "", String(hour)));
        item.setAttribute("aria-label", item.title);
        return item;
      }),
    );
  },
};

/** Show when something was read last. */
export function showUpdated() {
  const now = new Date().toLocaleTimeString(currentLanguage());
  write("updated", texts().updated(now));
}

/** Show whose rows these are. */
export const showProvider = (name) => write("provider", name);

function fill(id, rows, partsOf) {
  const items = rows.map((row) => {
    const item = element("li", "", "");
    item.dataset.id = row.id;
    item.append(...partsOf(row));
    return item;
  });
  byId(id).replaceChildren(...(items.length ? items : [element("li", "empty", texts().empty)]));
}

function element(tag, classes, text) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.textContent = text;
  return made;
}

function time(moment) {
  const made = element("time", "", formatMoment(moment));
  made.dateTime = moment;
  return made;
}

/** A bar as a picture, because a strict content security policy forbids styles in elements. */
function bar(part) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 10 100");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "rect");
  const height = part > 0 ? Math.max(part * 100, 2) : 0;
  for (const [name, value] of Object.entries({ width: 10, height, y: 100 - height })) {
    shape.setAttribute(name, String(value));
  }
  picture.append(shape);
  return picture;
}
