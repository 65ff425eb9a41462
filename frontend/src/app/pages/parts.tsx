import { lazy } from "react";

// The pages load the features that they join when they need them.

/** `messageId` is the message to show first. */
export const ThreadPane = lazy(() =>
  import("@/features/thread").then((feature) => ({ default: feature.ThreadPane })),
);

export const History = lazy(() =>
  import("@/features/history").then((feature) => ({ default: feature.HistorySlider })),
);

export const Composer = lazy(() =>
  import("@/features/composer").then((feature) => ({ default: feature.Composer })),
);

export const SidePanel = lazy(() =>
  import("./side-panel").then((module) => ({ default: module.SidePanel })),
);

export const Board = lazy(() =>
  import("@/features/board").then((feature) => ({ default: feature.Board })),
);

/** `contactId` is the contact that is open beside the list. */
export const Contacts = lazy(() =>
  import("./contacts").then((module) => ({ default: module.Contacts })),
);

export const MessageSearch = lazy(() =>
  import("@/features/search").then((feature) => ({ default: feature.MessageSearch })),
);
