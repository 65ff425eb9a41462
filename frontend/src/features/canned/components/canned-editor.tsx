import { Suspense } from "react";
import { closeCannedEditor, useCannedEdit } from "@/shared/canned/editor-request";
import { lazyPart } from "@/shared/parts/load-part";

const CannedDialog = lazyPart(() => import("./canned-dialog"));

/** The editor, open when any feature asks for it. Mounted once, by the shell. */
export function CannedEditor() {
  const edit = useCannedEdit();
  if (!edit) return null;
  return (
    <Suspense>
      <CannedDialog edit={edit} onClose={closeCannedEditor} />
    </Suspense>
  );
}
