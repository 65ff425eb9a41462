import { draggable } from "@atlaskit/pragmatic-drag-and-drop/adapter/element-adapter";
import { useEffect, useRef, useState } from "react";
import { ConversationRow, type Density } from "@/shared/conversation-row/conversation-row";
import type { RowBook } from "@/shared/conversation-row/row-book";
import { cn } from "@/shared/ui/class-names";

export interface BoardCardProps {
  id: string;
  density: Density;
  book: RowBook;
  /** Whether the user may move it anywhere. */
  canMove: (id: string) => boolean;
}

const nothing = () => {};

/** A row that can be dragged to another column. */
export function BoardCard({ id, density, book, canMove }: BoardCardProps) {
  const element = useRef<HTMLDivElement>(null);
  const [dragged, setDragged] = useState(false);
  const latest = useRef(canMove);
  latest.current = canMove;
  useEffect(() => {
    if (!element.current) return;
    return draggable({
      element: element.current,
      getInitialData: () => ({ conversationId: id }),
      canDrag: () => latest.current(id),
      onDragStart: () => setDragged(true),
      onDrop: () => setDragged(false),
    });
  }, [id]);
  return (
    <div ref={element} className={cn("h-full", dragged && "opacity-50")}>
      <ConversationRow
        id={id}
        density={density}
        isOpen={false}
        isChosen={false}
        choosable={false}
        choosing={false}
        onToggle={nothing}
        book={book}
      />
    </div>
  );
}
