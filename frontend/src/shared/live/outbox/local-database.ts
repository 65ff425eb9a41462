import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { PendingSend } from "../state/state";
import type { ComposerDraft } from "../types";

/** A send as it is kept: with its file, and whether the server has executed it. */
export interface StoredSend extends PendingSend {
  order: number;
  blob: File | null;
  asVoice: boolean;
  isDone: boolean;
}

interface LocalSchema extends DBSchema {
  sends: { key: string; value: StoredSend };
  drafts: { key: string; value: ComposerDraft };
}

export type LocalDatabase = IDBPDatabase<LocalSchema>;

/** One database for each user, so that nobody finds the words of another. */
export function databaseName(tenantId: string, userId: string): string {
  return `niochat-desk-${tenantId}-${userId}`;
}

export function openLocalDatabase(name: string): Promise<LocalDatabase> {
  return openDB<LocalSchema>(name, 1, {
    upgrade(database) {
      database.createObjectStore("sends", { keyPath: "id" });
      database.createObjectStore("drafts");
    },
    blocking(_current, _blocked, event) {
      // Another page deletes or upgrades the database.
      (event.target as IDBDatabase | null)?.close();
    },
  });
}

export async function deleteLocalDatabase(name: string): Promise<void> {
  await deleteDB(name);
}
