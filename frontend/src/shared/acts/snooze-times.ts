import { addDays, addHours, addMinutes, isSunday, nextMonday, set } from "date-fns";

const CHOICES = ["hour", "tomorrow", "monday", "reply"] as const;
export type SnoozeChoice = (typeof CHOICES)[number];

/** What is offered now: on a Sunday, Monday is tomorrow. */
export function snoozeChoices(now: Date): SnoozeChoice[] {
  return CHOICES.filter((choice) => choice !== "monday" || !isSunday(now));
}

/** The server wakes a snoozed conversation when the customer writes, so "reply" only needs an end. */
const REPLY_DAYS = 30;
const morning = (day: Date) => set(day, { hours: 8, minutes: 0, seconds: 0, milliseconds: 0 });

/** When a conversation returns that is snoozed now, in the time zone of the browser. */
export function snoozeUntil(choice: SnoozeChoice, now: Date): Date {
  switch (choice) {
    case "hour":
      return addHours(now, 1);
    case "tomorrow":
      return morning(addDays(now, 1));
    case "monday":
      return morning(nextMonday(now));
    case "reply":
      return addDays(now, REPLY_DAYS);
  }
}

/** For an input of type `datetime-local`: the next full quarter of an hour from an hour on. */
export function suggestedTime(now: Date): Date {
  const later = addHours(now, 1);
  return set(addMinutes(later, (15 - (later.getMinutes() % 15)) % 15), {
    seconds: 0,
    milliseconds: 0,
  });
}
