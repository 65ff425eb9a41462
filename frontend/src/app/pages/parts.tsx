import { lazyPart } from "@/shared/parts/load-part";

// The pages load the features that they join when they need them.

/** `messageId` is the message to show first. */
export const ThreadPane = lazyPart(() =>
  import("@/features/thread").then((feature) => ({ default: feature.ThreadPane })),
);

export const History = lazyPart(() =>
  import("@/features/history").then((feature) => ({ default: feature.HistorySlider })),
);

export const Composer = lazyPart(() =>
  import("@/features/composer").then((feature) => ({ default: feature.Composer })),
);

export const SidePanel = lazyPart(() =>
  import("./side-panel").then((module) => ({ default: module.SidePanel })),
);

export const Board = lazyPart(() =>
  import("@/features/board").then((feature) => ({ default: feature.Board })),
);

/** `contactId` is the contact that is open beside the list. */
export const Contacts = lazyPart(() =>
  import("./contacts").then((module) => ({ default: module.Contacts })),
);

export const MessageSearch = lazyPart(() =>
  import("@/features/search").then((feature) => ({ default: feature.MessageSearch })),
);
