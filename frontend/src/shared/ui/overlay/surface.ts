/** Class names that all layers above the page share. */
export const surface = "z-50 rounded-control bg-overlay text-text shadow-overlay outline-none";

export const menuItem =
  "relative flex min-h-8 cursor-default select-none items-center gap-2 rounded-control px-2 py-1 text-list outline-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover data-[danger=true]:text-danger [&_svg]:size-4 [&_svg]:shrink-0";

export const menuLabel = "px-2 pt-2 pb-1 font-medium text-meta text-text-3";

/** Fades in for 120 ms; reduced motion sets it to zero in tokens.css. */
export const fadeIn = "animate-appear";
