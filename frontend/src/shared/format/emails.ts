/** The addresses of a typed list, which are separated by spaces, commas or semicolons. */
export function splitEmails(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** Whether all addresses of a typed list look like such; the server checks them in full. */
export function areEmails(text: string): boolean {
  return splitEmails(text).every((each) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(each));
}
