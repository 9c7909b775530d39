// Cloudflare's D1 REST API in front of SQLite Durable Objects, one a database: what D1 itself is made of.
// Only the addresses, the envelope and the documented limits are ours; the SQL runs in Cloudflare's own engine.
import { DurableObject } from "cloudflare:workers";

const MAX_STATEMENT_BYTES = 100_000;
const MAX_PARAMS = 100;
const MAX_VALUE_BYTES = 2_000_000;

const bytes = (text) => new TextEncoder().encode(text).length;
const envelope = (status, fields) =>
  Response.json({ result: null, success: status === 200, errors: [], messages: [], ...fields }, { status });
const refuse = (status, code, message) => envelope(status, { errors: [{ code, message }] });

class Refusal extends Error {}

/** The databases of one account, by name. */
export class Account extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS databases (uuid TEXT PRIMARY KEY, name TEXT UNIQUE, created_at TEXT)");
  }

  make(name) {
    const uuid = crypto.randomUUID();
    const made = this.sql.exec(
      "INSERT INTO databases VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING *", uuid, name, new Date().toISOString());
    return made.toArray()[0] ?? null;
  }

  list(name, page, size) {
    const like = name === null ? "%" : `%${name}%`;
    return this.sql.exec(
      "SELECT * FROM databases WHERE name LIKE ? ORDER BY created_at DESC, uuid LIMIT ? OFFSET ?",
      like, size, (page - 1) * size).toArray();
  }

  find(uuid) {
    return this.sql.exec("SELECT * FROM databases WHERE uuid = ?", uuid).toArray()[0] ?? null;
  }
}

/** One database. */
export class Database extends DurableObject {
  apply(statements, raw) {
    try {
      return { result: this.ctx.storage.transactionSync(() => statements.map((one) => this.execute(one, raw))) };
    } catch (error) {
      return { refused: String(error?.message ?? error) };
    }
  }

  execute({ sql, params = [] }, raw) {
    const started = performance.now();
    const cursor = this.ctx.storage.sql.exec(sql, ...params);
    const columns = cursor.columnNames;
    const rows = Array.from(cursor.raw(), (row) =>
      row.map((value) => (value instanceof ArrayBuffer ? Array.from(new Uint8Array(value)) : value)));
    const results = raw
      ? { columns, rows }
      : rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
    const meta = {
      served_by: "workerd", duration: performance.now() - started, rows_read: cursor.rowsRead,
      rows_written: cursor.rowsWritten, size_after: this.ctx.storage.sql.databaseSize,
    };
    return { results, success: true, meta };
  }
}

function checked(body) {
  const statements = body?.batch ?? [body];
  if (!Array.isArray(statements) || statements.length === 0) throw new Refusal("the batch is empty");
  for (const { sql, params = [] } of statements) {
    if (typeof sql !== "string") throw new Refusal("sql is missing");
    if (bytes(sql) > MAX_STATEMENT_BYTES) throw new Refusal("statement too long: SQLITE_TOOBIG");
    if (params.length > MAX_PARAMS) throw new Refusal("too many SQL variables: SQLITE_ERROR");
    for (const value of params) {
      if (value !== null && !["string", "number"].includes(typeof value)) throw new Refusal("a parameter is no scalar");
      if (typeof value === "string" && bytes(value) > MAX_VALUE_BYTES) {
        throw new Refusal("string or blob too big: SQLITE_TOOBIG");
      }
    }
  }
  return statements;
}

async function databases(request, account, url) {
  if (request.method === "POST") {
    const { name } = await request.json();
    const made = await account.make(name);
    return made ? envelope(200, { result: made }) : refuse(400, 7502, `Database with name '${name}' already exists`);
  }
  const page = Number(url.searchParams.get("page") ?? 1);
  const size = Number(url.searchParams.get("per_page") ?? 20);
  return envelope(200, { result: await account.list(url.searchParams.get("name"), page, size) });
}

async function statements(request, database, raw) {
  let wanted;
  try {
    wanted = checked(await request.json());
  } catch (error) {
    return error instanceof Refusal ? refuse(400, 7500, error.message) : refuse(400, 7400, "The request is malformed");
  }
  const { result, refused } = await database.apply(wanted, raw);
  return refused === undefined ? envelope(200, { result }) : refuse(400, 7500, refused);
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const [, accountId, uuid, action] =
      /^\/client\/v4\/accounts\/([^/]+)\/d1\/database(?:\/([^/]+)(?:\/(query|raw))?)?$/.exec(url.pathname) ?? [];
    if (accountId === undefined) return refuse(404, 7003, `Could not route to ${url.pathname}`);
    if (request.headers.get("authorization") !== `Bearer ${env.token}`) return refuse(401, 10000, "Authentication error");
    const account = env.accounts.get(env.accounts.idFromName(accountId));
    if (uuid === undefined) return databases(request, account, url);
    const found = await account.find(uuid);
    if (found === null) return refuse(404, 7404, `The database ${uuid} could not be found`);
    if (action === undefined) return envelope(200, { result: found });
    return statements(request, env.databases.get(env.databases.idFromName(uuid)), action === "raw");
  },
};
