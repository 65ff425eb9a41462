const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const two = (value: number) => String(value).padStart(2, "0");

/** A running clock of milliseconds: "0:05", "12:05", from an hour "1 h 20", from a day "2 d 3 h". */
export function formatClock(milliseconds: number): string {
  const time = Math.max(0, milliseconds);
  if (time >= DAY) {
    const hours = Math.floor((time % DAY) / HOUR);
    return hours ? `${Math.floor(time / DAY)} d ${hours} h` : `${Math.floor(time / DAY)} d`;
  }
  const minutes = Math.floor((time % HOUR) / MINUTE);
  if (time >= HOUR) return `${Math.floor(time / HOUR)} h ${two(minutes)}`;
  return `${minutes}:${two(Math.floor((time % MINUTE) / SECOND))}`;
}

/** The position in a recording, in seconds: "0:07", "1:02:03". */
export function formatPlayTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(Number.isFinite(seconds) ? seconds : 0));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const tail = `${hours ? two(minutes) : minutes}:${two(whole % 60)}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** A length of time in words, of milliseconds: "45 s", "5 min", "1 h 20 min", "3 d". */
export function formatDuration(milliseconds: number): string {
  const time = Math.max(0, milliseconds);
  if (time < SECOND) return `${Math.round(time)} ms`;
  if (time < MINUTE) return `${Math.round(time / SECOND)} s`;
  if (time < HOUR) return `${Math.round(time / MINUTE)} min`;
  if (time >= DAY) return `${Math.round(time / DAY)} d`;
  const minutes = Math.floor((time % HOUR) / MINUTE);
  return minutes ? `${Math.floor(time / HOUR)} h ${minutes} min` : `${Math.floor(time / HOUR)} h`;
}
