import "fake-indexeddb/auto";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";
import { loadLateTexts, startI18n } from "@/shared/i18n/i18n";

startI18n();
await loadLateTexts();
// jsdom has neither.
window.scrollTo = () => {};
window.matchMedia ??= (media) =>
  Object.assign(new EventTarget(), { matches: false, media }) as MediaQueryList;
afterEach(cleanup);
