// Which chunk a module goes to. Left alone, the bundler makes a chunk of each set of modules that the
// same pages share: more than a hundred small requests before the first rows of the inbox.

/** What the inbox loads beside the entry. */
export const INBOX = ["/src/app/shell/shell.tsx", "/src/app/pages/inbox-page.tsx"];

/** Chunks in the order in which a signed-in user needs them; a module goes to the first that needs it. */
const STAGES = [
  { name: "main", roots: ["/src/main.tsx"] },
  { name: "inbox", roots: INBOX },
  {
    name: "conversation",
    roots: [
      "/src/features/thread/index.ts",
      "/src/features/composer/index.ts",
      "/src/app/pages/side-panel.tsx",
      "/src/app/shell/extras.tsx",
      "/src/shared/ui/form/searched-options.tsx",
    ],
  },
];

// It only names the icons; which of them a page uses is not to be seen here.
const ICONS = /\/node_modules\/lucide-react\//;

/** Every module that the roots import statically. */
function collect(roots, context) {
  const found = new Set();
  const next = [...roots];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (found.has(id) || ICONS.test(id)) continue;
    found.add(id);
    next.push(...(context.getModuleInfo(id)?.importedIds ?? []));
  }
  return found;
}

/** For `output.codeSplitting.groups[].name`: a chunk per stage; other modules stay with their pages. */
export function groupModules(folder) {
  let stages;
  return (id, context) => {
    stages ??= STAGES.map(({ name, roots }) => ({
      name,
      modules: collect(
        roots.map((root) => `${folder}${root}`),
        context,
      ),
    }));
    return stages.find((stage) => stage.modules.has(id))?.name ?? null;
  };
}
