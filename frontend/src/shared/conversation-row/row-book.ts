import { useEffect } from "react";
import { type Conversation, useConversation } from "@/shared/live";

/** The rows that the list has drawn or that are chosen, for acts with several of them. */
export type RowBook = Map<string, Conversation>;

export function useRecordedRow(book: RowBook, row: Conversation | undefined): void {
  useEffect(() => {
    if (row) book.set(row.id, row);
  }, [book, row]);
}

interface RecordedRowProps {
  book: RowBook;
  id: string;
}

/** Keeps a chosen row in the book also while it is scrolled out of the list. */
export function RecordedRow({ book, id }: RecordedRowProps) {
  useRecordedRow(book, useConversation(id));
  return null;
}

export function rowsOf(book: RowBook, ids: Iterable<string>): Conversation[] {
  return [...ids].flatMap((id) => book.get(id) ?? []);
}
