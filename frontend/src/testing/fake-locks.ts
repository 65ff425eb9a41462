/** The locks of a browser, for pages that a test plays in one process. */
export class FakeLocks {
  private readonly last = new Map<string, Promise<unknown>>();

  request = ((name: string, work: () => Promise<unknown>) => {
    const before = this.last.get(name) ?? Promise.resolve();
    const done = before.then(work, work);
    this.last.set(
      name,
      done.catch(() => undefined),
    );
    return done;
  }) as LockManager["request"];
}
