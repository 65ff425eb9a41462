import { act } from "@testing-library/react";
import type { ReactNode } from "react";
import { vi } from "vitest";
import type { CurrentUser } from "@/shared/api/session";
import { LiveProvider } from "@/shared/live";
import type { ServerFrame } from "@/shared/live/frames.gen";
import type { StoredSend } from "@/shared/live/outbox/local-database";
import type { SendApi } from "@/shared/live/outbox/send-api";
import type { Conversation, Message } from "@/shared/live/types";
import { FakeLiveApi } from "./fake-live-api";
import { FakeSocket } from "./fake-socket";
import { buildEvent, buildMessage, buildWelcome, serverTime } from "./live-builders";
import { completeBrowser, renderRouted } from "./routed";
import { ANA } from "./signed-in";

/** The server of one conversation: its rows, its events, and what it was sent. */
export class DeskServer {
  /** Another one in each test, because what acts expect of a conversation outlives a test. */
  readonly id = crypto.randomUUID();
  readonly api = new FakeLiveApi();
  readonly sent: StoredSend[] = [];
  readonly sendApi: SendApi = {
    submit: vi.fn(async (send) => {
      this.sent.push(send);
      return { isDone: true, messageId: null };
    }),
    upload: async () => "uploaded",
  };

  /** Puts the conversation there, with `messages` from the oldest on. */
  hold(conversation: Partial<Conversation>, messages: Partial<Message>[] = []): void {
    this.api.write(this.id, "", {
      contact: "Maria Souza",
      team: "support",
      ...conversation,
    });
    this.api.messages.set(
      this.id,
      messages.map((each, index) =>
        buildMessage(each.id ?? `m${index + 1}`, index + 1, {
          sent_at: serverTime(index * 1000),
          ...each,
        }),
      ),
    );
    const row = this.row();
    this.api.rows.set(this.id, { ...row, version: Math.max(1, messages.length) });
  }

  row(): Conversation {
    const row = this.api.rows.get(this.id);
    if (!row) throw new Error("the server holds no conversation");
    return row;
  }

  /** The conversation changes, or a message comes, for everybody who looks. */
  async happen(
    event: string,
    part: Partial<Conversation>,
    message: Partial<Message> | null = null,
  ) {
    const version = this.row().version + 1;
    const row = { ...this.row(), ...part, version };
    this.api.rows.set(this.id, row);
    const built = message && buildMessage(message.id ?? `m${version}`, version, message);
    if (built) {
      const known = this.api.messages.get(this.id) ?? [];
      this.api.messages.set(this.id, [...known, built]);
    }
    await this.tell(buildEvent(version, row, { event, message: built }));
  }

  async tell(...frames: ServerFrame[]): Promise<void> {
    await act(async () => FakeSocket.last.tell(...frames));
  }
}

/** Renders below a signed-in user, a router and the live state of `server`, and connects. */
export async function renderDesk(server: DeskServer, children: ReactNode, user: CurrentUser = ANA) {
  completeBrowser();
  FakeSocket.all = [];
  const tenantId = crypto.randomUUID();
  const rendered = await renderRouted(
    <LiveProvider
      userId={user.id}
      tenantId={tenantId}
      api={server.api}
      sendApi={server.sendApi}
      openSocket={FakeSocket.open}
    >
      {children}
    </LiveProvider>,
    user,
  );
  await act(async () => {
    FakeSocket.last.accept();
    FakeSocket.last.tell(buildWelcome("0.0.0", false));
  });
  return rendered;
}
