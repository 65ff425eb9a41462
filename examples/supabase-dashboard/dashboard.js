/**
 * A live dashboard of one provider, from its Supabase project.
 *
 * A changed row only says which figures to read again: figures are always those of the database,
 * whatever was missed, and a thousand changes cause a few requests.
 */

import { LiveChanges } from "./live-changes.js";
import * as queries from "./mirror-queries.js";
import { chooseLanguage } from "./texts.js";
import { TokenProblem, TokenSource } from "./token-source.js";
import * as view from "./dashboard-view.js";

const KEY = "supabase-dashboard-key";
const READ_EVERY_MS = 1_000; // at most, of the same figures
const READ_EVERYTHING_EVERY_MS = 60_000; // changes over the limit of a project are not told
const { tokenUrl, signIn } = document.documentElement.dataset;

const READERS = {
  conversationCounts: queries.readConversationCounts,
  lastConversations: queries.readLastConversations,
  messageCounts: queries.readMessageCounts,
  lastMessages: queries.readLastMessages,
  ratings: queries.readRatings,
  events: queries.readEvents,
  hours: queries.readHours,
};
const READERS_OF_TABLE = {
  conversations: ["conversationCounts", "lastConversations"],
  mensagens: ["messageCounts", "lastMessages"],
  csat_feedback: ["ratings"],
  auditoria: ["events"],
  rollups: ["hours"],
};

/** Everything that belongs to one signed-in session. */
class Dashboard {
  #source;
  #client;
  #changes;
  #answers = {};
  #due = new Set();
  #timer = null;
  #isReading = false;
  #readEverything = null;
  #state = "connecting";
  #closed = false;

  constructor(source) {
    this.#source = source;
    this.#client = window.supabase.createClient(source.grant.url, source.grant.publishable_key, {
      // For REST and for Realtime, which asks again with each heartbeat.
      accessToken: () => this.#token(),
    });
    this.#changes = new LiveChanges(
      this.#client,
      Object.keys(READERS_OF_TABLE),
      source.claims.app_metadata.tenant_id,
      {
        onReady: () => this.#readAll(),
        onChange: (table) => this.#read(READERS_OF_TABLE[table]),
        onState: (state) => {
          this.#state = state;
          view.showConnection(state);
        },
      },
    );
  }

  start() {
    this.#readAll();
    void this.#changes.start();
    this.#readEverything = setInterval(() => {
      if (!document.hidden) this.#readAll();
    }, READ_EVERYTHING_EVERY_MS);
  }

  /** The page is seen again, or the machine is online again: timers may have stood still. */
  wake() {
    this.#changes.wake();
    this.#readAll();
  }

  /** Write everything again, in another language. */
  rewrite() {
    view.showConnection(this.#state);
    for (const [name, answer] of Object.entries(this.#answers)) view.SHOW[name](answer);
  }

  async close() {
    this.#closed = true;
    clearInterval(this.#readEverything);
    clearTimeout(this.#timer);
    await this.#changes.close();
  }

  async #token() {
    try {
      return await this.#source.token();
    } catch (problem) {
      if (!(problem instanceof TokenProblem)) throw problem;
      if (!this.#closed) void leave(problem.reason);
      return this.#source.grant.token;
    }
  }

  #readAll() {
    this.#read(Object.keys(READERS));
  }

  /** Read these figures, at once if they were not read within the last second. */
  #read(names) {
    for (const name of names) this.#due.add(name);
    if (this.#timer === null && !this.#isReading) void this.#readDue();
  }

  async #readDue() {
    this.#timer = null;
    if (this.#closed) return;
    const names = [...this.#due];
    this.#due.clear();
    this.#isReading = true;
    const results = await Promise.allSettled(names.map((name) => READERS[name](this.#client)));
    this.#isReading = false;
    if (this.#closed) return;
    results.forEach((result, at) => {
      if (result.status === "fulfilled") {
        this.#answers[names[at]] = result.value;
        view.SHOW[names[at]](result.value);
        view.showUpdated();
      } else {
        this.#due.add(names[at]);
      }
    });
    const failed = results.some((result) => result.status === "rejected");
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        if (this.#due.size > 0) void this.#readDue();
      },
      failed ? 5 * READ_EVERY_MS : READ_EVERY_MS,
    );
  }
}

let dashboard = null;

async function enter(key) {
  if (window.supabase === undefined) {
    view.showProblem("library");
    return;
  }
  const source = new TokenSource(tokenUrl, key);
  try {
    await source.token();
  } catch (problem) {
    await leave(problem.reason ?? "unavailable");
    return;
  }
  if (key !== null) sessionStorage.setItem(KEY, key);
  view.showProblem(null);
  view.showProvider(source.claims.app_metadata.provider ?? "");
  view.showPage("dashboard");
  document.getElementById("sign-out").hidden = key === null;
  dashboard = new Dashboard(source);
  dashboard.start();
}

async function leave(reason) {
  const ended = dashboard;
  dashboard = null;
  if (reason !== "unavailable") sessionStorage.removeItem(KEY);
  view.showProvider("");
  view.showConnection("off");
  view.showProblem(reason);
  view.showPage("welcome");
  document.getElementById("sign-out").hidden = true;
  await ended?.close();
}

/** The key of a link `#key=…`, which is removed from the address and from the history. */
function takeKeyOfLink() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (key !== null) history.replaceState(null, "", location.pathname + location.search);
  return key;
}

function listen() {
  document.getElementById("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = document.getElementById("key");
    const key = field.value.trim();
    field.value = "";
    if (key) void enter(key);
  });
  document.getElementById("sign-out").addEventListener("click", () => void leave(null));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      chooseLanguage(button.dataset.language);
      view.writeWords();
      if (dashboard === null) view.showConnection("off");
      else dashboard.rewrite();
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) dashboard?.wake();
  });
  window.addEventListener("online", () => dashboard?.wake());
  window.addEventListener("hashchange", async () => {
    const key = takeKeyOfLink();
    if (key === null) return;
    await leave(null);
    await enter(key);
  });
}

view.writeWords();
view.showConnection("off");
listen();
const key = takeKeyOfLink() ?? sessionStorage.getItem(KEY);
if (key !== null || signIn === "none") {
  await enter(key);
} else {
  view.showPage("welcome");
}
