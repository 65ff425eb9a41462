// Not the styles of menus: cmdk sets data-disabled="false", which those take for disabled.
export const barItem =
  "relative flex min-h-8 cursor-default select-none items-center gap-2 rounded-control px-2 py-1 text-list data-[selected=true]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0";
export const barGroup =
  "[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-meta [&_[cmdk-group-heading]]:text-text-3";
