const SHARDS = 256;

function shardOf(id: string): number {
  const end = id.length;
  return (
    ((id.charCodeAt(end - 1) * 31 + id.charCodeAt(end - 2)) * 31 + id.charCodeAt(end - 3)) & 255
  );
}

/**
 * An immutable map by id. It is kept in shards, so that a change copies one of them and not tens of
 * thousands of entries.
 */
export class IdMap<Value> {
  static empty<Value>(): IdMap<Value> {
    return new IdMap<Value>(new Array(SHARDS).fill(undefined), 0);
  }

  constructor(
    readonly shards: readonly (ReadonlyMap<string, Value> | undefined)[],
    readonly size: number,
  ) {}

  get(id: string): Value | undefined {
    return this.shards[shardOf(id)]?.get(id);
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  *values(): Generator<Value> {
    for (const shard of this.shards) if (shard) yield* shard.values();
  }

  *entries(): Generator<[string, Value]> {
    for (const shard of this.shards) if (shard) yield* shard.entries();
  }
}

/** Collects the changes of one step; `finish` returns the same map if there were none. */
export class IdMapEditor<Value> {
  private readonly copies = new Map<number, Map<string, Value>>();
  private size: number;

  constructor(private readonly base: IdMap<Value>) {
    this.size = base.size;
  }

  get(id: string): Value | undefined {
    const shard = shardOf(id);
    return (this.copies.get(shard) ?? this.base.shards[shard])?.get(id);
  }

  set(id: string, value: Value): void {
    const copy = this.copy(id);
    if (!copy.has(id)) this.size += 1;
    copy.set(id, value);
  }

  delete(id: string): void {
    if (this.get(id) === undefined) return;
    this.copy(id).delete(id);
    this.size -= 1;
  }

  *values(): Generator<Value> {
    for (let shard = 0; shard < SHARDS; shard++) {
      const entries = this.copies.get(shard) ?? this.base.shards[shard];
      if (entries) yield* entries.values();
    }
  }

  finish(): IdMap<Value> {
    if (this.copies.size === 0) return this.base;
    const shards = this.base.shards.slice();
    for (const [shard, copy] of this.copies) shards[shard] = copy;
    return new IdMap(shards, this.size);
  }

  private copy(id: string): Map<string, Value> {
    const shard = shardOf(id);
    let copy = this.copies.get(shard);
    if (!copy) {
      copy = new Map(this.base.shards[shard]);
      this.copies.set(shard, copy);
    }
    return copy;
  }
}
