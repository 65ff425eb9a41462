/**
 * What the page reads of the mirror. Rows whose `deleted_at` is set are marks of deleted rows.
 * Every function takes the client of `supabase-js` and throws what the project answers as an error.
 */

const PAGE = 1000; // a project returns no more rows at once
const LAST = 10;
const RATING_DAYS = 30;
const MESSAGE_COUNTS = ["customer", "assistant", "agent", "phone"].map((who) => `messages_${who}`);
export const OPEN_STATUSES = ["pending", "waiting", "open", "snoozed"];
const EVENTS = ["resolved", "reopened", "assigned", "transferred", "handed_off"].map(
  (what) => `conversation_${what}`,
);

/** How many conversations have each status that is not final, and how many began and ended today. */
export async function readConversationCounts(client) {
  const today = startOfDay().toISOString();
  const counted = () =>
    client
      .from("conversations")
      .select("id", { count: "exact", head: true })
      .is("deleted_at", null);
  const [begun, resolved, ...open] = await Promise.all([
    countOf(counted().gte("created_at", today)),
    countOf(counted().gte("ended_at", today)),
    ...OPEN_STATUSES.map((status) => countOf(counted().eq("status", status))),
  ]);
  return { begun, resolved, open };
}

/** The conversations that changed last, with the names of their contacts. */
export async function readLastConversations(client) {
  const rows = await rowsOf(
    client
      .from("conversations")
      .select("id,contact_id,status,updated_at,additional_attributes")
      .is("deleted_at", null)
      .order("updated_at", { ascending: false })
      .limit(LAST),
  );
  const ids = [...new Set(rows.map((row) => row.contact_id).filter(Boolean))];
  const contacts = ids.length
    ? await rowsOf(client.from("contacts").select("id,name").is("deleted_at", null).in("id", ids))
    : [];
  const names = new Map(contacts.map((contact) => [contact.id, contact.name]));
  return rows.map((row) => ({ ...row, contact_name: names.get(row.contact_id) ?? null }));
}

/** How many messages there are today, and how many of them customers wrote. */
export async function readMessageCounts(client) {
  const counted = () =>
    client
      .from("mensagens")
      .select("id", { count: "exact", head: true })
      .is("deleted_at", null)
      .gte("created_at", startOfDay().toISOString());
  const [total, fromCustomers] = await Promise.all([
    countOf(counted()),
    countOf(counted().is("is_from_customer", true)),
  ]);
  return { total, fromCustomers };
}

/** The last messages. Their text is there only if the provider mirrors it (`full`). */
export const readLastMessages = (client) =>
  rowsOf(
    client
      .from("mensagens")
      .select("id,content,message_type,is_from_customer,created_at")
      .is("deleted_at", null)
      .order("created_at", { ascending: false })
      .limit(LAST),
  );

/** The last ratings, and the average and number of those of the last 30 days. */
export async function readRatings(client) {
  const since = new Date(Date.now() - RATING_DAYS * 86_400_000).toISOString();
  const [last, scores] = await Promise.all([
    rowsOf(
      client
        .from("csat_feedback")
        .select("id,emoji_rating,rating_value,original_message,feedback_sent_at")
        .is("deleted_at", null)
        .order("feedback_sent_at", { ascending: false })
        .limit(LAST),
    ),
    pagesOf((from) =>
      client
        .from("csat_feedback")
        .select("id,rating_value")
        .is("deleted_at", null)
        .gte("feedback_sent_at", since)
        .gt("id", from),
    ),
  ]);
  const sum = scores.reduce((total, row) => total + row.rating_value, 0);
  return { last, count: scores.length, average: scores.length ? sum / scores.length : null };
}

/**
 * The last events of conversations; none without `audit:read`. The table has the entries of the
 * audit log, too, which are about settings and users.
 */
export const readEvents = (client) =>
  rowsOf(
    client
      .from("auditoria")
      .select("id,action,created_at")
      .is("deleted_at", null)
      .in("action", EVENTS)
      .order("created_at", { ascending: false })
      .limit(LAST),
  );

/** Messages of each hour of today so far, from the roll-ups: 24 numbers. */
export async function readHours(client) {
  const rows = await rowsOf(
    client
      .from("rollups")
      .select(["bucket", ...MESSAGE_COUNTS].join(","))
      .is("deleted_at", null)
      .eq("grain", "hour")
      .eq("dimension", "none")
      .gte("bucket", startOfDay().toISOString())
      .order("bucket"),
  );
  const hours = new Array(24).fill(0);
  for (const row of rows) {
    const total = MESSAGE_COUNTS.reduce((sum, name) => sum + row[name], 0);
    hours[new Date(row.bucket).getHours()] += total;
  }
  return hours;
}

function startOfDay() {
  const day = new Date();
  day.setHours(0, 0, 0, 0);
  return day;
}

async function countOf(query) {
  const { count, error, status } = await query;
  if (error) throw Object.assign(new Error(error.message), { status });
  return count ?? 0;
}

async function rowsOf(query) {
  const { data, error, status } = await query;
  if (error) throw Object.assign(new Error(error.message), { status });
  return data;
}

/** All rows, in pages after the last id. */
async function pagesOf(query) {
  const rows = [];
  let page;
  let after = "00000000-0000-0000-0000-000000000000";
  do {
    page = await rowsOf(query(after).order("id").limit(PAGE));
    rows.push(...page);
    after = page.at(-1)?.id;
  } while (page.length === PAGE);
  return rows;
}
