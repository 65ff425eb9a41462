import { api } from "@/shared/api/client";

/** Downloads all contacts as a CSV file. */
export async function exportContacts(): Promise<void> {
  const { data } = await api.GET("/contacts/export", { parseAs: "blob" });
  const url = URL.createObjectURL(data as Blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = `contatos-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  // The browser has taken the file once the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
