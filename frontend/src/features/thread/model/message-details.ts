/** Reads the free-form `details` of a message. They come from outside: every field may be absent. */
type Details = Record<string, unknown>;

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

function finite(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export interface Place {
  name: string;
  address: string;
  isLive: boolean;
  /** A map in a new tab; null without usable coordinates. */
  href: string | null;
}

export function readLocation(details: Details): Place {
  const latitude = finite(details.latitude);
  const longitude = finite(details.longitude);
  const known =
    latitude !== null &&
    longitude !== null &&
    Math.abs(latitude) <= 90 &&
    Math.abs(longitude) <= 180;
  return {
    name: text(details.name),
    address: text(details.address),
    isLive: details.live === true,
    href: known
      ? `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`
      : null,
  };
}

export interface ContactCard {
  name: string;
  phones: string[];
}

const MAX_CARDS = 20;

/** The telephones of a vCard's TEL lines, as written. */
function vcardPhones(vcard: string): string[] {
  const phones = [...vcard.matchAll(/^(?:item\d+\.)?TEL[^:\n]*:(.+)$/gim)].map((each) =>
    (each[1] ?? "").trim(),
  );
  return [...new Set(phones)].filter((each) => /^[+\d][\d\s().-]{5,24}$/.test(each));
}

function readCard(card: Details): ContactCard {
  return { name: text(card.name), phones: vcardPhones(text(card.vcard)) };
}

export function readCards(details: Details): ContactCard[] {
  const several = Array.isArray(details.contacts) ? details.contacts : [];
  const cards = several.filter(
    (each): each is Details => each !== null && typeof each === "object",
  );
  return (cards.length > 0 ? cards : [details]).slice(0, MAX_CARDS).map(readCard);
}

export function readOptions(details: Details): string[] {
  const options = Array.isArray(details.options) ? details.options : [];
  return options.filter((each): each is string => typeof each === "string").slice(0, 50);
}

/** Emoji → how many sides gave it. `reactions` holds one emoji or null for each side. */
export function countReactions(reactions: Record<string, unknown>): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of Object.values(reactions)) {
    const emoji = text(value);
    if (emoji) counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  }
  return [...counts];
}

interface WithFile {
  details: Details;
  file: object | null;
}

function fileField(message: WithFile, name: string): unknown {
  return (message.file as Record<string, unknown> | null)?.[name] ?? message.details[name];
}

/** Seconds of a recording, if known before it is loaded. */
export function readDuration(message: WithFile): number | null {
  return finite(fileField(message, "duration_s")) ?? finite(message.details.seconds);
}

/** Loudness between 0 and 1 over the time of a recording, if the server computed it. */
export function readPeaks(message: WithFile): number[] | null {
  const waveform = fileField(message, "waveform");
  if (!Array.isArray(waveform) || waveform.length === 0) return null;
  const numbers = waveform.filter((each): each is number => finite(each) !== null);
  const loudest = Math.max(1, ...numbers);
  return numbers.map((each) => Math.max(0, each / loudest));
}

/** The turn of the assistant that wrote a message. */
export function readTurnId(details: Details): string | null {
  return text(details.turn) || text(details.turn_id) || null;
}
